'use client'
/** The queue by destination and age. A destination leads to its messages, where many can be acted on at once. */
import { AGES } from '@restante/core/queue/outgoing-ages.ts'
import Link from 'next/link'
import { useTranslations } from 'next-intl'
import section from '../section.module.css'
import { useWords } from '../words.ts'
import styles from './outgoing.module.css'
import type { OutgoingView } from './outgoing-page.tsx'

export function Shape({ outgoing }: { outgoing: OutgoingView }) {
  const t = useTranslations('admin.outgoing')
  const words = useWords()
  const count = (n: number) => (n > 0 ? words.number(n) : <span className={styles.zero}>0</span>)
  return (
    <section className={section.section} aria-labelledby="shape-title">
      <h2 className={section.title} id="shape-title">
        {t('shape')}
      </h2>
      {outgoing.total === 0 ? (
        <p className={section.none}>{t('none')}</p>
      ) : (
        <>
          <p className={styles.help}>{t('shapeHelp')}</p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the keyboard */}
          <section className={styles.scroll} tabIndex={0} aria-label={t('shape')}>
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col">{t('destination')}</th>
                  <th scope="col">{t('total')}</th>
                  {AGES.map(age => (
                    <th key={age} scope="col">
                      {age}
                    </th>
                  ))}
                  <th scope="col">{t('older')}</th>
                </tr>
              </thead>
              <tbody>
                <tr className={styles.sum}>
                  <th scope="row">{t('all')}</th>
                  <td>{count(outgoing.total)}</td>
                  {outgoing.ages.map((n, column) => (
                    <td key={AGES[column] ?? 'older'}>{count(n)}</td>
                  ))}
                </tr>
                {outgoing.destinations.map(row => (
                  <tr key={row.destination}>
                    <th scope="row">
                      <Link
                        className={section.quiet}
                        href={`/admin?backend=outbound&destination=${encodeURIComponent(row.destination)}#messages`}
                      >
                        {row.destination}
                      </Link>
                    </th>
                    <td>{count(row.total)}</td>
                    {row.ages.map((n, column) => (
                      <td key={AGES[column] ?? 'older'}>{count(n)}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </>
      )}
    </section>
  )
}
