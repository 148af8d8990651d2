import { expect, test } from 'vitest'
import type { EmailRow } from '../jmap/types.ts'
import { visibleRows } from './rows.ts'

const row = (id: string) => ({ id, mailboxIds: { inbox: true }, keywords: {} }) as unknown as EmailRow

test('a moved message leaves its list, and holes of unread pages stay', () => {
  const rows = new Array<EmailRow | undefined>(4)
  rows[0] = row('a')
  rows[1] = row('b')
  const seen = visibleRows(rows, new Map([['a', { folder: 'trash' }]]), 'inbox')
  expect(seen.map(one => one?.id)).toEqual(['b', undefined, undefined])
})

test('in a search a moved message stays, a destroyed one does not', () => {
  const overlay = new Map([
    ['a', { folder: 'trash' }],
    ['b', { folder: null }],
  ])
  expect(visibleRows([row('a'), row('b')], overlay, null).map(one => one?.id)).toEqual(['a'])
})
