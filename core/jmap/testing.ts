/** A client for tests: calls in, results out, for one person of the test company. */
import { expect } from 'vitest'
import { ingestAll } from '../ingest/ingest.ts'
import { type Company, letter, openCompany } from '../ingest/testing.ts'
import { silentLog } from '../observe/log.ts'
import type { JmapContext } from './context.ts'
import { handle } from './handle.ts'
import { CAPABILITIES } from './session.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
export type Json = Record<string, any>

export function contextFor(
  company: Company,
  person: { id: string; address: string; name: string },
): JmapContext {
  return {
    db: company.db,
    spool: company.spool,
    queues: company.queues,
    directory: {
      get current() {
        return company.directory()
      },
    },
    person,
    log: silentLog,
  }
}

export type Client = ReturnType<typeof clientFor>

export function clientFor(company: Company, person: { id: string; address: string; name: string }) {
  const context = contextFor(company, person)
  const request = async (calls: [string, Json, string][]): Promise<[string, Json, string][]> => {
    const handled = await handle({ using: Object.values(CAPABILITIES), methodCalls: calls }, context)
    if (handled.type !== 'ok') throw new Error(JSON.stringify(handled.problem))
    return handled.body.methodResponses
  }
  return {
    context,
    request,
    /** One call that must succeed. */
    async call(name: string, given: Json): Promise<Json> {
      const responses = await request([[name, given, 'a']])
      expect(responses[0]?.[0], JSON.stringify(responses[0])).toBe(name)
      return responses[0]![1]
    },
    /** One call that must fail; its error's type. */
    async fail(name: string, given: Json): Promise<string> {
      const [response] = await request([[name, given, 'a']])
      expect(response?.[0], JSON.stringify(response)).toBe('error')
      return response![1].type
    },
    /** The folder of a role. */
    async folder(accountId: string, role: string): Promise<string> {
      const { list } = await this.call('Mailbox/get', { accountId })
      return list.find((one: Json) => one.role === role).id
    },
  }
}

export { type Company, openCompany }

export async function ingest(company: Company): Promise<void> {
  await ingestAll({
    db: company.db,
    reader: company.spool,
    directory: company.directory,
    queues: company.queues,
    log: silentLog,
  })
}

/** A message comes for Anna; what she sees of it. */
export async function receive(
  company: Company,
  anna: Client,
  subject = 'Hello',
  to?: string[],
): Promise<Json> {
  const accountId = company.mailboxes.anna
  await company.accept(letter({ subject }), to && { to })
  await ingest(company)
  const { ids } = await anna.call('Email/query', { accountId, filter: { subject } })
  const { list } = await anna.call('Email/get', { accountId, ids })
  return list[0]
}

/** Writes and sends as the webmail does. */
export async function sendMail(
  client: Client,
  accountId: string,
  email: Json,
  extra: Json = {},
): Promise<[string, Json, string][]> {
  const drafts = await client.folder(accountId, 'drafts')
  const sent = await client.folder(accountId, 'sent')
  const { list } = await client.call('Identity/get', { accountId })
  const draft = { mailboxIds: { [drafts]: true }, keywords: { $draft: true, $seen: true }, ...email }
  return await client.request([
    ['Email/set', { accountId, create: { draft } }, 'a'],
    [
      'EmailSubmission/set',
      {
        accountId,
        create: { sub: { emailId: '#draft', identityId: list[0].id, ...extra } },
        onSuccessUpdateEmail: {
          '#sub': { [`mailboxIds/${drafts}`]: null, [`mailboxIds/${sent}`]: true, 'keywords/$draft': null },
        },
      },
      'b',
    ],
  ])
}

export const plainText = (value: string): Json => ({
  textBody: [{ partId: '1', type: 'text/plain' }],
  bodyValues: { 1: { value } },
})

/** How every recipient of every message stands. */
export const recipientStates = async (company: Company) =>
  await company.db
    .selectFrom('recipient')
    .innerJoin('delivery', 'delivery.id', 'recipient.delivery_id')
    .select(['recipient.address', 'recipient.state', 'delivery.state as delivery'])
    .orderBy('recipient.address')
    .execute()
