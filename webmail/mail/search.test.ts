import { expect, test } from 'vitest'
import { markedRuns, parseSearch } from './search.ts'

const folders = [
  { id: 'i', role: 'inbox' as const, name: 'Inbox' },
  { id: 'p', role: null, name: 'Proveïdors' },
]
const italian = (folder: { role: string | null; name: string }) =>
  folder.role === 'inbox' ? 'Posta in arrivo' : folder.name
const parse = (text: string) => parseSearch(text, folders, italian)

test('words are looked for everywhere, and stay together where they were quoted', () => {
  expect(parse('farina "pa de pagès"')).toEqual({ text: 'farina "pa de pagès"' })
})

test('operators narrow a search, in each language', () => {
  for (const from of ['from:marta', 'de:marta', 'da:marta']) expect(parse(from)).toEqual({ from: 'marta' })
  expect(parse('oggetto:"l’ordine" ha:allegati')).toEqual({
    operator: 'AND',
    conditions: [{ subject: 'l’ordine' }, { hasAttachment: true }],
  })
  expect(parse('és:no-llegit')).toEqual({ notKeyword: '$seen' })
  expect(parse('larger:2M')).toEqual({ minSize: 2_000_000 })
})

test('a folder is found by its role, its name, or the name it is shown by', () => {
  expect(parse('in:inbox')).toEqual({ inMailbox: 'i' })
  expect(parse('in:"posta in arrivo"')).toEqual({ inMailbox: 'i' })
  expect(parse('in:proveidors')).toEqual({ inMailbox: 'p' })
})

test('days are days where the reader is, however they are written', () => {
  const day = new Date(2026, 10, 5).toISOString()
  for (const text of ['2026-11-05', '5/11/2026', '05.11.2026'])
    expect(parse(`before:${text}`)).toEqual({ before: day })
})

test('what is no operator is a word', () => {
  expect(parse('re:start')).toEqual({ text: '"re:start"' })
  expect(parse('before:breakfast')).toEqual({ text: '"before:breakfast"' })
  expect(parse('order -invoice')).toEqual({
    operator: 'AND',
    conditions: [{ text: 'order' }, { operator: 'NOT', conditions: [{ text: 'invoice' }] }],
  })
})

test('a snippet is text with what was found marked in it, and never HTML', () => {
  expect(markedRuns('a &lt;b&gt; <mark>fl&amp;our</mark> c')).toEqual([
    { text: 'a <b> ', found: false },
    { text: 'fl&our', found: true },
    { text: ' c', found: false },
  ])
})
