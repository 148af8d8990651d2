/** A state as an icon and a word; the colour only underlines it. */
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleX,
  IconClock,
  IconClockPause,
  IconMailPause,
  IconMinus,
  IconRefresh,
  IconSend,
} from '@tabler/icons-react'
import type { ComponentType, ReactNode } from 'react'
import styles from './mark.module.css'

const icons = {
  good: IconCircleCheck,
  wait: IconClockPause,
  warn: IconAlertTriangle,
  fail: IconCircleX,
  back: IconRefresh,
  queued: IconClock,
  moving: IconSend,
  held: IconMailPause,
  gone: IconMinus,
} satisfies Record<string, ComponentType<{ size?: number; stroke?: number }>>
export type Sign = keyof typeof icons

export function Mark({ sign, children }: { sign: Sign; children: ReactNode }) {
  const Icon = icons[sign]
  return (
    <span className={styles.mark} data-sign={sign}>
      <Icon size={17} stroke={1.9} aria-hidden="true" />
      <span>{children}</span>
    </span>
  )
}

export const healthSign = {
  up: 'good',
  degraded: 'warn',
  down: 'wait',
  recovering: 'back',
} as const satisfies Record<string, Sign>

export function stateSign(state: string, moving: boolean): Sign {
  if (moving) return 'moving'
  switch (state) {
    case 'held':
      return 'held'
    case 'deferred':
      return 'wait'
    case 'delivered':
      return 'good'
    case 'failed':
      return 'fail'
    case 'cancelled':
      return 'gone'
    default:
      return 'queued'
  }
}
