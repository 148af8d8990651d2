'use client'
/** The codes just made: to print, one slip a person, or to keep as CSV. They can't be had again. */
import { useFormatter, useTranslations } from 'next-intl'
import section from '../section.module.css'
import type { MadeCodes } from './codes.ts'
import styles from './people.module.css'

/** @param address where people sign in */
export function PrintedCodes({ codes, address }: { codes: MadeCodes; address: string }) {
  const t = useTranslations('admin.people')
  const format = useFormatter()
  const slips = [...Map.groupBy(codes.rows, row => row.address)]
  return (
    <div className={styles.made}>
      <p role="status" className={styles.notice}>
        {t('made', { count: codes.rows.length })}
      </p>
      <div className={styles.buttons}>
        <button type="button" className={section.button} onClick={() => window.print()}>
          {t('print')}
        </button>
        <a
          className={section.button}
          download="codes.csv"
          href={`data:text/csv;charset=utf-8,${encodeURIComponent(codes.csv)}`}
        >
          {t('csv')}
        </a>
      </div>
      <ul className={styles.slips} aria-label={t('slips')}>
        {slips.map(([person, rows]) => (
          <li key={person} className={styles.slip}>
            <b>{rows[0]?.name || person}</b>
            <span>{t('slip', { url: address, address: person })}</span>
            {rows.map(row => (
              <code key={row.code}>{row.code}</code>
            ))}
            <span>
              {t('slipUntil', {
                date: format.dateTime(new Date(rows[0]!.expiresAt), { dateStyle: 'long', timeZone: 'UTC' }),
              })}
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}
