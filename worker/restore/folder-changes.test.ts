import type { FolderPath } from '@restante/core/db/schema/restore.ts'
import { expect, test } from 'vitest'
import { stepOf } from './folder-changes.ts'
import type { ServerFolder } from './folders.ts'

const slash = { prefix: '', delimiter: '/' }
const dots = { prefix: 'INBOX.', delimiter: '.' }

function server(delimiter: string, ...paths: string[]): ServerFolder[] {
  return paths.map(path => {
    const names = path.split(delimiter)
    return { path, name: names.at(-1)!, delimiter, parent: names.slice(0, -1), selectable: true }
  })
}
/** `inbox:` and the like stand for special folders. */
const path = (text: string): FolderPath =>
  text
    .split('/')
    .map(name => (name.endsWith(':') ? { name, role: name.slice(0, -1) as 'inbox' } : { name, role: null }))

test.each([
  ['made', null, 'A', ['INBOX'], { type: 'create', path: 'A' }],
  ['made, and there already', null, 'A', ['INBOX', 'a'], { type: 'nothing' }],
  ['renamed', 'A', 'B', ['INBOX', 'A'], { type: 'rename', from: 'A', to: 'B' }],
  ['renamed, done before', 'A', 'B', ['INBOX', 'B'], { type: 'nothing' }],
  ['renamed, not known there', 'A', 'B', ['INBOX'], { type: 'create', path: 'B' }],
  ['two that would become one', 'A', 'B', ['INBOX', 'A', 'B'], { type: 'nothing' }],
  ['moved into another', 'A', 'C/A', ['INBOX', 'A', 'C'], { type: 'rename', from: 'A', to: 'C/A' }],
  ['moved below the inbox', 'A', 'inbox:/A', ['INBOX', 'A'], { type: 'rename', from: 'A', to: 'INBOX/A' }],
  [
    'the name of their Sent is not theirs',
    'Sent Items',
    'Old',
    ['INBOX', 'Sent Items'],
    { type: 'create', path: 'Old' },
  ],
] as const)('a folder that was %s', (_, from, to, paths, expected) => {
  const change = { from: from === null ? null : path(from), to: path(to) }
  expect(stepOf(change, server('/', ...paths), slash)).toEqual(expected)
})

test('names go through the namespace and delimiter of the server', () => {
  const folders = server('.', 'INBOX', 'INBOX.Projects', 'INBOX.Projects.Ovens')
  expect(stepOf({ from: path('Projects/Ovens'), to: path('Ovens 1.2') }, folders, dots)).toEqual({
    type: 'rename',
    from: 'INBOX.Projects.Ovens',
    to: 'INBOX.Ovens 1_2',
  })
})
