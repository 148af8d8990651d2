/** Where somebody lets Restante into their mailbox at their own server, to bring back what they did here. */
import { ownAccess } from '@restante/core/directory/imap-credentials.ts'
import { findMailbox } from '@restante/core/directory/mailboxes.ts'
import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { getFormatter, getTranslations } from 'next-intl/server'
import { AccessForm } from '../../own-server/access-form.tsx'
import { forgetAccess } from '../../own-server/actions.ts'
import { services } from '../../server/services.ts'
import { currentPerson } from '../../server/session.ts'
import styles from '../../telling/contact.module.css'
import { OwnPage } from '../../telling/own-page.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('ownServer')
  return { title: `${t('title')} · Restante` }
}

export default async function OwnServerPage() {
  const person = await currentPerson()
  if (!person) redirect('/sign-in?next=%2Fown-server')
  const [t, format] = [await getTranslations('ownServer'), await getFormatter()]
  const { db, sealKey } = await services()
  const access = await ownAccess(db, await findMailbox(db, person.address), sealKey)
  const { given, host } = access
  return (
    <OwnPage back={t('back')} title={t('title')} lead={t('lead')}>
      {host === null && <p>{t('none')}</p>}
      {access.master && <p>{t('master')}</p>}
      {given && (
        <section className={styles.part} aria-labelledby="given-title">
          <h2 id="given-title">{t('given')}</h2>
          <div className={styles.row}>
            <p>
              <b>{given.user}</b>
              <span>
                {given.checkedAt === null && t('untried')}
                {given.checkedAt !== null &&
                  given.problem === null &&
                  t('tried', {
                    when: format.dateTime(given.checkedAt, { dateStyle: 'long', timeStyle: 'short' }),
                  })}
                {given.problem !== null && t(`bad.${given.problem}`)}
              </span>
            </p>
            <form action={forgetAccess}>
              <button type="submit">{t('remove')}</button>
            </form>
          </div>
        </section>
      )}
      {host !== null && (
        <section className={styles.part} aria-labelledby="give-title">
          <h2 id="give-title">{t('giveTitle', { host })}</h2>
          <AccessForm user={given?.user ?? person.address} kinds={access.kinds} again={given !== null} />
        </section>
      )}
    </OwnPage>
  )
}
