/** What people change of their e-mails (RFC 8621 §4.6), and what deleting one means for its delivery. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rebuildFromSpool } from '../ingest/rebuild.ts'
import {
  type Client,
  type Company,
  clientFor,
  type Json,
  openCompany,
  plainText,
  receive,
  recipientStates,
} from './testing.ts'

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

test('keywords and folders change by patch, and what cannot be is refused by itself', async () => {
  const { id } = await receive(company, anna)
  const archive = await anna.folder(accountId, 'archive')
  const inbox = await anna.folder(accountId, 'inbox')
  const set = async (patch: Json) => await anna.call('Email/set', { accountId, update: { [id]: patch } })
  expect((await set({ 'keywords/$Seen': true, mailboxIds: { [archive]: true } })).updated).toEqual({
    [id]: null,
  })
  const { list } = await anna.call('Email/get', {
    accountId,
    ids: [id],
    properties: ['keywords', 'mailboxIds'],
  })
  expect(list[0]).toEqual({ id, keywords: { $seen: true }, mailboxIds: { [archive]: true } })
  const refused: [Json, string][] = [
    [{ [`mailboxIds/${inbox}`]: true }, 'tooManyMailboxes'],
    [{ mailboxIds: {} }, 'invalidProperties'],
    [{ mailboxIds: { nowhere: true } }, 'invalidProperties'],
    [{ 'keywords/a b': true }, 'invalidProperties'],
    [{ subject: 'x' }, 'invalidProperties'],
    [{ keywords: {}, 'keywords/x': true }, 'invalidPatch'],
  ]
  for (const [patch, type] of refused) expect((await set(patch)).notUpdated[id].type).toBe(type)
  const before = await anna.call('Email/get', { accountId, ids: [] })
  expect(await anna.fail('Email/set', { accountId, ifInState: '1', destroy: [id] })).toBe('stateMismatch')
  expect((await anna.call('Email/get', { accountId, ids: [] })).state).toBe(before.state)
})

test('what is deleted while the backend is away is not delivered, and undo delivers it', async () => {
  await company.setHealth('example.org', 'down')
  const { id, mailboxIds } = await receive(company, anna, 'Held', ['anna@example.org'])
  const delivery = async () =>
    (await anna.call('Email/get', { accountId, ids: [id], properties: ['restante:delivery'] })).list[0][
      'restante:delivery'
    ]
  expect(await delivery()).toBe('held')
  const trash = await anna.folder(accountId, 'trash')
  const before = await anna.call('Email/get', { accountId, ids: [] })
  await anna.call('Email/set', { accountId, update: { [id]: { mailboxIds: { [trash]: true } } } })
  expect(await delivery()).toBe('cancelled')
  expect(await recipientStates(company)).toMatchObject([{ state: 'cancelled', delivery: 'cancelled' }])
  await anna.call('Email/set', { accountId, update: { [id]: { mailboxIds } } })
  expect(await delivery()).toBe('held')
  await anna.call('Email/set', { accountId, destroy: [id] })
  expect(await recipientStates(company)).toMatchObject([{ state: 'cancelled' }])
  const changes = await anna.call('Email/changes', { accountId, sinceState: before.state })
  expect(changes).toMatchObject({ created: [], updated: [], destroyed: [id] })
  await rebuildFromSpool(company.db, company.spool, company.directory())
  expect(await recipientStates(company)).toMatchObject([{ state: 'cancelled', delivery: 'cancelled' }])
})

test('a draft is replaced, and its old content given up', async () => {
  const drafts = await anna.folder(accountId, 'drafts')
  const save = async (subject: string, destroy: string[]) =>
    await anna.call('Email/set', {
      accountId,
      create: {
        d: { mailboxIds: { [drafts]: true }, keywords: { $draft: true }, subject, ...plainText('x') },
      },
      destroy,
    })
  const first = (await save('one', [])).created.d.id
  const { created, destroyed } = await save('two', [first])
  expect(destroyed).toEqual([first])
  const messages = await company.db
    .selectFrom('message')
    .select(['subject', 'removed_at'])
    .orderBy('id')
    .execute()
  expect(messages).toMatchObject([
    { subject: 'one', removed_at: expect.any(Date) },
    { subject: 'two', removed_at: null },
  ])
  await rebuildFromSpool(company.db, company.spool, company.directory())
  const { ids } = await anna.call('Email/query', { accountId })
  expect(ids).toEqual([created.d.id])
})
