import { expect, test } from 'vitest'
import { choicesAt, fromField, toField } from './times.ts'

// 23 November 2026 is a Monday.
test.each([
  ['a Monday morning', new Date(2026, 10, 23, 9, 30), ['afternoon 23 16', 'tomorrow 24 8', 'monday 30 8']],
  ['a Wednesday evening', new Date(2026, 10, 25, 19), ['tomorrow 26 8', 'monday 30 8']],
  ['a Saturday', new Date(2026, 10, 28, 10), ['afternoon 28 16', 'tomorrow 29 8', 'monday 30 8']],
  ['a Sunday, when Monday is tomorrow', new Date(2026, 10, 29, 15), ['tomorrow 30 8']],
  ['the last of the year', new Date(2026, 11, 31, 23), ['tomorrow 1 8', 'monday 4 8']],
])('on %s', (_, now, offered) => {
  const said = choicesAt(now).map(({ choice, at }) => `${choice} ${at.getDate()} ${at.getHours()}`)
  expect(said).toEqual(offered)
})

test('a field has the time of the machine, to the minute', () => {
  const now = new Date(2026, 10, 23, 9, 30)
  const at = new Date(2026, 10, 24, 8, 5)
  expect(toField(at)).toBe('2026-11-24T08:05')
  expect(fromField(toField(at), now)).toEqual(at)
})

test.each([
  ['nothing', ''],
  ['the past', '2026-11-23T09:29'],
  ['more than a year', '2027-11-24T09:30'],
])('%s is no time to send', (_, text) => {
  expect(fromField(text, new Date(2026, 10, 23, 9, 30))).toBeNull()
})
