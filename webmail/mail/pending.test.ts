import { expect, test } from 'vitest'
import type { EmailRow } from '../jmap/types.ts'
import { combine, leaves, patched } from './pending.ts'

const email = { id: 'e', mailboxIds: { inbox: true }, keywords: { $seen: true } } as unknown as EmailRow

test('a patch sets and takes away keywords and moves', () => {
  expect(patched(email, { folder: 'trash', keywords: { $seen: false, $flagged: true } })).toMatchObject({
    mailboxIds: { trash: true },
    keywords: { $flagged: true },
  })
  expect(email.keywords).toEqual({ $seen: true })
})

test('what was destroyed is nowhere', () => {
  expect(patched(email, { folder: null }).mailboxIds).toEqual({})
  expect(leaves({ folder: null }, null)).toBe(true)
})

test('two patches add up, and the later one wins', () => {
  const first = { keywords: { $seen: true, $flagged: true } }
  expect(combine(first, { keywords: { $flagged: false } })).toEqual({
    keywords: { $seen: true, $flagged: false },
  })
  expect(combine({ folder: 'trash' }, { folder: 'inbox' })).toEqual({ folder: 'inbox' })
})

test('a move takes a message off the list of its folder, not off a search through all', () => {
  expect(leaves({ folder: 'trash' }, 'inbox')).toBe(true)
  expect(leaves({ folder: 'inbox' }, 'inbox')).toBe(false)
  expect(leaves({ folder: 'trash' }, null)).toBe(false)
  expect(leaves({ keywords: {} }, 'inbox')).toBe(false)
})
