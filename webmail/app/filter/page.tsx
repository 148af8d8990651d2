/** Whose mail somebody always or never wants, and the daily mail about their Junk folder. */
import type { ListRow } from '@restante/core/directory/lists.ts'
import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import own from '../../filter/filter.module.css'
import { AddForm, DigestForm, RemoveEntry } from '../../filter/forms.tsx'
import { ownFilter, ownMailbox } from '../../filter/own.ts'
import { services } from '../../server/services.ts'
import { currentPerson } from '../../server/session.ts'
import styles from '../../telling/contact.module.css'
import { OwnPage } from '../../telling/own-page.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('filter')
  return { title: `${t('title')} · Restante` }
}

export default async function FilterPage() {
  const person = await currentPerson()
  if (!person) redirect('/sign-in?next=%2Ffilter')
  const t = await getTranslations('filter')
  const { db } = await services()
  const mailbox = await ownMailbox(db, person)
  const filter = mailbox && (await ownFilter(db, person, mailbox))
  return (
    <OwnPage back={t('back')} title={t('title')} lead={t(filter ? 'lead' : 'noMailbox')}>
      {filter && (
        <>
          {(['allow', 'block'] as const).map(kind => (
            <section key={kind} className={styles.part} aria-labelledby={`${kind}-title`}>
              <h2 id={`${kind}-title`}>{t(`${kind}Title`)}</h2>
              <p className={styles.lead}>{t(`${kind}Lead`)}</p>
              <Entries entries={filter.entries.filter(one => one.kind === kind)} />
              <AddForm kind={kind} />
            </section>
          ))}
          <section className={styles.part} aria-labelledby="digest-title">
            <h2 id="digest-title">{t('digestTitle')}</h2>
            <p className={styles.lead}>{t('digestLead')}</p>
            <DigestForm value={filter.digest} organization={filter.organizationDigest} />
          </section>
        </>
      )}
    </OwnPage>
  )
}

function Entries({ entries }: { entries: readonly ListRow[] }) {
  if (entries.length === 0) return null
  return (
    <ul className={own.entries}>
      {entries.map(({ id, value }) => (
        <li key={id} className={styles.row}>
          <p>
            <b>{value}</b>
          </p>
          <RemoveEntry id={id} value={value} />
        </li>
      ))}
    </ul>
  )
}
