import { expect, test } from 'vitest'
import { outlook, type QueueNow } from './outlook.ts'

const now = new Date('2026-03-02T10:00:00Z')
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000)
const queue = (change: Partial<QueueNow>): QueueNow => ({
  health: 'recovering',
  waiting: 100,
  heldByAdmin: 0,
  rates: { in: [0, 0], out: [0, 0] },
  ...change,
})

test.each([
  ['nothing waits', { waiting: 0 }, { type: 'empty' }],
  ['the backend is down', { health: 'down', rates: { in: [0, 0], out: [50, 50] } }, { type: 'stopped' }],
  ['all that waits waits for an admin', { waiting: 3, heldByAdmin: 3 }, { type: 'stopped' }],
  ['100 left at 50 a minute', { rates: { in: [0, 0], out: [900, 50, 50] } }, { type: 'drains', at: at(120) }],
  [
    'what comes in counts against it',
    { rates: { in: [25, 25], out: [50, 50] } },
    { type: 'drains', at: at(240) },
  ],
  ['more comes than goes', { rates: { in: [60, 60], out: [50, 50] } }, { type: 'grows' }],
  ['nothing moved yet', {}, { type: 'open' }],
] satisfies [string, Partial<QueueNow>, unknown][])('%s', (_, change, expected) => {
  expect(outlook(queue(change), now)).toEqual(expected)
})

test.each([
  ['it alone counts, and not the minutes before it', 9_000, 0, 180],
  ['what comes in meanwhile counts against it', 9_000, 100, 200],
  ['there are no ten seconds to round to when little is left', 850, 0, 18],
])('of a return with a pace of its own: %s', (_, waiting, came, seconds) => {
  const rates = { in: [0, 5_000], out: [0, 7] }
  const queue = { health: 'recovering', waiting, heldByAdmin: 0, rates } as const
  const pace = { before: 5_000, counts: new Array(24).fill(50), step: 1_000, came: came && 120 }
  const found = outlook({ ...queue, pace }, now)
  const grain = seconds < 100 ? 2 : 10
  expect(found).toEqual({ type: 'drains', at: at(Math.ceil(seconds / grain) * grain) })
})
