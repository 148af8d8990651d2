/** Folders (RFC 8621 §2). */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Client, type Company, clientFor, openCompany, receive } from './testing.ts'

let company: Company
let anna: Client
let accountId: string
beforeEach(async () => {
  company = await openCompany()
  anna = clientFor(company, company.people.anna)
  accountId = company.mailboxes.anna
})
afterEach(async () => {
  await company.close()
})

test('folders are made, renamed, counted and destroyed; those with a role stay', async () => {
  const { id } = await receive(company, anna)
  const inbox = await anna.folder(accountId, 'inbox')
  const made = await anna.call('Mailbox/set', {
    accountId,
    create: {
      a: { name: 'Projects' },
      b: { name: 'Inside', parentId: '#a' },
      c: { name: 'projects' },
      d: { name: '' },
    },
  })
  expect(made.notCreated).toMatchObject({
    c: { type: 'invalidProperties' },
    d: { type: 'invalidProperties' },
  })
  const { a, b } = made.created
  await anna.call('Email/set', { accountId, update: { [id]: { mailboxIds: { [b.id]: true } } } })
  const { list } = await anna.call('Mailbox/get', { accountId, ids: [b.id, inbox] })
  expect(list).toMatchObject([
    { name: 'Inside', parentId: a.id, totalEmails: 1, unreadEmails: 1, totalThreads: 1, unreadThreads: 1 },
    { role: 'inbox', totalEmails: 0 },
  ])
  const set = await anna.call('Mailbox/set', {
    accountId,
    update: { [a.id]: { parentId: b.id }, [inbox]: { name: 'Mine' } },
    destroy: [a.id, b.id, inbox],
  })
  expect(set.notUpdated).toMatchObject({
    [a.id]: { type: 'invalidProperties' },
    [inbox]: { type: 'forbidden' },
  })
  expect(set.notDestroyed).toMatchObject({
    [a.id]: { type: 'mailboxHasChild' },
    [b.id]: { type: 'mailboxHasEmail' },
    [inbox]: { type: 'forbidden' },
  })
  const gone = await anna.call('Mailbox/set', {
    accountId,
    destroy: [b.id, a.id],
    onDestroyRemoveEmails: true,
  })
  expect(gone.destroyed).toEqual([b.id, a.id])
  expect((await anna.call('Email/get', { accountId, ids: [id] })).notFound).toEqual([id])
})
