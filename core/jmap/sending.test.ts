/** Who sends too much hears rateLimit (RFC 8621 §7.5), and what was refused is not sent. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Company, clientFor, ingest, openCompany } from './testing.ts'

let company: Company
beforeEach(async () => {
  company = await openCompany()
})
afterEach(async () => {
  await company.close()
})

test('beyond the limit nothing is sent, and the draft stays', async () => {
  const anna = clientFor(company, company.people.anna)
  const asked: number[] = []
  anna.context.maySend = async recipients => {
    asked.push(recipients)
    return asked.length === 1 ? { allowed: true } : { allowed: false, retryAfter: 90 }
  }
  const accountId = company.mailboxes.anna
  const drafts = await anna.folder(accountId, 'drafts')
  const { list } = await anna.call('Identity/get', { accountId })
  const send = async () => {
    const responses = await anna.request([
      [
        'Email/set',
        {
          accountId,
          create: {
            draft: {
              mailboxIds: { [drafts]: true },
              keywords: { $draft: true },
              from: [{ email: 'anna@example.org' }],
              to: [{ email: 'x@out.example' }, { email: 'y@out.example' }],
              subject: 'Hello',
              textBody: [{ partId: 't', type: 'text/plain' }],
              bodyValues: { t: { value: 'x' } },
            },
          },
        },
        'a',
      ],
      [
        'EmailSubmission/set',
        { accountId, create: { one: { identityId: list[0].id, emailId: '#draft' } } },
        'b',
      ],
    ])
    return responses.find(([name]) => name === 'EmailSubmission/set')![1]
  }
  expect((await send()).created?.one).toBeDefined()
  expect((await send()).notCreated.one).toMatchObject({
    type: 'rateLimit',
    description: expect.stringContaining('2 minutes'),
  })
  expect(asked).toEqual([2, 2])
  await ingest(company)
  const sent = await company.db.selectFrom('message').select('id').where('kind', '=', 'submission').execute()
  expect(sent).toHaveLength(1)
  expect(
    (await anna.call('Email/query', { accountId, filter: { inMailbox: drafts } })).ids.length,
  ).toBeGreaterThan(0)
})
