'use client'
/** What goes out, by destination: how much waits, how long, and the reason most often given. */
import { useTranslations } from 'next-intl'
import type { Picture } from './advice.ts'
import { Depth } from './depth.tsx'
import styles from './outbound.module.css'
import { RateChart } from './rate-chart.tsx'
import section from './section.module.css'
import { look } from './summary.tsx'
import { useNow } from './use-picture.ts'
import type { Go } from './use-place.ts'
import { useWords } from './words.ts'

/** Destinations shown at first. */
const SHOWN = 8

export function Outbound({ picture, go }: { picture: Picture; go: Go }) {
  const t = useTranslations('admin.outbound')
  const all = useTranslations('admin')
  const words = useWords()
  const now = useNow()
  const { destinations, rates } = picture.outbound
  return (
    <section className={section.section} aria-labelledby="outbound-title">
      <div className={styles.head}>
        <h2 className={section.title} id="outbound-title">
          {t('title')}
        </h2>
        <RateChart name={t('name')} rates={rates} />
      </div>
      {destinations.length === 0 ? (
        <p className={section.none}>{t('none')}</p>
      ) : (
        <ul className={styles.rows}>
          {destinations.slice(0, SHOWN).map(destination => (
            <li key={destination.destination} className={styles.row}>
              <button
                type="button"
                className={section.quiet}
                onClick={() =>
                  look(go, {
                    view: 'waiting',
                    backend: 'outbound',
                    destination: destination.destination,
                    hold: null,
                  })
                }
              >
                {destination.destination}
              </button>
              <Depth depth={destination.depth} />
              <span className={styles.age}>
                {destination.oldest && (
                  <time dateTime={destination.oldest} title={words.full(destination.oldest)}>
                    {words.age(destination.oldest, now)}
                  </time>
                )}
              </span>
              <span className={styles.reason} title={destination.reason?.text ?? undefined}>
                {destination.reason ? words.category(destination.reason.category) : all('state.queued')}
                {destination.reason?.text && <span className={styles.said}>{destination.reason.text}</span>}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
