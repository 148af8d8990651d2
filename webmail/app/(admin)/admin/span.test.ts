import { expect, test } from 'vitest'
import { span } from './words.ts'

test.each([
  ['en', 0, '0 sec'],
  ['en', 59_999, '59 sec'],
  ['en', 61_000, '1 min'],
  ['en', 3_600_000, '1 hr'],
  ['en', 3_900_000, '1 hr 5 min'],
  ['en', 90_000_000, '1 day 1 hr'],
  ['en', 86_460_000, '1 day'],
  ['en', -5_000, '0 sec'],
  ['ca', 3_900_000, '1 h 5 min'],
])('%s: %i ms reads %j', (locale, milliseconds, text) => {
  expect(span(locale, milliseconds)).toBe(text)
})
