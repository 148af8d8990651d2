'use client'
/** Places outside that take no mail, as stories with times: what waits, since when, why, and when it was over. */
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import section from '../section.module.css'
import { useNow } from '../use-picture.ts'
import { useWords } from '../words.ts'
import styles from './outgoing.module.css'
import type { OutgoingView } from './outgoing-page.tsx'

/** The code of "everything", for an organization that sends through a smarthost. */
const ALL = '*'

export function Places({ incidents }: { incidents: OutgoingView['incidents'] }) {
  const t = useTranslations('admin.outgoing')
  const words = useWords()
  const now = useNow(10_000)
  return (
    <section className={section.section} aria-labelledby="places-title">
      <h2 className={section.title} id="places-title">
        {t('incidents')}
      </h2>
      {incidents.length === 0 ? (
        <p className={section.none}>{t('noIncidents')}</p>
      ) : (
        <ul className={styles.rows} aria-live="polite">
          {incidents.map(incident => {
            const told = {
              place: incident.destination,
              time: words.moment(incident.since, now),
              messages: incident.messages,
              people: incident.people,
            }
            return (
              <li key={incident.id} className={styles.place} data-open={incident.closedAt === null}>
                {incident.closedAt ? (
                  <IconCheck size={19} stroke={1.8} aria-hidden="true" />
                ) : (
                  <IconAlertTriangle size={19} stroke={1.8} aria-hidden="true" />
                )}
                <div>
                  <p>
                    {incident.destination === ALL ? t('waitingAll', told) : t('waiting', told)}{' '}
                    {words.category(incident.category)}. {incident.others && t('others')}
                  </p>
                  {incident.detail && <code className={styles.said}>{incident.detail}</code>}
                  {incident.closedAt && (
                    <p className={styles.over}>
                      {t(incident.ending === 'accepted' ? 'overAccepted' : 'over', {
                        time: words.moment(incident.closedAt, now),
                      })}
                    </p>
                  )}
                </div>
              </li>
            )
          })}
        </ul>
      )}
    </section>
  )
}
