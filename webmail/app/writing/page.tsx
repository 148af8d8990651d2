/** How somebody writes: their signatures, and how long they can take back what they have sent. */
import { accountsOf } from '@restante/core/access/permissions.ts'
import { chosenSignatures, ownSignatures } from '@restante/core/access/signatures.ts'
import { undoSendOf } from '@restante/core/directory/undo-send.ts'
import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { services } from '../../server/services.ts'
import { currentPerson } from '../../server/session.ts'
import styles from '../../telling/contact.module.css'
import { OwnPage } from '../../telling/own-page.tsx'
import { UndoSendForm } from '../../writing/forms.tsx'
import { SignatureChoices, Signatures } from '../../writing/signatures.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('writing')
  return { title: `${t('title')} · Restante` }
}

export default async function WritingPage() {
  const person = await currentPerson()
  if (!person) redirect('/sign-in?next=%2Fwriting')
  const t = await getTranslations('writing')
  const { db } = await services()
  const signatures = await ownSignatures(db, person.id)
  const chosen = await chosenSignatures(db, person.id)
  const accounts = await accountsOf(db, person)
  const addresses = [...new Set(accounts.flatMap(account => account.addresses))]
  return (
    <OwnPage back={t('back')} title={t('title')}>
      <section className={styles.part} aria-labelledby="signatures-title">
        <h2 id="signatures-title">{t('signaturesTitle')}</h2>
        <p className={styles.lead}>{t('signaturesLead')}</p>
        <Signatures signatures={signatures} />
        {signatures.length > 0 && addresses.length > 0 && (
          <SignatureChoices
            signatures={signatures}
            addresses={addresses.map(address => ({ address, signature: chosen.get(address) ?? null }))}
          />
        )}
      </section>
      <section className={styles.part} aria-labelledby="undo-title">
        <h2 id="undo-title">{t('undoTitle')}</h2>
        <p className={styles.lead}>{t('undoLead')}</p>
        <UndoSendForm value={await undoSendOf(db, person.id)} />
      </section>
    </OwnPage>
  )
}
