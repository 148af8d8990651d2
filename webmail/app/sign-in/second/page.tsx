/** The second step: for whoever has shown the right password. Others are sent to the first. */
import { secondFactorOf } from '@restante/core/access/second-factor.ts'
import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { UsePasskey } from '../../../account/passkey.tsx'
import { giveUpSecond } from '../../../auth/second.ts'
import { readStep } from '../../../auth/step.ts'
import { services } from '../../../server/services.ts'
import { Frame } from '../frame.tsx'
import styles from '../sign-in.module.css'
import { SecondForm } from './form.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('signIn')
  return { title: t('pageTitle') }
}

export default async function SecondPage() {
  const step = await readStep()
  if (!step) redirect('/sign-in')
  const t = await getTranslations('signIn')
  const { db } = await services()
  const factor = await secondFactorOf(db, step.personId)
  return (
    <Frame title={t('secondTitle')} lead={t(factor.app ? 'secondLead' : 'secondPasskeyLead')}>
      {factor.passkeys > 0 && (
        <section className={styles.others} aria-label={t('passkey')}>
          <UsePasskey purpose="second" next={step.next} className={styles.other} />
        </section>
      )}
      <SecondForm />
      <form action={giveUpSecond} className={styles.hint}>
        <button type="submit" className={styles.other}>
          {t('otherPerson')}
        </button>
      </form>
    </Frame>
  )
}
