/**
 * The public status page of an organization that wants one: readable without signing in, by Accept-Language. What it
 * shows is read at most every fifteen seconds, however many look.
 */
import { outageDays, readStatus, type Status } from '@restante/core/telling/status.ts'
import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { services } from '../../../server/services.ts'
import { When } from '../../../statement/when.tsx'
import styles from './status.module.css'

type Props = { params: Promise<{ slug: string }> }

const FRESH = 15_000
const REMEMBERED = 1_000
const known = new Map<string, { at: number; status: Promise<Status | null> }>()

async function statusOf(slug: string): Promise<Status | null> {
  const name = slug.slice(0, 64)
  const found = known.get(name)
  if (found && Date.now() - found.at < FRESH) return await found.status
  const { db } = await services()
  const status = readStatus(db, name, new Date())
  known.delete(name)
  known.set(name, { at: Date.now(), status })
  // A failure is not remembered.
  status.catch(() => known.delete(name))
  if (known.size > REMEMBERED) known.delete(known.keys().next().value ?? '')
  return await status
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const status = await statusOf((await params).slug)
  const t = await getTranslations('status')
  return status ? { title: t('title', { name: status.name }) } : {}
}

const words = {
  up: 'up',
  down: 'away',
  degraded: 'access',
  recovering: 'returning',
  maintenance: 'maintenance',
} as const
const signs = { up: '✓', down: '!', degraded: '!', recovering: '↻', maintenance: '…' } as const

export default async function StatusPage({ params }: Props) {
  const status = await statusOf((await params).slug)
  if (!status) notFound()
  const t = await getTranslations('status')
  const well = status.domains.every(one => one.state === 'up' || one.state === 'maintenance')
  return (
    <main className={styles.page}>
      <h1>{t('title', { name: status.name })}</h1>
      <p className={styles.lead} data-well={well}>
        {t(well ? 'allWell' : 'someAway')}
      </p>
      <section aria-labelledby="domains">
        <h2 id="domains">{t('domains')}</h2>
        <ul className={styles.domains}>
          {status.domains.map(({ domain, state, since }) => {
            const days = outageDays(status, domain)
            const count = days.filter(Boolean).length
            return (
              <li key={domain}>
                <p className={styles.domain}>
                  <b>{domain}</b>
                  <span className={styles.state} data-state={state}>
                    <span aria-hidden="true">{signs[state]}</span> {t(words[state])}
                    {since && <> · {t.rich('since', { at: () => <When at={since} /> })}</>}
                  </span>
                </p>
                <p className={styles.bar}>
                  <span className="unseen">{t('day', { days: count })}</span>
                  <span className={styles.days} aria-hidden="true">
                    {days.map((away, index) => (
                      // biome-ignore lint/suspicious/noArrayIndexKey: a day is its place
                      <i key={index} data-away={away} />
                    ))}
                  </span>
                </p>
              </li>
            )
          })}
        </ul>
      </section>
      <section aria-labelledby="history">
        <h2 id="history">{t('history')}</h2>
        {status.outages.length === 0 && <p className={styles.soft}>{t('none')}</p>}
        <ul className={styles.history}>
          {status.outages.map(({ domains, from, to, planned }) => (
            <li key={`${from} ${domains[0]}`}>
              <span>{domains.join(', ')}</span>
              <span className={styles.soft}>
                {to
                  ? t.rich('lasted', { from: () => <When at={from} />, to: () => <When at={to} /> })
                  : t.rich('since', { at: () => <When at={from} /> })}
                {planned && ` · ${t('planned')}`}
              </span>
            </li>
          ))}
        </ul>
      </section>
      <p className={styles.soft}>{t.rich('asOf', { at: () => <When at={status.at} /> })}</p>
    </main>
  )
}
