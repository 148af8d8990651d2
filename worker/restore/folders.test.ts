import { describe, expect, test } from 'vitest'
import { findSpecial, type OurFolder, placeOf, type ServerFolder } from './folders.ts'

function server(...paths: string[]): ServerFolder[] {
  return paths.map(text => {
    const [path = '', use] = text.split(' = ')
    const delimiter = path.includes('.') ? '.' : '/'
    const names = path.split(delimiter)
    return {
      path,
      name: names.at(-1) ?? '',
      delimiter,
      parent: names.slice(0, -1),
      selectable: use !== '\\Noselect',
      ...(use?.startsWith('\\') && use !== '\\Noselect' && { specialUse: use }),
    }
  })
}

describe('special folders', () => {
  test.each([
    ['sent', ['INBOX', 'Verzonden = \\Sent', 'Sent'], 'Verzonden'],
    ['sent', ['INBOX', 'Sent'], 'Sent'],
    ['sent', ['INBOX', 'Sent Items'], 'Sent Items'],
    ['sent', ['INBOX', 'INBOX.Sent'], 'INBOX.Sent'],
    ['sent', ['INBOX', 'INBOX/Elements enviats'], 'INBOX/Elements enviats'],
    ['sent', ['INBOX', 'Elementos enviados'], 'Elementos enviados'],
    ['sent', ['INBOX', 'Posta inviata'], 'Posta inviata'],
    ['sent', ['INBOX', '[Gmail] = \\Noselect', '[Gmail]/Sent Mail = \\Sent'], '[Gmail]/Sent Mail'],
    ['sent', ['INBOX', '[Gmail]/Enviados'], '[Gmail]/Enviados'],
    ['sent', ['INBOX', 'Projects/Sent'], null],
    ['sent', ['INBOX', 'SENT'], 'SENT'],
    ['drafts', ['INBOX', 'Bozze'], 'Bozze'],
    ['drafts', ['INBOX', 'Borradores'], 'Borradores'],
    ['drafts', ['INBOX', 'Esborranys'], 'Esborranys'],
    ['trash', ['INBOX', 'Deleted Items'], 'Deleted Items'],
    ['trash', ['INBOX', 'Paperera'], 'Paperera'],
    ['trash', ['INBOX', 'Papelera'], 'Papelera'],
    ['trash', ['INBOX', 'Cestino'], 'Cestino'],
    ['trash', ['INBOX', 'Trash = \\Noselect', 'Bin'], 'Bin'],
    ['junk', ['INBOX', 'Junk E-mail'], 'Junk E-mail'],
    ['junk', ['INBOX', 'Correo no deseado'], 'Correo no deseado'],
    ['junk', ['INBOX', 'Posta indesiderata'], 'Posta indesiderata'],
    ['junk', ['INBOX', 'Correu brossa'], 'Correu brossa'],
    ['archive', ['INBOX', 'Arxiu'], 'Arxiu'],
    // One that the server calls something else is not taken by its name.
    ['junk', ['INBOX', 'Spam = \\Trash'], null],
    ['inbox', ['Inbox'], 'Inbox'],
  ] as const)('%s among %j is %s', (role, paths, expected) => {
    expect(findSpecial(server(...paths), role)?.path ?? null).toBe(expected)
  })
})

const ours: OurFolder[] = [
  { id: 'i', name: 'Inbox', role: 'inbox', parentId: null },
  { id: 's', name: 'Sent', role: 'sent', parentId: null },
  { id: 'p', name: 'Projects', role: null, parentId: null },
  { id: 'o', name: 'Oven 1.2/α', role: null, parentId: 'p' },
  { id: 'b', name: 'below', role: null, parentId: 'i' },
  { id: 'x', name: 'inbox', role: null, parentId: null },
  { id: 'l', name: 'loop', role: null, parentId: 'l' },
]

describe('where a folder of ours goes', () => {
  const slash = { prefix: '', delimiter: '/' }
  const dots = { prefix: 'INBOX.', delimiter: '.' }
  test.each([
    ['i', [], slash, 'INBOX', true],
    ['s', ['INBOX'], slash, 'Sent', false],
    ['s', ['INBOX'], dots, 'INBOX.Sent', false],
    ['p', ['INBOX', 'projects'], slash, 'projects', true],
    ['p', ['INBOX'], dots, 'INBOX.Projects', false],
    ['o', ['INBOX', 'projects'], slash, 'projects/Oven 1.2_α', false],
    ['o', ['INBOX'], dots, 'INBOX.Projects.Oven 1_2/α', false],
    ['b', ['INBOX'], slash, 'INBOX/below', false],
    ['b', ['INBOX'], dots, 'INBOX.below', false],
    ['x', ['INBOX'], slash, 'inbox_', false],
  ] as const)('%s among %j', (id, paths, namespace, path, exists) => {
    expect(placeOf(id, ours, server(...paths), namespace)).toEqual({ path, exists })
  })

  test('one that is gone has no place, and one that is in itself has an end', () => {
    expect(placeOf('gone', ours, [], slash)).toBeNull()
    expect(placeOf('l', ours, [], slash)?.exists).toBe(false)
  })
})
