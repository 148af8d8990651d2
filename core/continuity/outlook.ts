/**
 * What to tell an admin about a backend's queue: when it will be empty, or why that can't be said. Pure.
 */
import type { Health } from '../db/schema.ts'
import { forecastByCount } from './forecast.ts'

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
}

/** Minutes looked at; the forecast's own horizon. */
const MINUTES = 2
/** A time is told to this, in ms: a forecast to the second would be a lie, and would never stand still. */
const GRAIN = 10_000

export function outlook(queue: QueueNow, now: Date): Outlook {
  const waiting = queue.waiting - queue.heldByAdmin
  if (waiting <= 0) return { type: queue.waiting > 0 ? 'stopped' : 'empty' }
  if (queue.health === 'down') return { type: 'stopped' }
  const out = sum(queue.rates.out.slice(-MINUTES))
  const net = out - sum(queue.rates.in.slice(-MINUTES))
  const at = forecastByCount(waiting, net, MINUTES * 60_000, now)
  if (at) return { type: 'drains', at: new Date(Math.ceil(at.getTime() / GRAIN) * GRAIN) }
  return { type: net < 0 ? 'grows' : 'open' }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
