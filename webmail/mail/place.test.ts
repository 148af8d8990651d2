import { expect, test } from 'vitest'
import { formatPlace, parsePlace } from './place.ts'

test('a place survives the way through the address', () => {
  const place = { account: 'a1', folder: 'f1', email: 'e1', search: 'façana & co', folders: false }
  expect(parsePlace(formatPlace(place).slice(1))).toEqual(place)
})

test('nowhere in particular is the start page', () => {
  expect(formatPlace(parsePlace(''))).toBe('/')
})
