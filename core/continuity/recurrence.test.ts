import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isZone, localOf, momentOf, occurrenceFrom, type Rule, readLocal } from './recurrence.ts'

const weekly: Rule = {
  every: 'week',
  step: 1,
  first: '2026-11-01T02:00',
  zone: 'Europe/Madrid',
  minutes: 120,
}

/** The local starts of the first so many. */
function starts(rule: Rule, count: number, from = momentOf(rule.first, rule.zone)): string[] {
  const list: string[] = []
  let at = from
  while (list.length < count) {
    const next = occurrenceFrom(rule, at)
    if (!next) break
    list.push(localOf(next.start, rule.zone))
    at = next.end
  }
  return list
}

describe('a week later it is at the same local time', () => {
  test('in ordinary weeks', () => {
    expect(starts(weekly, 3)).toEqual(['2026-11-01T02:00', '2026-11-08T02:00', '2026-11-15T02:00'])
  })
  test('across a change of the clock', () => {
    const rule = { ...weekly, first: '2026-10-18T03:30' }
    const [before, after] = [
      occurrenceFrom(rule, momentOf('2026-10-18T00:00', rule.zone)),
      occurrenceFrom(rule, momentOf('2026-10-25T04:00', rule.zone)),
    ]
    expect(before?.start.toISOString()).toBe('2026-10-18T01:30:00.000Z')
    expect(after?.start.toISOString()).toBe('2026-10-25T02:30:00.000Z')
  })
  test('every second week', () => {
    expect(starts({ ...weekly, step: 2 }, 2)).toEqual(['2026-11-01T02:00', '2026-11-15T02:00'])
  })
})

describe('a month later', () => {
  test('it is the same day, or the last one of a short month', () => {
    const rule: Rule = { ...weekly, every: 'month', first: '2027-01-31T22:00' }
    expect(starts(rule, 3)).toEqual(['2027-01-31T22:00', '2027-02-28T22:00', '2027-03-31T22:00'])
  })
  test('it is the same weekday', () => {
    const rule: Rule = { ...weekly, every: 'month', by: 'weekday', first: '2026-11-10T20:00' }
    expect(starts(rule, 3)).toEqual(['2026-11-10T20:00', '2026-12-08T20:00', '2027-01-12T20:00'])
  })
  test('a fifth weekday that a month has not is its last', () => {
    const rule: Rule = { ...weekly, every: 'month', by: 'weekday', first: '2026-11-29T20:00' }
    expect(starts(rule, 2)).toEqual(['2026-11-29T20:00', '2026-12-27T20:00'])
  })
})

test('it ends with its last date', () => {
  expect(starts({ ...weekly, last: '2026-11-08' }, 5)).toEqual(['2026-11-01T02:00', '2026-11-08T02:00'])
})

test('one under way is the next', () => {
  const during = momentOf('2026-11-08T03:00', weekly.zone)
  expect(localOf(occurrenceFrom(weekly, during)!.start, weekly.zone)).toBe('2026-11-08T02:00')
})

test('a local time that the clock jumps over is taken an hour later', () => {
  expect(momentOf('2026-03-29T02:30', 'Europe/Madrid').toISOString()).toBe('2026-03-29T01:30:00.000Z')
  expect(localOf(momentOf('2026-03-29T02:30', 'Europe/Madrid'), 'Europe/Madrid')).toBe('2026-03-29T03:30')
})
test('a local time that comes twice is taken the first time', () => {
  expect(momentOf('2026-10-25T02:30', 'Europe/Madrid').toISOString()).toBe('2026-10-25T00:30:00.000Z')
})
test.each(['2026-02-30T10:00', '2026-11-01', '2026-11-01T24:00', 'tomorrow'])('%s is no local time', text => {
  expect(readLocal(text)).toBeNull()
})
test('zones are IANA names', () => {
  expect(isZone('Europe/Madrid')).toBe(true)
  expect(isZone('Madrid time')).toBe(false)
})

test('whatever the rule: years later it still comes, in order, each as long as it says', () => {
  fc.assert(
    fc.property(
      fc.record({
        every: fc.constantFrom('week' as const, 'month' as const),
        by: fc.constantFrom('day' as const, 'weekday' as const),
        step: fc.integer({ min: 1, max: 12 }),
        day: fc.integer({ min: 1, max: 31 }),
        hour: fc.integer({ min: 0, max: 23 }),
        zone: fc.constantFrom(
          'Europe/Madrid',
          'America/New_York',
          'Asia/Kolkata',
          'Australia/Lord_Howe',
          'UTC',
        ),
        minutes: fc.integer({ min: 1, max: 1_440 }),
        later: fc.integer({ min: 0, max: 3_000 }),
      }),
      ({ day, hour, later, ...rest }) => {
        const pad = (value: number) => String(value).padStart(2, '0')
        const rule: Rule = { ...rest, first: `2026-01-${pad(day)}T${pad(hour)}:15` }
        const from = new Date(momentOf(rule.first, rule.zone).getTime() + later * 86_400_000)
        const next = occurrenceFrom(rule, from)!
        expect(next.end.getTime()).toBeGreaterThan(from.getTime())
        expect(next.end.getTime() - next.start.getTime()).toBe(rule.minutes * 60_000)
        const longest = rule.step * (rule.every === 'week' ? 7 : 31) + 9
        expect(next.start.getTime() - from.getTime()).toBeLessThanOrEqual(longest * 86_400_000)
      },
    ),
  )
})
