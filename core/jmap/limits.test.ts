/** What holds for every type: the limits of the session object are kept as they are stated, states are heeded. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CORE_LIMITS } from './limits.ts'
import { sessionObject } from './session.ts'
import { type Client, type Company, clientFor, openCompany } from './testing.ts'

let company: Company
let anna: Client
let accountId: string
beforeAll(async () => {
  company = await openCompany()
  anna = clientFor(company, company.people.anna)
  accountId = company.mailboxes.anna
})
afterAll(async () => {
  await company.close()
})

describe('RFC 8620 §5.3: ifInState', () => {
  test.each([
    ['Email/set', {}],
    ['Mailbox/set', {}],
    ['Identity/set', {}],
    ['EmailSubmission/set', {}],
    ['Email/import', { emails: {} }],
  ])('%s stops at another state', async (method, given) => {
    expect(await anna.fail(method, { accountId, ifInState: 'nothing', ...given })).toBe('stateMismatch')
  })
})

describe('RFC 8620 §2, §5.1: limits are kept as they are stated', () => {
  test('the session states them', () => {
    const { capabilities } = sessionObject(company.people.anna, [], 'http://x.example')
    expect(capabilities['urn:ietf:params:jmap:core']).toMatchObject(CORE_LIMITS)
  })

  const many = (count: number) => Array.from({ length: count }, (_, index) => `id${index}`)
  test.each(['Email/get', 'Mailbox/get', 'Thread/get', 'EmailSubmission/get', 'Identity/get'])(
    '%s takes so many ids and no more',
    async method => {
      const ids = many(CORE_LIMITS.maxObjectsInGet)
      expect((await anna.call(method, { accountId, ids })).notFound).toHaveLength(ids.length)
      expect(await anna.fail(method, { accountId, ids: [...ids, 'more'] })).toBe('requestTooLarge')
    },
  )
  test.each(['Email/set', 'Mailbox/set', 'EmailSubmission/set', 'Identity/set'])(
    '%s takes so many objects and no more',
    async method => {
      const destroy = many(CORE_LIMITS.maxObjectsInSet)
      const { notDestroyed } = await anna.call(method, { accountId, destroy })
      expect(Object.keys(notDestroyed)).toHaveLength(destroy.length)
      expect(await anna.fail(method, { accountId, destroy: [...destroy, 'more'] })).toBe('requestTooLarge')
    },
  )
})

test('RFC 8621 §6.3: identities belong to the directory', async () => {
  const { list } = await anna.call('Identity/get', { accountId })
  const set = await anna.call('Identity/set', {
    accountId,
    create: { a: { email: 'boss@example.org' } },
    update: { [list[0].id]: { name: 'Boss' }, none: {} },
    destroy: [list[0].id],
  })
  expect(set).toMatchObject({
    notCreated: { a: { type: 'forbidden' } },
    notUpdated: { [list[0].id]: { type: 'forbidden' }, none: { type: 'notFound' } },
    notDestroyed: { [list[0].id]: { type: 'forbidden' } },
  })
})
