/** Mail that can go at once is begun in the transaction that makes its rows (docs/spool.md, Born leased). */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newId } from '../db/id.ts'
import { silentLog } from '../observe/log.ts'
import type { Begun } from '../queue/attempts.ts'
import { ingestAll, startIngest } from './ingest.ts'
import { type Company, letter, openCompany } from './testing.ts'

let company: Company
beforeEach(async () => {
  company = await openCompany()
})
afterEach(async () => {
  await company.close()
})

test('new mail is begun with its rows, also when nobody said that they were committed', async () => {
  const taken: Begun[] = []
  let losses = 1
  const db = new Proxy(company.db, {
    get(real, property) {
      const value = Reflect.get(real, property, real)
      if (property !== 'transaction') return typeof value === 'function' ? value.bind(real) : value
      return () => ({
        execute: async (work: Parameters<ReturnType<typeof real.transaction>['execute']>[0]) => {
          const result = await real.transaction().execute(work)
          if (losses-- > 0) throw new Error('the connection was lost')
          return result
        },
      })
    },
  })
  await company.accept(letter(), { to: ['ben@example.org', 'anna@example.org'] })
  const running = startIngest({
    db,
    reader: company.spool,
    directory: company.directory,
    queues: company.queues,
    takers: { numberFor: () => 4711, take: begun => taken.push(...begun) },
    log: silentLog,
  })
  try {
    await expect.poll(() => taken, { timeout: 20_000 }).toHaveLength(1)
    await company.accept(letter())
    await expect.poll(() => taken, { timeout: 20_000 }).toHaveLength(2)
  } finally {
    await running.close()
  }
  expect(taken[0]).toMatchObject({ number: 1, recipients: [{ address: 'anna@example.org' }, {}] })
  const rows = await company.db.selectFrom('delivery').selectAll().execute()
  expect(rows).toHaveLength(2)
  for (const row of rows) expect(row).toMatchObject({ state: 'queued', attempts: 1, leased_by: 4711 })
  expect(company.enqueued).toEqual([])
})

test('mail to the outside is begun with its rows too, but none while a period holds anybody’s mail', async () => {
  const taken: Begun[] = []
  const asked: unknown[] = []
  const options = {
    db: company.db,
    reader: company.spool,
    directory: company.directory,
    queues: company.queues,
    takers: {
      numberFor: (delivery: { destination: string }) => {
        asked.push(delivery)
        return delivery.destination === 'slow.example' ? null : 4711
      },
      take: (begun: readonly Begun[]) => taken.push(...begun),
    },
    log: silentLog,
  }
  const send = async () => {
    const to = ['x@out.example', 'y@out.example', 'z@slow.example']
    await company.accept(letter(), { to, kind: 'submission', sender: 'anna@example.org' })
    await ingestAll(options)
  }
  await send()
  const organization = await company.db
    .selectFrom('organization')
    .select('id')
    .where('name', '=', 'Example')
    .executeTakeFirstOrThrow()
  expect(asked[0]).toEqual({ backendId: null, organizationId: organization.id, destination: 'out.example' })
  expect(taken).toMatchObject([
    { number: 1, backendId: null, recipients: [{ address: 'x@out.example' }, { address: 'y@out.example' }] },
  ])
  expect(company.enqueued).toHaveLength(1)
  const { id } = await company.db
    .insertInto('period')
    .values({
      id: newId(),
      organization_id: organization.id,
      kind: 'maintenance',
      name: 'other.example',
      mail: 'hold',
      starts_at: new Date(),
      created_by: 'test',
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  await company.db.insertInto('held_address').values({ period_id: id, address: '@other.example' }).execute()
  await send()
  expect(taken).toHaveLength(1)
  expect(company.enqueued).toHaveLength(3)
})
