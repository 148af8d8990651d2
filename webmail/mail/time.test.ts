import { expect, test } from 'vitest'
import { dates, size } from './time.ts'

const now = new Date('2026-11-22T13:00:00Z')
const en = dates('en', 'Europe/Madrid')

test.each([
  ['today is a clock', '2026-11-22T09:02:00Z', '10:02'],
  ['just before midnight is yesterday in the reader’s zone', '2026-11-21T22:59:00Z', 'Sat'],
  ['just after midnight there is today', '2026-11-21T23:01:00Z', '00:01'],
  ['within the week it is a weekday', '2026-11-18T09:00:00Z', 'Wed'],
  ['within the year a day', '2026-03-04T09:00:00Z', 'Mar 4'],
  ['before that with its year', '2024-03-04T09:00:00Z', 'Mar 4, 2024'],
])('%s', (_, at, expected) => {
  expect(en.short(new Date(at), now)).toBe(expected)
})

test('a moment says its zone, and its day unless it is today', () => {
  expect(en.moment(new Date('2026-11-22T09:02:00Z'), now)).toMatch(/^10:02 (CET|GMT\+1)$/)
  expect(en.moment(new Date('2026-11-20T09:02:00Z'), now)).toMatch(/^Nov 20, 10:02 (CET|GMT\+1)$/)
})

test.each([
  ['2026-11-22T12:59:30Z', 'now'],
  ['2026-11-22T12:20:00Z', '40 minutes ago'],
  ['2026-11-22T10:00:00Z', '3 hours ago'],
  ['2026-11-21T12:00:00Z', 'yesterday'],
])('%s is %s', (at, expected) => {
  expect(en.relative(new Date(at), now)).toBe(expected)
})

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1400, '1.4 kB'],
  [52_428_800, '52 MB'],
  [999_999_999, '1 GB'],
])('%d bytes are written %s', (bytes, expected) => {
  expect(size('en', bytes)).toBe(expected)
})
