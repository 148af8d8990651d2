import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Company, openCompany } from '../ingest/testing.ts'
import { silentLog } from '../observe/log.ts'
import { everything } from '../queue/scope.ts'
import { listAudit } from './audit.ts'
import { createLimiter, type Limiter } from './limits.ts'
import { listUnusual, markSeen, parseSendingRate, takeSending } from './sending.ts'

let company: Company
let limiter: Limiter
beforeEach(async () => {
  company = await openCompany()
  limiter = createLimiter({
    log: silentLog,
    // In the middle of a window: what is counted before an hour's end weighs less right after it.
    now: () => 1_000_000.5 * 3_600_000,
  })
})
afterEach(async () => {
  await limiter.close()
  await company.close()
})

const idOf = async (name: string) =>
  (
    await company.db
      .selectFrom('organization')
      .select('id')
      .where('name', '=', name)
      .executeTakeFirstOrThrow()
  ).id

const take = (recipients: number, rate = { messages: 3, recipients: 10 }) =>
  takeSending({ db: company.db, limiter, log: silentLog }, company.people.anna, recipients, rate)

test.each([
  ['200/1000', { messages: 200, recipients: 1000 }],
  ['50', { messages: 50, recipients: 250 }],
  ['0', { messages: 0, recipients: 0 }],
  ['0/100', { messages: 0, recipients: 100 }],
])('the setting %s', (text, rate) => {
  expect(parseSendingRate(text)).toEqual(rate)
})

test('so many messages and so many recipients an hour; what is refused costs nothing, admins hear of it once', async () => {
  expect(await take(4)).toEqual({ allowed: true })
  expect(await take(7)).toMatchObject({ allowed: false })
  // Six are left: the seven were given back.
  expect(await take(6)).toEqual({ allowed: true })
  expect(await take(1)).toMatchObject({ allowed: false, retryAfter: expect.any(Number) })
  const [organizationId, otherOrganization] = await Promise.all(['Example', 'Other'].map(idOf))
  expect(await listUnusual(company.db, everything)).toMatchObject([
    { address: 'anna@example.org', refused: 2 },
  ])
  expect(await listUnusual(company.db, { type: 'organization', id: otherOrganization! })).toEqual([])
  const unusual = (await listAudit(company.db, null)).filter(row => row.action === 'sending.unusual')
  expect(unusual).toHaveLength(1)
  expect(unusual[0]).toMatchObject({ organizationId, target: 'anna@example.org' })
  const ids = [company.people.anna.id]
  expect(
    await markSeen(company.db, { type: 'organization', id: otherOrganization! }, ids, 'x', new Date()),
  ).toBe(0)
  expect(await markSeen(company.db, everything, ids, 'admin@example.org', new Date())).toBe(1)
  expect(await listUnusual(company.db, everything)).toEqual([])
})

test('no limit, when none is set', async () => {
  for (let i = 0; i < 20; i++)
    expect(await take(100, { messages: 0, recipients: 0 })).toEqual({ allowed: true })
})
