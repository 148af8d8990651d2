/**
 * A closing statement: three sums, and under each figure the messages behind it. Plain HTML, made on the server:
 * it is read on a bad day, on any device, and printed.
 */
import type { Line, Numbers } from '@restante/core/continuity/statement.ts'
import { getTranslations } from 'next-intl/server'
import type { ReactNode } from 'react'
import styles from './statement.module.css'
import { When } from './when.tsx'

type Tone = 'good' | 'wait' | 'fail' | undefined
type Figure = { name: string; count: number; tone?: Tone; lines?: readonly Line[] }

/** Messages shown under one figure; the rest is counted. */
const MOST = 300

export async function Sums({ numbers, lines }: { numbers: Numbers; lines?: readonly Line[] }) {
  const t = await getTranslations('statement')
  const of = (test: (line: Line) => boolean) => lines?.filter(test)
  const received = (outcome: Line['outcome']) =>
    of(line => line.kind === 'received' && line.outcome === outcome)
  const sent = (outcome: Line['outcome']) => of(line => line.kind === 'sent' && line.outcome === outcome)
  const filing = (state: Line['filing']) => of(line => line.filing === state)
  return (
    <>
      <Sum
        title={t('received')}
        total={numbers.received}
        figures={[
          { name: t('delivered'), count: numbers.delivered, tone: 'good', lines: received('delivered') },
          { name: t('deleted'), count: numbers.deleted, lines: received('deleted') },
          { name: t('failed'), count: numbers.failed, tone: 'fail', lines: received('failed') },
          { name: t('waiting'), count: numbers.waiting, tone: 'wait', lines: received('waiting') },
        ]}
      />
      <Sum
        title={t('sent')}
        total={numbers.sent}
        figures={[
          { name: t('sentAccepted'), count: numbers.sentAccepted, tone: 'good', lines: sent('delivered') },
          { name: t('sentFailed'), count: numbers.sentFailed, tone: 'fail', lines: sent('failed') },
          { name: t('sentWaiting'), count: numbers.sentWaiting, tone: 'wait', lines: sent('waiting') },
        ]}
      />
      <Sum
        title={t('toFile')}
        more={lines && t('toFileMore')}
        total={numbers.toFile}
        figures={[
          { name: t('filed'), count: numbers.filed, tone: 'good', lines: filing('filed') },
          { name: t('notFiled'), count: numbers.notFiled, tone: 'fail', lines: filing('not-filed') },
          { name: t('filing'), count: numbers.filing, tone: 'wait', lines: filing('open') },
        ]}
      />
    </>
  )
}

function Sum(of: { title: string; more?: string; total: number; figures: Figure[] }) {
  const shown = of.figures.filter((figure, place) => figure.count > 0 || (place === 0 && of.total > 0))
  return (
    <section className={styles.sum}>
      <h2>
        <span>{of.title}</span> <b>{of.total}</b>
      </h2>
      {of.more && of.total > 0 && <p className={styles.more}>{of.more}</p>}
      {shown.map(figure => (
        <Behind key={figure.name} figure={figure} />
      ))}
    </section>
  )
}

async function Behind({ figure }: { figure: Figure }) {
  const t = await getTranslations('statement')
  const { name, count, tone, lines } = figure
  const head: ReactNode = (
    <>
      <span data-tone={count > 0 ? tone : undefined}>{name}</span>
      <b>{count}</b>
    </>
  )
  if (!lines?.length) return <p className={styles.figure}>{head}</p>
  return (
    <details className={styles.figure}>
      <summary>{head}</summary>
      <ul className={styles.lines}>
        {lines.slice(0, MOST).map(line => (
          <li key={line.emailId}>
            <span className={styles.subject}>{line.subject || t('noSubject')}</span>
            <span className={styles.person}>{line.person}</span>
            <When at={line.at} short />
            {line.error && <span className={styles.error}>{line.error}</span>}
          </li>
        ))}
      </ul>
      {count > MOST && <p className={styles.more}>{t('andMore', { count: count - MOST })}</p>}
    </details>
  )
}
