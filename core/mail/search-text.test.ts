import { expect, test } from 'vitest'
import { searchFilter } from './search-text.ts'
import { plain, termsOf, wordsOf } from './words.ts'

const and = (...conditions: object[]) => ({ operator: 'AND', conditions })
const not = (condition: object) => ({ operator: 'NOT', conditions: [condition] })

test.each([
  ['', null],
  ['   ', null],
  ['kiwi', { text: 'kiwi' }],
  ['kiwi ', { text: 'kiwi ' }],
  ['project "red kiwi"', { text: 'project "red kiwi"' }],
  ['from:anna', { from: 'anna' }],
  ['FROM:anna kiwi', and({ from: 'anna' }, { text: 'kiwi' })],
  ['kiwi from:anna ', and({ from: 'anna' }, { text: 'kiwi ' })],
  ['de:"Anna Puig" assumpte:reunió', and({ from: 'Anna Puig' }, { subject: 'reunió' })],
  ['oggetto:fattura prima:2/11/2026', and({ subject: 'fattura' }, { before: '2026-11-02T00:00:00Z' })],
  ['after:2026-11 before:2027', and({ after: '2026-11-01T00:00:00Z' }, { before: '2027-01-01T00:00:00Z' })],
  ['has:attachment', { hasAttachment: true }],
  ['con:adjunto is:unread', and({ hasAttachment: true }, { notKeyword: '$seen' })],
  ['is:starred', { hasKeyword: '$flagged' }],
  ['-from:boss kiwi', and(not({ from: 'boss' }), { text: 'kiwi' })],
  ['kiwi -banana', and(not({ text: 'banana' }), { text: 'kiwi ' })],
  // Words like any other.
  ['before:31-02-2026', { text: 'before:31-02-2026' }],
  ['has:wings', { text: 'has:wings' }],
  ['http://kiwi.example', { text: 'http://kiwi.example' }],
  ['from:', { text: 'from:' }],
  ['-', { text: '-' }],
  ['"', null],
])('%j is %j', (typed, filter) => {
  expect(searchFilter(typed)).toEqual(filter)
})

test('words are compared without case and accents, and Catalan’s l·l is one word', () => {
  expect(plain('Ñandú ÇA Straße Ødegård Œuvre')).toBe('nandu ca strasse odegard oeuvre')
  expect(wordsOf('Col·lecció 2026, jose@kitchen.example!')).toEqual([
    'collecció',
    '2026',
    'jose',
    'kitchen',
    'example',
  ])
  expect(wordsOf('x'.repeat(1_000))).toEqual(['x'.repeat(40)])
})

test('only the last word is open, unless a space or a quotation mark closed it', () => {
  expect(termsOf('red kiw').map(term => term.prefix)).toEqual([false, true])
  expect(termsOf('red kiw ').map(term => term.prefix)).toEqual([false, false])
  expect(termsOf('re* "kiw"').map(({ prefix, phrase }) => [prefix, phrase])).toEqual([
    [true, null],
    [false, 'kiw'],
  ])
})
