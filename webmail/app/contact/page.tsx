/** Where somebody is told when their own mailbox is just what is away. */
import { contactsOf } from '@restante/core/telling/contacts.ts'
import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { services } from '../../server/services.ts'
import { currentPerson } from '../../server/session.ts'
import { Browser } from '../../telling/browser.tsx'
import styles from '../../telling/contact.module.css'
import { AddressForm, CodeForm, RemoveForm } from '../../telling/contact-forms.tsx'
import { OwnPage } from '../../telling/own-page.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('contact')
  return { title: `${t('title')} · Restante` }
}

export default async function ContactPage({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  const code = String((await searchParams).code ?? '').slice(0, 20)
  const person = await currentPerson()
  if (!person) {
    const place = code ? `/contact?code=${encodeURIComponent(code)}` : '/contact'
    redirect(`/sign-in?next=${encodeURIComponent(place)}`)
  }
  const t = await getTranslations('contact')
  const { db } = await services()
  const contacts = await contactsOf(db, person.id)
  const mail = contacts.find(one => one.kind === 'mail')
  const browsers = contacts.filter(one => one.kind === 'push')
  return (
    <OwnPage back={t('back')} title={t('title')} lead={t('lead')}>
      <section className={styles.part} aria-labelledby="mail-title">
        <h2 id="mail-title">{t('mailTitle')}</h2>
        {mail && (
          <div className={styles.row}>
            <p>
              <b>{mail.name}</b>
              <span>{t(mail.confirmed ? 'confirmed' : 'waiting')}</span>
            </p>
            <RemoveForm id={mail.id} name={mail.name} />
          </div>
        )}
        {mail && !mail.confirmed && <CodeForm code={code} />}
        <AddressForm again={mail !== undefined} />
      </section>
      <section className={styles.part} aria-labelledby="push-title">
        <h2 id="push-title">{t('pushTitle')}</h2>
        <p className={styles.lead}>{t('pushLead')}</p>
        {browsers.map(one => (
          <div className={styles.row} key={one.id}>
            <p>
              <b>{one.name}</b>
              <span>{t('browser')}</span>
            </p>
            <RemoveForm id={one.id} name={one.name} />
          </div>
        ))}
        <Browser />
      </section>
    </OwnPage>
  )
}
