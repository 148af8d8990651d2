'use client'
/** Incidents as stories: when it began, what happened when, how long it lasted. */
import { useTranslations } from 'next-intl'
import type { Picture } from './advice.ts'
import styles from './incidents.module.css'
import { healthSign, Mark } from './mark.tsx'
import section from './section.module.css'
import { useNow } from './use-picture.ts'
import { useWords } from './words.ts'

export function Incidents({ picture }: { picture: Picture }) {
  const t = useTranslations('admin')
  const words = useWords()
  const now = useNow(10_000)
  return (
    <section className={section.section} aria-labelledby="incidents-title">
      <h2 className={section.title} id="incidents-title">
        {t('incidents.title')}
      </h2>
      {picture.incidents.length === 0 ? (
        <p className={section.none}>{t('incidents.none')}</p>
      ) : (
        <ol className={styles.list}>
          {picture.incidents.map(incident => {
            const from = words.moment(incident.openedAt, now)
            const end = incident.closedAt ? Date.parse(incident.closedAt) : now
            const lasted = words.span(end - Date.parse(incident.openedAt))
            return (
              <li key={incident.id} className={styles.incident} data-open={incident.closedAt === null}>
                <h3>
                  {incident.backend}
                  <span>
                    {incident.closedAt
                      ? t('incidents.closed', {
                          from,
                          to: words.moment(incident.closedAt, now),
                          span: lasted,
                        })
                      : t('incidents.open', { time: from, span: lasted })}
                  </span>
                </h3>
                <p>
                  {incident.planned && `${t('incidents.planned')} · `}
                  {words.cause(incident.cause)}
                  {incident.detail && <span className={styles.said}>{incident.detail}</span>}
                </p>
                <ol className={styles.changes}>
                  {incident.changes.map(change => (
                    <li key={`${change.at} ${change.to}`}>
                      <time dateTime={change.at} title={words.full(change.at)}>
                        {words.exact(change.at, now)}
                      </time>
                      <Mark sign={healthSign[change.to]}>{t(`health.${change.to}`)}</Mark>
                      <span className={styles.why}>
                        {change.actor
                          ? [t('incidents.by', { by: change.actor }), change.detail]
                              .filter(Boolean)
                              .join(': ')
                          : change.cause && (change.to === 'down' || change.to === 'degraded')
                            ? words.cause(change.cause)
                            : ''}
                      </span>
                    </li>
                  ))}
                </ol>
                {incident.closedAt && (
                  <a className={styles.statement} href={`/admin/incidents/${incident.id}`}>
                    {t('incidents.statement')}
                  </a>
                )}
              </li>
            )
          })}
        </ol>
      )}
    </section>
  )
}
