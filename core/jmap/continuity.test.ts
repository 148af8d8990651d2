/** Periods, and what people are told while one is under way. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Event } from '../continuity/machine.ts'
import { findTarget, type Wanted } from '../continuity/period-target.ts'
import { addPeriod, advancePeriods, endPeriod, listPeriods, type NewPeriod } from '../continuity/periods.ts'
import { loadHealth, override, report } from '../continuity/store.ts'
import { newId } from '../db/id.ts'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { everything } from '../queue/scope.ts'
import { accountContinuity } from './continuity.ts'

let database: TestDatabase
let backendId: string
let organizationId: string
let ann: string
let ben: string
const at = (minute: number) => new Date(Date.UTC(2026, 10, 2, 10, minute))
const later = (minute: number, second: number) => new Date(at(minute).getTime() + second * 1_000)
const failure: Event = { type: 'failure', source: 'delivery', cause: 'refused', detail: 'ECONNREFUSED' }

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(async () => await database?.close())
beforeEach(async () => {
  const { db } = database
  await db.deleteFrom('message').execute()
  await db.deleteFrom('domain').execute()
  await db.deleteFrom('organization').execute()
  organizationId = newId()
  backendId = newId()
  await db.insertInto('organization').values({ id: organizationId, name: 'Example' }).execute()
  await db
    .insertInto('backend')
    .values({ id: backendId, organization_id: organizationId, name: 'mail', hosts: 'x', health_since: at(0) })
    .execute()
  await db
    .insertInto('domain')
    .values({ id: newId(), organization_id: organizationId, name: 'x.test', backend_id: backendId })
    .execute()
  ann = await mailbox('ann@x.test')
  ben = await mailbox('ben@x.test')
  for (const mailbox_id of [ann, ben]) {
    await db.insertInto('address').values({ address: 'all@x.test', mailbox_id }).execute()
  }
})

async function mailbox(address: string): Promise<string> {
  const id = newId()
  const { db } = database
  await db
    .insertInto('mailbox')
    .values({ id, organization_id: organizationId, address, kind: 'personal' })
    .execute()
  await db.insertInto('address').values({ address, mailbox_id: id }).execute()
  return id
}

async function plan(
  wanted: Wanted,
  more: Partial<Omit<NewPeriod, 'target'>> & { from?: Date; to?: Date | null } = {},
  now = at(0),
) {
  const target = await findTarget(database.db, everything, wanted)
  if ('refused' in target) throw new Error(target.refused)
  const { from = at(10), to = at(20), ...rest } = more
  const times = 'rule' in rest && rest.rule ? { rule: rest.rule } : { startsAt: from, endsAt: to }
  return await addPeriod(
    database.db,
    {
      kind: 'maintenance',
      mail: 'hold',
      by: 'admin',
      reason: 'new disks',
      ...rest,
      ...times,
      target,
    } as NewPeriod,
    now,
  )
}
const health = async (now: Date) => (await loadHealth(database.db, backendId, now))?.effective
const shown = async (id: string, now: Date) => (await accountContinuity(database.db, [id], now))[0]
const incidents = () => database.db.selectFrom('incident').selectAll().execute()

describe('a maintenance window', () => {
  test('treated as down holds the mail while it lasts, alarms nobody, and brings it back slowly', async () => {
    await plan({ backend: backendId })
    await advancePeriods(database.db, at(9))
    expect(await health(at(9))).toBe('up')
    await advancePeriods(database.db, at(10))
    expect(await health(at(10))).toBe('down')
    expect(await shown(ann, at(11))).toMatchObject({
      health: 'down',
      cause: 'maintenance',
      period: { kind: 'maintenance', reason: 'new disks', until: at(20).toISOString() },
    })
    const [incident] = await incidents()
    expect(incident?.period_id).not.toBeNull()
    await advancePeriods(database.db, at(20))
    expect(await health(at(20))).toBe('recovering')
    expect(await shown(ann, at(20))).toMatchObject({ period: null })
  })

  test('that only tries delivery leaves the health to the checks', async () => {
    await plan({ backend: backendId }, { mail: 'deliver' })
    await advancePeriods(database.db, at(10))
    expect(await health(at(11))).toBe('up')
    expect(await shown(ann, at(11))).toMatchObject({ health: 'degraded', cause: 'maintenance' })
  })

  test('a server that is still away when it ends is news from then on', async () => {
    await plan({ backend: backendId }, { mail: 'deliver' })
    await advancePeriods(database.db, at(10))
    for (const second of [0, 5, 11]) await report(database.db, backendId, failure, later(12, second))
    expect((await incidents())[0]?.period_id).not.toBeNull()
    await advancePeriods(database.db, at(20))
    expect((await incidents())[0]).toMatchObject({ period_id: null, closed_at: null })
  })

  test("does not touch an admin's override", async () => {
    await override(database.db, backendId, { to: 'up', reason: null, until: null, by: 'admin' }, at(1))
    await plan({ backend: backendId })
    await advancePeriods(database.db, at(10))
    expect(await health(at(11))).toBe('up')
    await advancePeriods(database.db, at(20))
    expect((await loadHealth(database.db, backendId, at(21)))?.override).toBe('up')
  })

  test('that repeats comes again', async () => {
    const rule = {
      every: 'week',
      step: 1,
      first: '2026-11-02T10:10',
      zone: 'UTC',
      minutes: 10,
    } as const
    const period = await plan({ domain: 'x.test' }, { rule } as never)
    expect(period).toMatchObject({ startsAt: at(10), endsAt: at(20), state: 'planned' })
    await advancePeriods(database.db, at(10))
    await advancePeriods(database.db, at(20))
    expect(await listPeriods(database.db, everything, {}, at(20))).toMatchObject([
      // The time that was stays, for what was done in it.
      { state: 'over', startsAt: at(10), endsAt: at(20), rule: null },
      { id: period?.id, state: 'planned', startsAt: new Date(at(10).getTime() + 7 * 86_400_000) },
    ])
  })

  test('that was taken back is over, and what it held goes on', async () => {
    const period = await plan({ backend: backendId })
    await advancePeriods(database.db, at(10))
    await endPeriod(database.db, everything, period!.id, at(12))
    expect(await health(at(12))).toBe('recovering')
    expect(await listPeriods(database.db, everything, {}, at(13))).toMatchObject([{ state: 'over' }])
  })

  test('one that is in the past already is none', async () => {
    expect(await plan({ backend: backendId }, {}, at(30))).toBeNull()
  })

  test('one that nobody opened in time is over without having been', async () => {
    await plan({ backend: backendId })
    await advancePeriods(database.db, at(30))
    expect(await health(at(30))).toBe('up')
    expect(await incidents()).toEqual([])
  })
})

describe('for chosen people', () => {
  const held = async () =>
    (await database.db.selectFrom('held_address').select('address').orderBy('address').execute()).map(
      row => row.address,
    )
  test('only theirs is held: an address that others have part in is not', async () => {
    await plan({ people: ['ann@x.test'] }, { kind: 'override', from: at(0), to: null })
    expect(await held()).toEqual(['ann@x.test'])
    expect(await shown(ann, at(1))).toMatchObject({ health: 'down', cause: 'override' })
    expect(await shown(ben, at(1))).toMatchObject({ health: 'up', period: null })
  })
  test('a group stands for its members', async () => {
    await plan({ people: ['all@x.test'] }, { from: at(0) })
    expect(await held()).toEqual(['all@x.test', 'ann@x.test', 'ben@x.test'])
  })
  test('a domain is held as a whole', async () => {
    const period = await plan({ domain: 'x.test' }, { from: at(0) })
    expect(await held()).toEqual(['@x.test'])
    await endPeriod(database.db, everything, period!.id, at(5))
    expect(await held()).toEqual([])
  })
  test('who is unknown is named', async () => {
    expect(await findTarget(database.db, everything, { people: ['eve@x.test'] })).toEqual({
      refused: 'no mailbox has the address eve@x.test',
    })
  })
  test("another organization's are not found", async () => {
    const scope = { type: 'organization', id: newId() } as const
    for (const wanted of [{ backend: backendId }, { domain: 'x.test' }, { people: ['ann@x.test'] }]) {
      expect(await findTarget(database.db, scope, wanted)).toHaveProperty('refused')
    }
  })
})

describe('a drill', () => {
  test('opens continuity while mail is delivered, ends by itself, and leaves a report', async () => {
    const { db } = database
    const person = (address: string, password: string | null) => ({
      id: newId(),
      organization_id: organizationId,
      address,
      password_hash: password,
    })
    const [anns, bens] = [person('ann@x.test', 'hash'), person('ben@x.test', null)]
    await db.insertInto('person').values([anns, bens]).execute()
    await db
      .insertInto('member')
      .values([
        { person_id: anns.id, mailbox_id: ann },
        { person_id: bens.id, mailbox_id: ben },
      ])
      .execute()
    await plan({ people: ['all@x.test'] }, { kind: 'drill', mail: 'deliver', from: at(0), to: at(30) })
    expect(await health(at(1))).toBe('up')
    expect(await shown(ann, at(1))).toMatchObject({
      health: 'degraded',
      cause: 'drill',
      period: { kind: 'drill', until: at(30).toISOString() },
    })
    await db
      .updateTable('person')
      .set({ last_seen_at: at(5) })
      .where('id', '=', anns.id)
      .execute()
    await advancePeriods(db, at(30))
    const [period] = await listPeriods(db, everything, { kind: 'drill' }, at(31))
    expect(period).toMatchObject({
      state: 'over',
      report: { people: 2, came: 1, withoutPassword: ['ben@x.test'], absent: [], received: 0, sent: 0 },
    })
    expect(await shown(ann, at(31))).toMatchObject({ health: 'up', period: null })
  })
  test('a real outage in the middle of it is what people are told of', async () => {
    await plan({ domain: 'x.test' }, { kind: 'drill', mail: 'deliver', from: at(0), to: at(30) })
    for (const second of [0, 5, 11]) await report(database.db, backendId, failure, later(2, second))
    expect(await shown(ann, at(3))).toMatchObject({ health: 'down', cause: 'refused', period: null })
  })
})
