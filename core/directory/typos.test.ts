import { expect, test } from 'vitest'
import { PROVIDERS, probablyMeant, slips } from './typos.ts'

test.each([
  ['gmial.com', 'gmail.com'],
  ['gmal.com', 'gmail.com'],
  ['gmail.con', 'gmail.com'],
  ['gmail.co', 'gmail.com'],
  ['hotmial.it', 'hotmail.it'],
  ['outlok.com', 'outlook.com'],
  ['yaho.com', 'yahoo.com'],
  ['icluod.com', 'icloud.com'],
  ['bakrey.example', 'bakery.example'],
  ['bakery.exmaple', 'bakery.example'],
  // Right as they are, or another name altogether.
  ['gmail.com', null],
  ['mail.com', null],
  ['bakery.example', null],
  ['example.org', null],
  ['me.co', null],
  ['free.de', null],
])('%s: probably %s', (domain, meant) => {
  expect(probablyMeant(domain, ['bakery.example'])).toBe(meant)
})

test('no provider is taken for another', () => {
  for (const name of PROVIDERS) expect(probablyMeant(name)).toBe(null)
})

test.each([
  ['abc', 'abc', 0],
  ['abc', 'acb', 1],
  ['abc', 'ab', 1],
  ['abc', 'xbc', 1],
  ['abc', 'abcd', 1],
  ['abcd', 'badc', 2],
  ['abc', 'xyz', 3],
  ['abc', 'abcdefgh', 3],
] as const)('%s and %s are %i slips apart', (a, b, count) => {
  expect(slips(a, b, 2)).toBe(count)
  expect(slips(b, a, 2)).toBe(count)
})
