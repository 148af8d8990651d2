'use client'
/** The first thing on the page: is everybody's mail flowing, how much waits, and what to do. */
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconClockPause,
  IconMailbox,
  IconRefresh,
} from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { type Advice, adviceOf, type Backend, type Picture, type Verdict, verdictOf } from './advice.ts'
import { OverrideDialog, type OverrideTo } from './override-dialog.tsx'
import section from './section.module.css'
import styles from './summary.module.css'
import { useNow } from './use-picture.ts'
import type { Go } from './use-place.ts'
import { useWords } from './words.ts'

const icons = {
  none: IconMailbox,
  flowing: IconCircleCheck,
  degraded: IconAlertTriangle,
  recovering: IconRefresh,
  down: IconClockPause,
}
const underneath = {
  none: 'setUp',
  flowing: 'well',
  degraded: 'access',
  recovering: 'catching',
  down: 'safe',
} as const satisfies Record<Verdict['type'], string>

export function Summary({ picture, go }: { picture: Picture; go: Go }) {
  const t = useTranslations('admin')
  const words = useWords()
  const now = useNow()
  const verdict = verdictOf(picture)
  const Icon = icons[verdict.type]
  const { depth, oldest } = picture.totals
  const accepted = [...picture.backends, picture.outbound].reduce(
    (sum, one) => sum + one.rates.out.reduce((total, count) => total + count, 0),
    0,
  )
  return (
    <section className={styles.summary} data-verdict={verdict.type}>
      <div className={styles.verdict} role="status">
        <Icon size={34} stroke={1.7} aria-hidden="true" className={styles.icon} />
        <div>
          <h1>{t(`verdict.${verdict.type}`, { names: words.list(verdict.names) })}</h1>
          <p>{t(`verdict.${underneath[verdict.type]}`)}</p>
        </div>
      </div>
      <dl className={styles.figures}>
        <div>
          <dt>{t('figures.waiting')}</dt>
          <dd>{words.number(depth.total)}</dd>
        </div>
        <div>
          <dt>{t('figures.oldest')}</dt>
          <dd>{oldest ? words.age(oldest, now) : t('figures.nothing')}</dd>
        </div>
        <div>
          <dt>{t('figures.accepted')}</dt>
          <dd>{words.number(accepted)}</dd>
        </div>
      </dl>
      <div className={styles.advice}>
        <h2>{t('advice.title')}</h2>
        <ul>
          {adviceOf(picture, now).map(advice => (
            <AdviceLine key={keyOf(advice)} advice={advice} now={now} go={go} />
          ))}
        </ul>
      </div>
    </section>
  )
}

function keyOf(advice: Advice): string {
  if ('backend' in advice) return `${advice.type} ${advice.backend.id}`
  if ('hold' in advice) return `${advice.type} ${advice.hold}`
  return 'destination' in advice ? `${advice.type} ${advice.destination.destination}` : advice.type
}

function AdviceLine({ advice, now, go }: { advice: Advice; now: number; go: Go }) {
  const t = useTranslations('admin.advice')
  const words = useWords()
  const [dialog, setDialog] = useState<{ backend: Backend; to: OverrideTo } | null>(null)
  const { text, action } = say()

  function say(): { text: string; action?: { label: string; run: () => void } } {
    switch (advice.type) {
      case 'nothing':
        return { text: t('nothing') }
      case 'set-up':
        return { text: t('setUp') }
      case 'recovering':
        return { text: t('recovering', { name: advice.backend.name }) }
      case 'down': {
        const [host] = advice.backend.hosts
        const cause = words.cause(advice.backend.cause)
        return { text: host ? t('down', { cause, host }) : t('downNoHost', { cause }) }
      }
      case 'degraded':
        return {
          text: t('degraded', { cause: words.cause(advice.backend.cause), name: advice.backend.name }),
        }
      case 'guard':
        return {
          text: t(advice.backend.cause === 'failing' ? 'guardFailing' : 'guard', {
            name: advice.backend.name,
          }),
          action: {
            label: t('guardAction'),
            run: () => setDialog({ backend: advice.backend, to: 'up' }),
          },
        }
      case 'override': {
        const { override, name } = advice.backend
        const by = override?.by ?? '–'
        const until = override?.until && words.moment(override.until, now)
        const key = override?.to === 'up' ? 'overrideUp' : 'overrideDown'
        return {
          text: until ? t(`${key}Until`, { by, name, until }) : t(key, { by, name }),
          action: {
            label: t('overrideAction'),
            run: () => setDialog({ backend: advice.backend, to: 'auto' }),
          },
        }
      }
      case 'admin':
        return {
          text: t('admin', { count: advice.count }),
          action: {
            label: t('adminAction'),
            run: () => look(go, { view: 'held', hold: advice.hold, backend: null, destination: null }),
          },
        }
      case 'outbound': {
        const { destination, depth, oldest, reason } = advice.destination
        return {
          text: t('outbound', {
            destination,
            count: depth.total,
            age: oldest ? words.age(oldest, now) : '',
            reason: words.category(reason?.category ?? 'unknown'),
          }),
          action: {
            label: t('outboundAction'),
            run: () => look(go, { view: 'waiting', backend: 'outbound', destination, hold: null }),
          },
        }
      }
    }
  }
  return (
    <li>
      <span>{text}</span>
      {action && (
        <button type="button" className={section.button} onClick={action.run}>
          {action.label}
        </button>
      )}
      {dialog && <OverrideDialog {...dialog} onClose={() => setDialog(null)} />}
    </li>
  )
}

/** Goes to a place in the list of messages and shows it. */
export function look(go: Go, change: Parameters<Go>[0]): void {
  go({ text: '', ...change })
  document.getElementById('messages')?.scrollIntoView({ block: 'start' })
  document.getElementById('messages-title')?.focus({ preventScroll: true })
}
