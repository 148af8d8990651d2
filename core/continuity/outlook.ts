/**
 * What to tell an admin about a backend's queue: when it will be empty, or why that can't be said. Pure.
 */
import type { Health } from '../db/schema/directory.ts'
import { forecast, type Progress } from './forecast.ts'

export type Outlook =
  /** Nothing waits. */
  | { type: 'empty' }
  /** Nothing moves before the backend is back, or the override over. */
  | { type: 'stopped' }
  /** Empty at about that time, if it goes on like the last two minutes. */
  | { type: 'drains'; at: Date }
  /** More comes than goes. */
  | { type: 'grows' }
  /** Too little has moved to say. */
  | { type: 'open' }

export type QueueNow = {
  health: Health
  /** Open deliveries, and those of them that wait for an admin. */
  waiting: number
  heldByAdmin: number
  /** Per minute, the newest last. */
  rates: { in: readonly number[]; out: readonly number[] }
  /** Of a return. Of what came before it nothing can be told. */
  pace?: Progress | null
}

/** Minutes looked at while there is no return. */
const MINUTES = 2
/** A time is told to this, in ms: a forecast to the second would be a lie, and would never stand still. */
const GRAIN = 10_000
/** … but to this when there is less to go than ten of those. */
const FINE = 2_000

export function outlook(queue: QueueNow, now: Date): Outlook {
  const waiting = queue.waiting - queue.heldByAdmin
  if (waiting <= 0) return { type: queue.waiting > 0 ? 'stopped' : 'empty' }
  if (queue.health === 'down') return { type: 'stopped' }
  const found = forecast(queue.pace ?? lately(queue.rates), waiting, now)
  switch (found.type) {
    case 'at': {
      const grain = found.at.getTime() - now.getTime() < 10 * GRAIN ? FINE : GRAIN
      return { type: 'drains', at: new Date(Math.ceil(found.at.getTime() / grain) * grain) }
    }
    case 'never':
      return { type: 'grows' }
    case 'unknown':
      return { type: 'open' }
    default:
      return found satisfies never
  }
}

function lately(rates: QueueNow['rates']): Progress {
  const came = sum(rates.in.slice(-MINUTES))
  return { before: null, counts: rates.out.slice(-MINUTES), step: 60_000, came }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
