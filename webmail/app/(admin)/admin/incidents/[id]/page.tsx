/** An incident's closing statement for admins: everybody together, and each mailbox with what went wrong. */
import { showRestoration } from '@restante/core/continuity/incidents.ts'
import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound, redirect } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { services } from '../../../../../server/services.ts'
import { currentPerson } from '../../../../../server/session.ts'
import styles from '../../../../../statement/statement.module.css'
import { Sums } from '../../../../../statement/statement.tsx'
import { When } from '../../../../../statement/when.tsx'
import { scopeOf } from '../../../../api/v1/scope.ts'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('statement')
  return { title: `${t('adminTitle')} · Restante` }
}

export default async function IncidentPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  const person = await currentPerson()
  if (!person) redirect(`/sign-in?next=${encodeURIComponent(`/admin/incidents/${encodeURIComponent(id)}`)}`)
  const scope = scopeOf(person)
  if (!scope) notFound()
  const { db } = await services()
  const incident = await showRestoration(db, scope, id)
  if (!incident) notFound()
  const t = await getTranslations('statement')
  const columns = [
    'received',
    'delivered',
    'deleted',
    'failed',
    'waiting',
    'sent',
    'filed',
    'notFiled',
  ] as const
  const state = {
    due: t('stateDue'),
    done: t('stateDone'),
    'given-up': t('stateGivenUp'),
  }
  const ways = { imap: t('wayImap'), delivery: t('wayDelivery'), none: '' }
  return (
    <main className={`${styles.page} ${styles.wide}`}>
      <nav aria-label={t('backToAdmin')}>
        <Link className={styles.link} href="/admin">
          {t('backToAdmin')}
        </Link>
      </nav>
      <h1>{t('adminTitle')}</h1>
      <p className={styles.lead}>
        <b>{incident.backend}</b>{' '}
        {incident.closedAt
          ? t.rich('span', {
              from: () => <When at={incident.openedAt.toISOString()} />,
              to: () => <When at={incident.closedAt!.toISOString()} />,
            })
          : t.rich('since', { from: () => <When at={incident.openedAt.toISOString()} /> })}
      </p>
      <p className={styles.lead}>{incident.statedAt ? t('together') : t('notYet')}</p>
      <Sums numbers={incident.numbers} />
      {incident.people.length > 0 && (
        <>
          <h2 className={styles.mailbox} id="mailboxes">
            {t('mailboxes')}
          </h2>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also for those without a mouse */}
          <section className={styles.scroll} aria-labelledby="mailboxes" tabIndex={0}>
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col">{t('mailbox')}</th>
                  {columns.map(name => (
                    <th scope="col" key={name}>
                      {t(`short.${name}`)}
                    </th>
                  ))}
                  <th scope="col">{t('state')}</th>
                </tr>
              </thead>
              <tbody>
                {incident.people.map(one => (
                  <tr key={one.mailboxId}>
                    <td>{one.address}</td>
                    {columns.map(name => (
                      <td key={name}>{one.numbers[name]}</td>
                    ))}
                    <td>
                      {[state[one.state], one.way && ways[one.way], one.error].filter(Boolean).join(' · ')}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </>
      )}
    </main>
  )
}
