/** What became of somebody's mail while their server was away: the closing statement of each of their mailboxes. */
import { accountsOf } from '@restante/core/access/permissions.ts'
import { readStatements } from '@restante/core/continuity/incidents.ts'
import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound, redirect } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { services } from '../../../../server/services.ts'
import { currentPerson } from '../../../../server/session.ts'
import styles from '../../../../statement/statement.module.css'
import { Sums } from '../../../../statement/statement.tsx'
import { When } from '../../../../statement/when.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('statement')
  return { title: `${t('title')} · Restante` }
}

export default async function StatementPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  const person = await currentPerson()
  if (!person) redirect(`/sign-in?next=${encodeURIComponent(`/statements/${encodeURIComponent(id)}`)}`)
  const t = await getTranslations('statement')
  const { db } = await services()
  const accounts = await accountsOf(db, person)
  const all = await readStatements(
    db,
    accounts.map(account => account.id),
  )
  const wanted = id === 'latest' ? all[0]?.id : id
  const shown = all.filter(statement => statement.id === wanted)
  const [first] = shown
  if (!first && id !== 'latest') notFound()
  const head = (
    <>
      <nav aria-label={t('back')}>
        <Link className={styles.link} href="/">
          {t('back')}
        </Link>
      </nav>
      <h1>{t('title')}</h1>
    </>
  )
  if (!first) {
    return (
      <main className={styles.page}>
        {head}
        <p className={styles.lead}>{t('notYet')}</p>
      </main>
    )
  }
  const earlier = [...new Map(all.filter(one => one.id !== wanted).map(one => [one.id, one])).values()]
  return (
    <main className={styles.page}>
      {head}
      <p className={styles.lead}>
        {t.rich('lead', {
          from: () => <When at={first.openedAt.toISOString()} />,
          to: () => <When at={first.closedAt.toISOString()} />,
        })}
      </p>
      {first.open && <p className={styles.lead}>{t('open')}</p>}
      {shown.map(statement => (
        <div key={statement.mailboxId}>
          {shown.length > 1 && <p className={styles.mailbox}>{statement.address}</p>}
          <Sums numbers={statement.numbers} lines={statement.lines} />
          {statement.way === 'delivery' && <p className={styles.more}>{t('byDelivery')}</p>}
        </div>
      ))}
      {earlier.length > 0 && (
        <section className={styles.earlier}>
          <h2 className={styles.mailbox}>{t('earlier')}</h2>
          <ul>
            {earlier.map(one => (
              <li key={one.id}>
                <Link className={styles.link} href={`/statements/${one.id}`}>
                  <When at={one.openedAt.toISOString()} />
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
    </main>
  )
}
