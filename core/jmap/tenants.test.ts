/**
 * The tenant matrix: every method there is, against the account of another person and of another organization, and
 * with their objects' ids in one's own account. All of it is refused as if it did not exist. A method that stands in
 * no table here fails the first test: whoever adds one says how it is tried.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { letter } from '../ingest/testing.ts'
import { METHODS } from './handle.ts'
import { type Client, type Company, clientFor, ingest, type Json, openCompany } from './testing.ts'

let company: Company
let anna: Client
let theirs: Theirs

/** What anna has, and what nobody else may learn of. */
type Theirs = {
  accountId: string
  inbox: string
  folder: string
  email: string
  thread: string
  blob: string
  identity: string
  submission: string
}

beforeAll(async () => {
  company = await openCompany()
  anna = clientFor(company, company.people.anna)
  const accountId = company.mailboxes.anna
  await company.accept(letter({ subject: 'secret plan' }))
  await ingest(company)
  const made = await anna.call('Mailbox/set', { accountId, create: { a: { name: 'Private' } } })
  const { ids } = await anna.call('Email/query', { accountId })
  const { list } = await anna.call('Email/get', { accountId, ids })
  const identities = await anna.call('Identity/get', { accountId })
  const drafts = await anna.folder(accountId, 'drafts')
  const from = [{ email: 'anna@example.org' }]
  const draft = { mailboxIds: { [drafts]: true }, from, to: [{ email: 'ben@example.org' }], subject: 'x' }
  const sent = await anna.request([
    ['Email/set', { accountId, create: { d: draft } }, 'a'],
    [
      'EmailSubmission/set',
      { accountId, create: { s: { emailId: '#d', identityId: identities.list[0].id } } },
      'b',
    ],
  ])
  theirs = {
    accountId,
    inbox: await anna.folder(accountId, 'inbox'),
    folder: made.created.a.id,
    email: list[0].id,
    thread: list[0].threadId,
    blob: list[0].blobId,
    identity: identities.list[0].id,
    submission: sent[1]![1].created.s.id,
  }
})
afterAll(async () => {
  await company.close()
})

/** Arguments that would be answered in an account of one's own. */
const BY_ACCOUNT: Record<string, (theirs: Theirs) => Json> = {
  'Mailbox/get': t => ({ ids: [t.folder] }),
  'Mailbox/changes': () => ({ sinceState: '1' }),
  'Mailbox/query': () => ({}),
  'Mailbox/queryChanges': () => ({ sinceQueryState: '1' }),
  'Mailbox/set': t => ({ create: { a: { name: 'x' } }, destroy: [t.folder] }),
  'Thread/get': t => ({ ids: [t.thread] }),
  'Thread/changes': () => ({ sinceState: '1' }),
  'Email/get': t => ({ ids: [t.email] }),
  'Email/changes': () => ({ sinceState: '1' }),
  'Email/query': () => ({ filter: { text: 'secret' } }),
  'Email/queryChanges': () => ({ sinceQueryState: '1' }),
  'Email/set': t => ({ destroy: [t.email] }),
  'Email/import': t => ({ emails: { a: { blobId: t.blob, mailboxIds: { [t.inbox]: true } } } }),
  'Email/parse': t => ({ blobIds: [t.blob] }),
  'SearchSnippet/get': t => ({ emailIds: [t.email], filter: { text: 'secret' } }),
  'Identity/get': t => ({ ids: [t.identity] }),
  'Identity/changes': () => ({ sinceState: '1' }),
  'Identity/set': t => ({ destroy: [t.identity] }),
  'EmailSubmission/get': t => ({ ids: [t.submission] }),
  'EmailSubmission/changes': () => ({ sinceState: '1' }),
  'EmailSubmission/query': () => ({}),
  'EmailSubmission/queryChanges': () => ({ sinceQueryState: '1' }),
  'EmailSubmission/set': t => ({ destroy: [t.submission] }),
  'restante:Sent/act': t => ({ submissionId: t.submission, action: 'cancel', address: 'ben@example.org' }),
}

/** Those that name two accounts. */
const BETWEEN = ['Email/copy', 'Blob/copy']
/** Of no account. */
const NOBODYS = ['Core/echo']

/** With their ids in one's own account: what the answer must be like, and all that it may be. */
const BY_OBJECT: Record<string, (theirs: Theirs, own: string) => { given: Json; answer: Json }> = {
  'Mailbox/get': t => ({ given: { ids: [t.folder] }, answer: { list: [], notFound: [t.folder] } }),
  'Mailbox/query': t => ({ given: { filter: { parentId: t.folder } }, answer: { ids: [] } }),
  'Mailbox/set': t => ({
    given: {
      create: { a: { name: 'inside', parentId: t.folder } },
      update: { [t.folder]: { name: 'mine' } },
      destroy: [t.folder],
      onDestroyRemoveEmails: true,
    },
    answer: {
      notCreated: { a: { type: 'invalidProperties' } },
      notUpdated: { [t.folder]: { type: 'notFound' } },
      notDestroyed: { [t.folder]: { type: 'notFound' } },
    },
  }),
  'Thread/get': t => ({ given: { ids: [t.thread] }, answer: { list: [], notFound: [t.thread] } }),
  'Email/get': t => ({ given: { ids: [t.email] }, answer: { list: [], notFound: [t.email] } }),
  'Email/query': t => ({ given: { filter: { inMailbox: t.inbox } }, answer: { ids: [] } }),
  'Email/set': (t, own) => ({
    given: {
      create: {
        a: { mailboxIds: { [t.inbox]: true } },
        b: { mailboxIds: { [own]: true }, attachments: [{ blobId: t.blob, type: 'message/rfc822' }] },
      },
      update: { [t.email]: { 'keywords/$seen': true } },
      destroy: [t.email],
    },
    answer: {
      notCreated: { a: { type: 'invalidProperties' }, b: { type: 'blobNotFound' } },
      notUpdated: { [t.email]: { type: 'notFound' } },
      notDestroyed: { [t.email]: { type: 'notFound' } },
    },
  }),
  'Email/import': (t, own) => ({
    given: { emails: { a: { blobId: t.blob, mailboxIds: { [own]: true } } } },
    answer: { notCreated: { a: { type: 'blobNotFound' } } },
  }),
  'Email/parse': t => ({
    given: { blobIds: [t.blob, `${t.blob}-1`] },
    answer: { parsed: null, notFound: [t.blob, `${t.blob}-1`] },
  }),
  'SearchSnippet/get': t => ({
    given: { emailIds: [t.email], filter: { text: 'secret' } },
    answer: { list: [], notFound: [t.email] },
  }),
  'Identity/get': t => ({ given: { ids: [t.identity] }, answer: { list: [], notFound: [t.identity] } }),
  'Identity/set': t => ({
    given: { update: { [t.identity]: { name: 'me' } }, destroy: [t.identity] },
    answer: {
      notUpdated: { [t.identity]: { type: 'notFound' } },
      notDestroyed: { [t.identity]: { type: 'notFound' } },
    },
  }),
  'EmailSubmission/get': t => ({
    given: { ids: [t.submission] },
    answer: { list: [], notFound: [t.submission] },
  }),
  'EmailSubmission/query': t => ({ given: { filter: { emailIds: [t.email] } }, answer: { ids: [] } }),
  'EmailSubmission/set': t => ({
    given: { create: { a: { emailId: t.email, identityId: t.identity } }, destroy: [t.submission] },
    answer: { created: null, notDestroyed: { [t.submission]: { type: 'notFound' } } },
  }),
  'restante:Sent/act': t => ({
    given: { submissionId: t.submission, action: 'cancel', address: 'ben@example.org' },
    answer: { done: false, error: { type: 'notFound' } },
  }),
}

/** They are given nothing but states: there is no id to try. */
const takesIds = (method: string) => !/\/(changes|queryChanges)$/.test(method)

test('every method is in the tables', () => {
  const tried = [...Object.keys(BY_ACCOUNT), ...BETWEEN, ...NOBODYS]
  expect([...METHODS].sort()).toEqual(tried.sort())
  expect(Object.keys(BY_OBJECT).sort()).toEqual(Object.keys(BY_ACCOUNT).filter(takesIds).sort())
})

describe.each(['ben', 'eve'] as const)('%s', name => {
  let stranger: Client
  let own: string
  beforeAll(() => {
    stranger = clientFor(company, company.people[name])
    own = company.mailboxes[name]
  })

  test.each(Object.keys(BY_ACCOUNT))('has no such account: %s', async method => {
    const given = { accountId: theirs.accountId, ...BY_ACCOUNT[method]!(theirs) }
    expect(await stranger.fail(method, given)).toBe('accountNotFound')
    const nobodys = { ...given, accountId: '00000000-0000-7000-8000-000000000000' }
    expect(await stranger.fail(method, nobodys)).toBe('accountNotFound')
  })

  test.each(BETWEEN)('has no such account to copy from or to: %s', async method => {
    const given = { create: {}, blobIds: [] }
    const into = { accountId: theirs.accountId, fromAccountId: own, ...given }
    expect(await stranger.fail(method, into)).toBe('accountNotFound')
    const from = { accountId: own, fromAccountId: theirs.accountId, ...given }
    expect(await stranger.fail(method, from)).toBe('fromAccountNotFound')
  })

  test.each(Object.keys(BY_OBJECT))('finds none of it in an account of their own: %s', async method => {
    const { given, answer } = BY_OBJECT[method]!(theirs, await stranger.folder(own, 'inbox'))
    expect(await stranger.call(method, { accountId: own, ...given })).toMatchObject(answer)
  })
})

test('and nothing of it has changed', async () => {
  const { accountId } = theirs
  const { list } = await anna.call('Email/get', { accountId, ids: [theirs.email] })
  expect(list).toMatchObject([{ subject: 'secret plan', keywords: {} }])
  expect((await anna.call('Mailbox/get', { accountId, ids: [theirs.folder] })).list).toMatchObject([
    { name: 'Private' },
  ])
  const { deliveryStatus } = (await anna.call('EmailSubmission/get', { accountId, ids: [theirs.submission] }))
    .list[0]
  expect(deliveryStatus['ben@example.org']['restante:state']).not.toBe('cancelled')
})
