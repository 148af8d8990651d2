import { randomBytes } from 'node:crypto'
import {
  listRestorations,
  readStatements,
  restoreAgain,
  showRestoration,
} from '@restante/core/continuity/incidents.ts'
import { findTarget, type Wanted } from '@restante/core/continuity/period-target.ts'
import { addPeriod, advancePeriods, type NewPeriod } from '@restante/core/continuity/periods.ts'
import { newId } from '@restante/core/db/id.ts'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { addPerson } from '@restante/core/directory/people.ts'
import { everything } from '@restante/core/queue/scope.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pruneChanges, takeUpRestorations } from './occasions.ts'
import { firstIdOf, LEAD } from './work.ts'

let t: TestDatabase
let backendId: string
let mailboxes: Record<string, string>
const now = new Date('2026-03-01T12:00:00Z')
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000)

beforeAll(async () => {
  t = await testDatabase()
  const sealKey = randomBytes(32)
  await addOrganization(t.db, { name: 'A' })
  const backends = ['smtp://mail.a.example']
  backendId = (await addDomain(t.db, { domain: 'a.example', organization: 'A', backends }, sealKey)).backendId
  for (const name of ['ann', 'ben']) await addPerson(t.db, { address: `${name}@a.example`, name })
  const rows = await t.db.selectFrom('mailbox').select(['id', 'address']).execute()
  mailboxes = Object.fromEntries(rows.map(row => [row.address.split('@')[0], row.id]))
})
afterAll(() => t.close())

async function changed(mailboxId: string, at: Date): Promise<string> {
  const id = newId()
  const folder = await t.db
    .selectFrom('folder')
    .select('id')
    .where('mailbox_id', '=', mailboxId)
    .executeTakeFirstOrThrow()
  await t.db
    .insertInto('email_change')
    .values({
      email_id: id,
      mailbox_id: mailboxId,
      message_id: newId(),
      copy: false,
      folder_id: folder.id,
      keywords: [],
      received_at: at,
      size: 1,
      subject: '',
      from_list: '[]',
      to_list: '[]',
      header_message_ids: [],
      first_at: at,
      last_at: at,
    })
    .execute()
  return id
}
const left = async () => (await t.db.selectFrom('email_change').select('email_id').execute()).length

test('while all is well changes are forgotten, but for those of the last minutes', async () => {
  await changed(mailboxes.ann!, ago(60))
  await changed(mailboxes.ann!, new Date(now.getTime() - LEAD + 1_000))
  await pruneChanges(t.db, now)
  expect(await left()).toBe(1)
})

test('while an incident is open nothing is forgotten; when it is over it is taken up, once', async () => {
  const id = newId()
  await t.db
    .insertInto('incident')
    .values({ id, backend_id: backendId, opened_at: ago(50), closed_at: null, cause: null, detail: null })
    .execute()
  await changed(mailboxes.ann!, ago(40))
  await pruneChanges(t.db, now)
  expect(await left()).toBe(2)
  expect(await takeUpRestorations(t.db, now)).toBe(0)
  await t.db
    .updateTable('incident')
    .set({ closed_at: ago(30) })
    .where('id', '=', id)
    .execute()
  expect(await takeUpRestorations(t.db, now)).toBe(1)
  expect(await takeUpRestorations(t.db, now)).toBe(0)
  const shown = await showRestoration(t.db, everything, id)
  expect(shown).toMatchObject({
    kind: 'incident',
    mailboxes: { due: 1, done: 1, givenUp: 0 },
    statedAt: null,
  })
  expect(shown?.people.map(one => one.address)).toEqual(['ann@a.example'])
  await pruneChanges(t.db, now)
  expect(await left()).toBe(2)
  await t.db.updateTable('restore').set({ state: 'done' }).execute()
  await pruneChanges(t.db, now)
  expect(await left()).toBe(1)
  expect(await restoreAgain(t.db, id)).toBe(2)
})

async function plan(wanted: Wanted, more: Pick<NewPeriod, 'kind' | 'mail'>, from: number, to: number) {
  const target = await findTarget(t.db, everything, wanted)
  if ('refused' in target) throw new Error(target.refused)
  const times = { startsAt: ago(from), endsAt: ago(to) }
  return (await addPeriod(t.db, { ...more, ...times, by: 'cli', target }, ago(from)))!.id
}

test('a drill for chosen people is taken up for them alone', async () => {
  const id = await plan({ people: ['ben@a.example'] }, { kind: 'drill', mail: 'deliver' }, 20, 10)
  await changed(mailboxes.ben!, ago(19))
  await pruneChanges(t.db, ago(11))
  expect(await takeUpRestorations(t.db, ago(11))).toBe(0)
  await advancePeriods(t.db, ago(10))
  await pruneChanges(t.db, ago(9))
  expect(await takeUpRestorations(t.db, now)).toBe(1)
  expect(await takeUpRestorations(t.db, now)).toBe(0)
  const rows = await t.db
    .selectFrom('restore')
    .select('mailbox_id')
    .where('restoration_id', '=', id)
    .execute()
  expect(rows.map(row => row.mailbox_id)).toEqual([mailboxes.ben])
  expect(await showRestoration(t.db, everything, id)).toMatchObject({
    kind: 'period',
    openedAt: ago(20),
    closedAt: ago(10),
    mailboxes: { due: 1 },
  })
  expect((await listRestorations(t.db, everything)).map(one => one.kind).sort()).toEqual([
    'incident',
    'period',
  ])
})

test('a hold for a domain is taken up, a window in which an incident was opened is not', async () => {
  const held = await plan({ domain: 'a.example' }, { kind: 'override', mail: 'hold' }, 9, 8)
  await advancePeriods(t.db, ago(8))
  const window = await plan({ backend: backendId }, { kind: 'maintenance', mail: 'deliver' }, 7, 5)
  const during = { backend_id: backendId, opened_at: ago(6), cause: null, detail: null, period_id: window }
  await t.db
    .insertInto('incident')
    .values({ ...during, id: newId(), closed_at: null })
    .execute()
  await advancePeriods(t.db, ago(5))
  expect(await takeUpRestorations(t.db, now)).toBe(1)
  expect(await showRestoration(t.db, everything, held)).toMatchObject({ kind: 'period', closedAt: ago(8) })
  expect(await showRestoration(t.db, everything, window)).toBeNull()
  await t.db.deleteFrom('incident').where('closed_at', 'is', null).execute()
})

test('each time of a window that repeats is taken up, and what was not yet is not', async () => {
  const target = await findTarget(t.db, everything, { backend: backendId })
  if ('refused' in target) throw new Error(target.refused)
  const rule = { every: 'week', step: 1, first: '2026-02-15T11:56', zone: 'UTC', minutes: 2 } as const
  const start = new Date('2026-02-15T11:00:00Z')
  const window = { kind: 'maintenance', mail: 'deliver', by: 'cli', rule, target } as const
  const period = await addPeriod(t.db, window, start)
  for (const day of ['02-15', '02-22', '03-01']) {
    await advancePeriods(t.db, new Date(`2026-${day}T11:56:01Z`))
    await advancePeriods(t.db, new Date(`2026-${day}T11:58:01Z`))
  }
  await takeUpRestorations(t.db, now)
  const taken = (await listRestorations(t.db, everything)).filter(one => one.openedAt.getUTCMinutes() === 56)
  expect(taken.map(one => one.id)).not.toContain(period!.id)
  expect(taken.map(one => one.openedAt.getUTCDate()).sort()).toEqual([1, 15, 22])
})

test("another organization's incident is not there, and neither are statements of other people's mailboxes", async () => {
  const scope = { type: 'organization', id: newId() } as const
  const [one] = await listRestorations(t.db, everything)
  expect(await listRestorations(t.db, scope)).toEqual([])
  expect(await showRestoration(t.db, scope, one!.id)).toBeNull()
  const numbers = JSON.stringify({ received: 1 })
  await t.db
    .insertInto('statement')
    .values({ restoration_id: one!.id, mailbox_id: mailboxes.ben!, numbers, lines: '[]' })
    .execute()
  expect(await readStatements(t.db, [mailboxes.ann!])).toEqual([])
  expect(await readStatements(t.db, [])).toEqual([])
})

test('ids of rows are compared by the time they were made at', () => {
  expect(firstIdOf(new Date(Date.now() - 1_000)) < newId()).toBe(true)
  expect(firstIdOf(new Date(Date.now() + 60_000)) > newId()).toBe(true)
})
