import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { letter } from '../ingest/testing.ts'
import { handle } from './handle.ts'
import { CAPABILITIES } from './session.ts'
import { type Client, type Company, clientFor, contextFor, ingest, openCompany } from './testing.ts'

let company: Company
let anna: Client
let accountId: string
beforeAll(async () => {
  company = await openCompany()
  anna = clientFor(company, company.people.anna)
  accountId = company.mailboxes.anna
  await company.accept(letter({ subject: 'one' }))
  await company.accept(letter({ subject: 'two' }))
  await ingest(company)
})
afterAll(async () => {
  await company.close()
})

describe('a request', () => {
  const using = Object.values(CAPABILITIES)
  test.each([
    ['is no object', [], 'notRequest'],
    ['has no using', { methodCalls: [] }, 'notRequest'],
    ['has a call that is none', { using, methodCalls: [['Core/echo', {}]] }, 'notRequest'],
    ['asks for what we have not', { using: ['urn:x'], methodCalls: [] }, 'unknownCapability'],
    [
      'has too many calls',
      { using, methodCalls: Array.from({ length: 33 }, (_, i) => ['Core/echo', {}, `${i}`]) },
      'limit',
    ],
  ])('that %s is refused as a whole', async (_, request, type) => {
    const handled = await handle(request, contextFor(company, company.people.anna))
    expect(handled).toMatchObject({ problem: { type: `urn:ietf:params:jmap:error:${type}`, status: 400 } })
  })

  test('is answered call by call, errors among them', async () => {
    expect(
      await anna.request([
        ['Core/echo', { hello: true }, 'a'],
        ['Core/nonsense', {}, 'b'],
        ['VacationResponse/get', { accountId }, 'c'],
        ['Email/get', { accountId: 'x', ids: [] }, 'd'],
        ['Email/get', { ids: [] }, 'e'],
        ['constructor', {}, 'f'],
      ]),
    ).toEqual([
      ['Core/echo', { hello: true }, 'a'],
      ['error', { type: 'unknownMethod' }, 'b'],
      ['error', { type: 'unknownMethod' }, 'c'],
      ['error', { type: 'accountNotFound' }, 'd'],
      ['error', { type: 'invalidArguments', description: expect.stringContaining('accountId') }, 'e'],
      ['error', { type: 'unknownMethod' }, 'f'],
    ])
  })

  test('can use results of its earlier calls', async () => {
    const responses = await anna.request([
      ['Email/query', { accountId, sort: [{ property: 'subject' }] }, 'q'],
      [
        'Email/get',
        { accountId, '#ids': { resultOf: 'q', name: 'Email/query', path: '/ids' }, properties: ['threadId'] },
        'g',
      ],
      [
        'Thread/get',
        { accountId, '#ids': { resultOf: 'g', name: 'Email/get', path: '/list/*/threadId' } },
        't',
      ],
      ['Email/get', { accountId, '#ids': { resultOf: 'g', name: 'Email/query', path: '/ids' } }, 'x'],
      [
        'Email/get',
        { accountId, ids: [], '#ids': { resultOf: 'q', name: 'Email/query', path: '/ids' } },
        'y',
      ],
      ['Email/get', { accountId, '#ids': { resultOf: 'q', name: 'Email/query', path: '/nowhere' } }, 'z'],
    ])
    const [query, , threads, ...errors] = responses
    expect(threads![1].list.flatMap((thread: { emailIds: string[] }) => thread.emailIds)).toEqual(
      query![1].ids,
    )
    expect(errors.map(([, error]) => error.type)).toEqual([
      'invalidResultReference',
      'invalidArguments',
      'invalidResultReference',
    ])
  })
})

test('without its capability a method is unknown', async () => {
  const handled = await handle(
    { using: [CAPABILITIES.core], methodCalls: [['Mailbox/get', { accountId }, 'a']] },
    contextFor(company, company.people.anna),
  )
  expect(handled).toMatchObject({ body: { methodResponses: [['error', { type: 'unknownMethod' }, 'a']] } })
})

describe("another person's ids are refused as if they did not exist", () => {
  const everything = async (client: Client) => {
    const { list } = await client.call('Mailbox/get', { accountId })
    const { ids } = await client.call('Email/query', { accountId })
    const { list: emails } = await client.call('Email/get', { accountId, ids })
    return { folders: list, emails }
  }

  test('in every method, by account', async () => {
    const methods: [string, Record<string, unknown>][] = [
      ['Mailbox/get', {}],
      ['Mailbox/changes', { sinceState: '1' }],
      ['Mailbox/query', {}],
      ['Mailbox/queryChanges', { sinceQueryState: '1' }],
      ['Mailbox/set', { create: { a: { name: 'x' } } }],
      ['Thread/get', { ids: [] }],
      ['Thread/changes', { sinceState: '1' }],
      ['Email/get', { ids: [] }],
      ['Email/changes', { sinceState: '1' }],
      ['Email/query', {}],
      ['Email/queryChanges', { sinceQueryState: '1' }],
      ['Email/set', { destroy: [] }],
      ['Email/import', { emails: {} }],
      ['Email/parse', { blobIds: [] }],
      ['SearchSnippet/get', { emailIds: [] }],
      ['Identity/get', {}],
      ['Identity/changes', { sinceState: '1' }],
      ['EmailSubmission/get', {}],
      ['EmailSubmission/changes', { sinceState: '1' }],
      ['EmailSubmission/query', {}],
      ['EmailSubmission/queryChanges', { sinceQueryState: '1' }],
      ['EmailSubmission/set', { create: {} }],
    ]
    for (const person of [company.people.ben, company.people.eve]) {
      const stranger = clientFor(company, person)
      for (const [name, given] of methods) {
        expect(await stranger.fail(name, { accountId, ...given }), name).toBe('accountNotFound')
      }
      for (const name of ['Email/copy', 'Blob/copy']) {
        const own = person === company.people.ben ? company.mailboxes.ben : company.mailboxes.eve
        const into = { accountId, fromAccountId: own, create: {}, blobIds: [] }
        expect(await stranger.fail(name, into)).toBe('accountNotFound')
        const given = { accountId: own, fromAccountId: accountId, create: {}, blobIds: [] }
        expect(await stranger.fail(name, given)).toBe('fromAccountNotFound')
      }
    }
  })

  test('in an account of their own, by object', async () => {
    const { folders, emails } = await everything(anna)
    const eve = clientFor(company, company.people.eve)
    const own = company.mailboxes.eve
    const emailId = emails[0].id
    const inbox = await eve.folder(own, 'inbox')
    expect((await eve.call('Email/get', { accountId: own, ids: [emailId] })).notFound).toEqual([emailId])
    expect((await eve.call('Thread/get', { accountId: own, ids: [emails[0].threadId] })).list).toEqual([])
    expect((await eve.call('Mailbox/get', { accountId: own, ids: [folders[0].id] })).list).toEqual([])
    expect(
      (await eve.call('Email/query', { accountId: own, filter: { inMailbox: folders[0].id } })).ids,
    ).toEqual([])
    const set = await eve.call('Email/set', {
      accountId: own,
      update: { [emailId]: { 'keywords/$seen': true } },
      destroy: [emails[1].id],
    })
    expect(set.notUpdated[emailId].type).toBe('notFound')
    expect(set.notDestroyed[emails[1].id].type).toBe('notFound')
    const stolen = emails[0].blobId
    const imported = await eve.call('Email/import', {
      accountId: own,
      emails: { a: { blobId: stolen, mailboxIds: { [inbox]: true } } },
    })
    expect(imported.notCreated.a.type).toBe('blobNotFound')
    const parsed = await eve.call('Email/parse', { accountId: own, blobIds: [stolen, `${stolen}-1`] })
    expect(parsed.notFound).toEqual([stolen, `${stolen}-1`])
    const created = await eve.call('Email/set', {
      accountId: own,
      create: {
        a: { mailboxIds: { [folders[0].id]: true } },
        b: { mailboxIds: { [inbox]: true }, attachments: [{ blobId: stolen, type: 'message/rfc822' }] },
      },
    })
    expect(created.notCreated.a.type).toBe('invalidProperties')
    expect(created.notCreated.b.type).toBe('blobNotFound')
    const { folders: after } = await everything(anna)
    expect(after).toEqual(folders)
  })
})
