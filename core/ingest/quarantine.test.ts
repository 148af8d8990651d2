import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ScanRecord } from '../db/schema/scan.ts'
import { silentLog } from '../observe/log.ts'
import { actOnDeliveries } from '../queue/actions.ts'
import { readOverview } from '../queue/overview.ts'
import { countQuarantine, listQuarantine, quarantineIds } from '../queue/quarantine.ts'
import { KINDS } from '../queue/quarantine-kinds.ts'
import { everything, type Scope } from '../queue/scope.ts'
import type { Disposition } from '../spool/types.ts'
import { ingestAll } from './ingest.ts'
import { actOnQuarantine, type QuarantineContext } from './quarantine.ts'
import { rebuildFromSpool } from './rebuild.ts'
import { type Company, letter, openCompany } from './testing.ts'

let company: Company
let audited: { organizationId: string | null; ids: string[] }[]
beforeEach(async () => {
  company = await openCompany()
  audited = []
})
afterEach(async () => {
  await company.close()
})

const context = (): QuarantineContext => ({
  db: company.db,
  spool: company.spool,
  directory: company.directory,
  now: () => new Date(),
  note: notes => company.spool.note(notes),
  audit: async (_tx, batch) => {
    audited.push(batch)
  },
})

const virus: ScanRecord = {
  verdict: 'quarantine',
  steps: [{ step: 'clamd', verdict: 'quarantine', reason: 'virus', detail: 'Eicar', ms: 3 }],
}
const spam: ScanRecord = {
  verdict: 'quarantine',
  steps: [{ step: 'rspamd', verdict: 'quarantine', reason: 'spam', score: 9, ms: 3 }],
}

async function arrive(disposition: Disposition | undefined, to = ['anna@example.org'], subject = 'Hello') {
  const scan = disposition === 'junk' ? spam : disposition === 'quarantine' ? virus : undefined
  const { id } = await company.accept(letter({ subject }), {
    recipients: to.map(address => ({ address, ...(disposition && { disposition }) })),
    ...(scan && { scan }),
  } as object)
  await ingestAll({
    db: company.db,
    reader: company.spool,
    directory: company.directory,
    queues: company.queues,
    log: silentLog,
  })
  return id
}

const folders = async (mailboxId: string) =>
  (
    await company.db
      .selectFrom('email')
      .innerJoin('folder', 'folder.id', 'email.folder_id')
      .select(['folder.role', 'email.subject'])
      .where('email.mailbox_id', '=', mailboxId)
      .orderBy('email.id')
      .execute()
  ).map(row => row.role)
const deliveries = async () =>
  (
    await company.db
      .selectFrom('delivery')
      .innerJoin('recipient', 'recipient.delivery_id', 'delivery.id')
      .select(['address', 'delivery.state', 'hold_reason', 'recipient.state as recipient'])
      .orderBy('address')
      .execute()
  ).map(row => [row.address, row.state, row.hold_reason, row.recipient])
const scopeOf = async (name: string): Promise<Scope> => ({
  type: 'organization',
  id: (
    await company.db
      .selectFrom('organization')
      .select('id')
      .where('name', '=', name)
      .executeTakeFirstOrThrow()
  ).id,
})

test('what is quarantined is nobody’s to read, counts in no queue, and no action on what waits reaches it', async () => {
  await arrive('quarantine')
  expect(await folders(company.mailboxes.anna)).toEqual([])
  expect(await deliveries()).toEqual([['anna@example.org', 'held', 'quarantine', 'waiting']])
  const overview = await readOverview(company.db, everything, new Date())
  expect(overview.totals).toMatchObject({ depth: { total: 0, held: 0 }, oldest: null })
  expect(overview.backends.find(one => one.name === 'example.org')).toMatchObject({
    heldBy: { quarantine: 1, backend: 0 },
    depth: { total: 0 },
  })
  const how = { now: new Date(), note: async () => {} }
  const ids = await quarantineIds(company.db, everything, {}, { limit: 10 })
  expect(ids).toHaveLength(1)
  for (const action of ['retry', 'hold', 'release'] as const) {
    expect(await actOnDeliveries(company.db, everything, action, ids, how)).toMatchObject({ changed: 0 })
    expect(await actOnDeliveries(company.db, everything, action, {}, how)).toMatchObject({ matched: 0 })
  }
  expect(company.enqueued).toEqual([])
})

test('a released message is in its mailboxes and on its way, and a rebuild leaves it so', async () => {
  await arrive('quarantine', ['team@example.org', 'info@example.org'], 'Invoice')
  expect(await actOnQuarantine(context(), everything, 'release', {})).toEqual({
    matched: 1,
    changed: 1,
    failed: 0,
  })
  const check = async () => {
    for (const name of ['anna', 'ben', 'info'] as const) {
      expect(await folders(company.mailboxes[name]), name).toEqual(['inbox'])
    }
    expect(await deliveries()).toEqual([
      ['info@example.org', 'queued', null, 'waiting'],
      ['team@example.org', 'queued', null, 'waiting'],
    ])
  }
  await check()
  const email = await company.db
    .selectFrom('email')
    .innerJoin('email_recipient', 'email_recipient.email_id', 'email.id')
    .select(['subject', 'address'])
    .where('mailbox_id', '=', company.mailboxes.ben)
    .execute()
  expect(email).toEqual([{ subject: 'Invoice', address: 'team@example.org' }])
  expect(await company.db.selectFrom('lesson').select('class').execute()).toEqual([{ class: 'ham' }])
  expect(audited).toHaveLength(1)
  // Once more: there is nothing left to release.
  expect(await actOnQuarantine(context(), everything, 'release', {})).toMatchObject({ matched: 0 })
  await rebuildFromSpool(company.db, company.spool, company.directory())
  await check()
})

test('with its server away a released message is there to read and waits for it', async () => {
  await arrive('quarantine')
  await company.setHealth('example.org', 'down')
  await actOnQuarantine(context(), everything, 'release', {})
  expect(await deliveries()).toEqual([['anna@example.org', 'held', 'backend', 'waiting']])
  expect(await folders(company.mailboxes.anna)).toEqual(['inbox'])
})

test('two admins release the same at once, and it is there once', async () => {
  for (let i = 0; i < 5; i++) await arrive('quarantine')
  const both = await Promise.all([1, 2].map(() => actOnQuarantine(context(), everything, 'release', {})))
  expect(both.reduce((sum, one) => sum + one.changed, 0)).toBe(5)
  expect(await folders(company.mailboxes.anna)).toEqual(Array(5).fill('inbox'))
})

test('spam released by an admin leaves the Junk folder, spam deleted goes to Trash and is never delivered', async () => {
  await arrive('junk', ['anna@example.org'], 'One')
  await arrive('junk', ['ben@example.org'], 'Two')
  expect(await folders(company.mailboxes.anna)).toEqual(['junk'])
  expect(await deliveries()).toEqual([
    ['anna@example.org', 'held', 'spam', 'waiting'],
    ['ben@example.org', 'held', 'spam', 'waiting'],
  ])
  const holds = ['spam'] as const
  await actOnQuarantine(context(), everything, 'release', { holds, text: 'anna@' })
  await actOnQuarantine(context(), everything, 'delete', { holds })
  expect(await folders(company.mailboxes.anna)).toEqual(['inbox'])
  expect(await folders(company.mailboxes.ben)).toEqual(['trash'])
  expect(await deliveries()).toEqual([
    ['anna@example.org', 'queued', null, 'waiting'],
    ['ben@example.org', 'cancelled', null, 'cancelled'],
  ])
})

test('one who wants it and one who does not: the released mailbox keeps the e-mail it has', async () => {
  await company.accept(letter(), {
    recipients: [{ address: 'anna@example.org' }, { address: 'team@example.org', disposition: 'quarantine' }],
  } as object)
  await ingestAll({
    db: company.db,
    reader: company.spool,
    directory: company.directory,
    queues: company.queues,
    log: silentLog,
  })
  expect(await folders(company.mailboxes.anna)).toEqual(['inbox'])
  await actOnQuarantine(context(), everything, 'release', {})
  expect(await folders(company.mailboxes.anna)).toEqual(['inbox'])
  expect(await folders(company.mailboxes.ben)).toEqual(['inbox'])
  const links = await company.db
    .selectFrom('email_recipient')
    .innerJoin('email', 'email.id', 'email_recipient.email_id')
    .select('address')
    .where('mailbox_id', '=', company.mailboxes.anna)
    .orderBy('address')
    .execute()
  expect(links.map(row => row.address)).toEqual(['anna@example.org', 'team@example.org'])
})

test('an organization sees and touches only its own', async () => {
  await arrive('quarantine', ['anna@example.org'], 'Ours')
  await arrive('quarantine', ['eve@other.example'], 'Theirs')
  const example = await scopeOf('Example')
  expect((await listQuarantine(company.db, example, {}))?.items.map(item => item.subject)).toEqual(['Ours'])
  const theirs = await quarantineIds(company.db, await scopeOf('Other'), {}, { limit: 10 })
  for (const action of ['release', 'delete'] as const) {
    expect(await actOnQuarantine(context(), example, action, theirs)).toMatchObject({
      matched: 0,
      changed: 0,
    })
  }
  expect(await countQuarantine(company.db, everything, {})).toBe(2)
})

test('the list finds by words and by what was found, page by page', async () => {
  for (let i = 0; i < 5; i++) await arrive('quarantine', ['anna@example.org'], `Virus ${i}`)
  await arrive('unscanned', ['ben@example.org'], 'Later')
  await arrive('junk', ['ben@example.org'], 'Cheap watches')
  const subjects = async (filter: Parameters<typeof listQuarantine>[2]) =>
    (await listQuarantine(company.db, everything, filter))?.items.map(item => item.subject)
  expect(await subjects({ text: 'ben' })).toEqual(['Later'])
  expect(await subjects({ holds: ['spam'], text: 'WATCHES out@' })).toEqual(['Cheap watches'])
  expect(await subjects({ kind: 'unscanned' })).toEqual(['Later'])
  expect((await subjects({ kind: 'virus' }))?.length).toBe(5)
  const all = { holds: ['spam', 'quarantine', 'scan'] as const }
  const counts = await Promise.all(
    KINDS.map(kind => countQuarantine(company.db, everything, { ...all, kind })),
  )
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(7)
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await listQuarantine(company.db, everything, all, { limit: 2, ...(cursor && { cursor }) })
    seen.push(...page!.items.map(item => item.id))
    cursor = page!.next ?? undefined
  } while (cursor)
  expect(new Set(seen).size).toBe(7)
  expect(await listQuarantine(company.db, everything, {}, { cursor: 'nonsense' })).toBeNull()
})
