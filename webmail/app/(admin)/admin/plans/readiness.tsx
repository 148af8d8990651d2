'use client'
/** What would be if the mail server went away now: one line each, with what to do about it. */
import { useTranslations } from 'next-intl'
import { Mark } from '../mark.tsx'
import section from '../section.module.css'
import { useWords } from '../words.ts'
import styles from './plans.module.css'
import type { ItemView } from './plans-page.tsx'

const signs = { ok: 'good', warn: 'warn', fail: 'fail' } as const
const HOUR = 3_600_000

export function Readiness({ items }: { items: readonly ItemView[] | undefined }) {
  const t = useTranslations('admin.plans')
  const say = useItemWords()
  return (
    <section className={section.section} aria-labelledby="readiness-title" aria-busy={!items}>
      <h2 className={section.title} id="readiness-title">
        {t('ready')}
      </h2>
      <ul className={styles.rows}>
        {(items ?? []).map(item => {
          const { text, advice } = say(item)
          return (
            <li key={item.name} className={styles.item}>
              <h3>{t(`item.${item.name}`)}</h3>
              <Mark sign={signs[item.level]}>{t(`level.${item.level}`)}</Mark>
              <p>
                {text}
                {item.level !== 'ok' && advice && <span className={styles.advice}>{advice}</span>}
              </p>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

function useItemWords() {
  const t = useTranslations('admin.plans')
  const words = useWords()
  return (item: ItemView): { text: string; advice?: string } => {
    switch (item.name) {
      case 'people': {
        const { people, ready, neverCame, without } = item
        const names = words.list(without.slice(0, 5))
        return {
          text: t('people', { people, ready, neverCame }),
          advice: t(people - ready > 5 ? 'peopleDoMore' : 'peopleDo', { names }),
        }
      }
      case 'contacts':
        return {
          text:
            item.confirmed === null
              ? t('contactsNone')
              : t('contactsSome', { confirmed: item.confirmed, people: item.people }),
          advice: t('contactsDo'),
        }
      case 'access': {
        const { given, who, bad } = item
        const names = words.list(who.slice(0, 5))
        return {
          text:
            bad.length > 0
              ? t('accessBad', { given, names: words.list(bad) })
              : t('accessOk', { given, names }),
          advice: t('accessDo'),
        }
      }
      case 'dns':
        return {
          text:
            item.elsewhere.length > 0
              ? t('dnsElsewhere', { names: words.list(item.elsewhere) })
              : item.unanswered.length > 0
                ? t('dnsSilent', { names: words.list(item.unanswered) })
                : t('dnsOk', { domains: item.domains }),
          advice: t('dnsDo'),
        }
      case 'certificate': {
        if (item.daysLeft === null) return { text: t('certificateNone'), advice: t('certificateDo') }
        const left = item.daysLeft < 0 ? t('certificateOver') : t('certificateLeft', { days: item.daysLeft })
        return {
          text: item.selfSigned ? `${left} ${t('certificateSelf')}` : left,
          advice: t('certificateDo'),
        }
      }
      case 'disk': {
        const free = words.size(item.freeBytes)
        return {
          text:
            item.hours === null
              ? t('diskUnknown', { free })
              : t('diskHours', { free, span: words.span(item.hours * HOUR) }),
          advice: t('diskDo'),
        }
      }
      case 'snapshot':
        return {
          text:
            item.ageSeconds === null
              ? t('snapshotUnknown')
              : t('snapshotAge', { span: words.span(item.ageSeconds * 1000) }),
          advice: t('snapshotDo'),
        }
      case 'drill':
        return {
          text: item.daysAgo === null ? t('drillNone') : t('drillAgo', { days: item.daysAgo }),
          advice: t('drillDo'),
        }
      default:
        return item satisfies never
    }
  }
}
