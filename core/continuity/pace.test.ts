import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Direction, GIVE_UP, giveUpAt, isExpired, nextAttempt } from './retry.ts'
import { type Feedback, feedback, LIMIT, openWindow, type Window } from './window.ts'

const after = (window: Window, ...what: Feedback[]) => what.reduce(feedback, window)

describe('the window', () => {
  test.each<[string, Window, Feedback[], number]>([
    ['grows with the first success when it is 1', openWindow(1), ['success'], 2],
    ['grows after as many successes as it is wide', openWindow(3), ['success', 'success'], 3],
    ['grows at the end of that run', openWindow(3), ['success', 'success', 'success'], 4],
    ['shrinks at the start of failures', openWindow(5), ['failure'], 4],
    ['shrinks no further within one run', openWindow(5), ['failure', 'failure', 'failure'], 4],
    ['never shrinks below 1', openWindow(1), ['failure', 'failure', 'overload'], 1],
    ['is halved when the other side has enough', openWindow(20), ['overload'], 10],
    ['never grows above its limit', openWindow(20), Array(100).fill('success'), LIMIT],
    [
      'forgets a run of successes with a failure',
      openWindow(4),
      ['success', 'success', 'success', 'failure', 'success'],
      3,
    ],
  ])('%s', (_, start, what, size) => {
    expect(after(start, ...what).size).toBe(size)
  })

  test('stays between 1 and its limit, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.constantFrom<Feedback>('success', 'failure', 'overload'), { maxLength: 300 }),
        (start, what) => {
          const { size } = after(openWindow(start), ...what)
          expect(Number.isInteger(size)).toBe(true)
          expect(size).toBeGreaterThanOrEqual(1)
          expect(size).toBeLessThanOrEqual(LIMIT)
        },
      ),
    )
  })
})

describe('the retry clock', () => {
  const created = new Date('2026-11-02T10:00:00Z')
  const minute = 60_000
  test.each<[Direction, number, number]>([
    ['inbound', 0, 15_000],
    ['inbound', 2 * minute, minute],
    ['inbound', 30 * minute, 5 * minute],
    ['inbound', 48 * 60 * minute, 30 * minute],
    ['outbound', 0, minute],
    ['outbound', 10 * minute, 5 * minute],
    ['outbound', 24 * 60 * minute, 60 * minute],
  ])('%s at the age of %d ms waits about %d ms', (direction, age, wait) => {
    const now = new Date(created.getTime() + age)
    expect(nextAttempt(direction, created, now, 0.5).getTime() - now.getTime()).toBe(wait)
    expect(nextAttempt(direction, created, now, 0).getTime() - now.getTime()).toBe(wait * 0.8)
  })

  test('always leads forward, and not beyond the time of giving up', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Direction>('inbound', 'outbound'),
        fc.integer({ min: 0, max: 70 * 86_400_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (direction, age, random) => {
          const now = new Date(created.getTime() + age)
          const next = nextAttempt(direction, created, now, random)
          expect(next.getTime()).toBeGreaterThan(now.getTime())
          expect(next.getTime()).toBeLessThanOrEqual(
            Math.max(giveUpAt(direction, created).getTime(), now.getTime() + 1_000),
          )
        },
      ),
    )
  })

  test('gives up after 60 days inbound and 48 hours outbound', () => {
    expect(GIVE_UP).toEqual({ inbound: 60 * 86_400_000, outbound: 48 * 3_600_000 })
    expect(isExpired('outbound', created, new Date(created.getTime() + 48 * 3_600_000 - 1))).toBe(false)
    expect(isExpired('outbound', created, new Date(created.getTime() + 48 * 3_600_000))).toBe(true)
  })
})
