'use client'
/** The last hour as two lines; the drawing library is loaded after the page, a chart is not what one waits for. */
import dynamic from 'next/dynamic'
import { useTranslations } from 'next-intl'
import styles from './rate-chart.module.css'
import { useWords } from './words.ts'

const Lines = dynamic(() => import('./rate-lines.tsx'), {
  ssr: false,
  loading: () => <span className={styles.lines} />,
})

/** Minutes of which the numbers beside the chart are the average. */
const RECENT = 5

export function RateChart({ name, rates }: { name: string; rates: { in: number[]; out: number[] } }) {
  const t = useTranslations('admin.backends')
  const words = useWords()
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
  const rate = (numbers: readonly number[]) => {
    const average = sum(numbers.slice(-RECENT)) / RECENT
    return t('perMinute', {
      count: words.number(average < 10 ? Math.round(average * 10) / 10 : Math.round(average)),
    })
  }
  return (
    <span className={styles.chart}>
      <span
        className={styles.lines}
        role="img"
        aria-label={t('chart', { name, in: sum(rates.in), out: sum(rates.out) })}
      >
        <Lines rates={rates} />
      </span>
      <span className={styles.numbers}>
        <span>{t('in', { rate: rate(rates.in) })}</span>
        <span className={styles.out}>{t('out', { rate: rate(rates.out) })}</span>
      </span>
    </span>
  )
}
