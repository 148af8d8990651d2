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
