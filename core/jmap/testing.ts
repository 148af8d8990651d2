/** A client for tests: calls in, results out, for one person of the test company. */
import { expect } from 'vitest'
import { ingestAll } from '../ingest/ingest.ts'
import { type Company, openCompany } from '../ingest/testing.ts'
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
