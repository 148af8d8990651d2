'use client'
/** The same queue by reason, and by sender. */
import { useTranslations } from 'next-intl'
import section from '../section.module.css'
import { useNow } from '../use-picture.ts'
import { useWords } from '../words.ts'
import styles from './outgoing.module.css'
import type { OutgoingView } from './outgoing-page.tsx'

type Line = { name: string; total: number; destinations: number; oldest: string }

export function Totals({ outgoing }: { outgoing: OutgoingView }) {
  const t = useTranslations('admin.outgoing')
  const words = useWords()
  if (outgoing.total === 0) return null
  return (
    <div className={styles.pair}>
      <Table
        title={t('reasons')}
        name={t('reason')}
        lines={outgoing.reasons.map(({ category, ...rest }) => ({
          ...rest,
          name: category ? words.category(category) : t('untried'),
        }))}
      />
      <Table
        title={t('senders')}
        name={t('sender')}
        lines={outgoing.senders.map(({ sender, ...rest }) => ({ ...rest, name: sender || t('bounces') }))}
      />
    </div>
  )
}

function Table({ title, name, lines }: { title: string; name: string; lines: Line[] }) {
  const t = useTranslations('admin.outgoing')
  const words = useWords()
  const now = useNow(10_000)
  return (
    <section className={section.section}>
      <h2 className={section.title}>{title}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the keyboard */}
      <section className={styles.scroll} tabIndex={0} aria-label={title}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{name}</th>
              <th scope="col">{t('total')}</th>
              <th scope="col">{t('destinations')}</th>
              <th scope="col">{t('oldest')}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map(line => (
              <tr key={line.name}>
                <th scope="row">{line.name}</th>
                <td>{words.number(line.total)}</td>
                <td>{words.number(line.destinations)}</td>
                <td>{words.age(line.oldest, now, 1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  )
}
