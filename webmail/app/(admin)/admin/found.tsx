'use client'
/** What each step of the scan found, in words: step, verdict, sentence, score and symbols, time. */
import type { Locale } from '@restante/core/db/schema/directory.ts'
import type { ScanRecord, Verdict } from '@restante/core/db/schema/scan.ts'
import { sentenceOf } from '@restante/core/scan/reasons.ts'
import { useLocale, useTranslations } from 'next-intl'
import styles from './found.module.css'
import { Mark, type Sign } from './mark.tsx'
import { useWords } from './words.ts'

const SIGNS = {
  pass: 'good',
  mark: 'warn',
  quarantine: 'held',
  defer: 'wait',
  reject: 'fail',
} as const satisfies Record<Verdict, Sign>
/** What counts comes first. */
const GRAVITY: readonly Verdict[] = ['reject', 'quarantine', 'defer', 'mark', 'pass']
/** Symbols shown at once. */
const SYMBOLS = 40

export function Found({ scan }: { scan: ScanRecord | null }) {
  const t = useTranslations('admin.found')
  const locale = useLocale() as Locale
  const words = useWords()
  if (!scan) return <p className={styles.soft}>{t('nobody')}</p>
  return (
    <ul className={styles.steps}>
      {[...scan.steps]
        .sort((a, b) => GRAVITY.indexOf(a.verdict) - GRAVITY.indexOf(b.verdict))
        .map(step => {
          const key = `step.${step.step}` as 'step.rspamd'
          return (
            <li key={step.step}>
              <div className={styles.head}>
                <b>{t.has(key) ? t(key) : step.step}</b>
                <Mark sign={SIGNS[step.verdict]}>{t(`verdict.${step.verdict}`)}</Mark>
                <span className={styles.soft}>{t('took', { ms: words.number(step.ms) })}</span>
              </div>
              <p>
                {step.reason !== 'clean' && sentenceOf(step.reason, step.detail, locale)}
                {step.score !== undefined && ` ${t('score', { score: words.number(step.score) })}`}
              </p>
              {step.symbols && step.symbols.length > 0 && (
                <details>
                  <summary>{t('symbols', { count: step.symbols.length })}</summary>
                  <code>{step.symbols.slice(0, SYMBOLS).join(' ')}</code>
                </details>
              )}
              {step.engine && <p className={styles.soft}>{t('engine', { engine: step.engine })}</p>}
            </li>
          )
        })}
    </ul>
  )
}
