import { afterEach, beforeEach, expect, test } from 'vitest'
import { newId } from '../db/id.ts'
import { silentLog } from '../observe/log.ts'
import type { SpoolReader } from '../spool/types.ts'
import { ingestAll, startIngest } from './ingest.ts'
import { ingestMessage } from './message.ts'
import { rebuildFromSpool } from './rebuild.ts'
import { type Company, letter, openCompany } from './testing.ts'
import { cancelDeleted, lockDeliveries, reopenRestored } from './trash.ts'

let company: Company
beforeEach(async () => {
  company = await openCompany()
})
afterEach(async () => {
  await company.close()
})

const ingest = (reader: SpoolReader = company.spool) =>
  ingestAll({
    db: company.db,
    reader,
    directory: company.directory,
    queues: company.queues,
    log: silentLog,
  })

const inboxOf = (mailboxId: string) =>
  company.db
    .selectFrom('email')
    .innerJoin('folder', 'folder.id', 'email.folder_id')
    .selectAll('email')
    .select('folder.role')
    .where('email.mailbox_id', '=', mailboxId)
    .orderBy('email.received_at')
    .orderBy('email.id')
    .execute()

const deliveries = () =>
  company.db
    .selectFrom('delivery')
    .innerJoin('recipient', 'recipient.delivery_id', 'delivery.id')
    .select([
      'delivery.id',
      'message_id',
      'backend_id',
      'destination',
      'hold_reason',
      'backlog',
      'address',
      'delivery.state',
      'recipient.state as recipientState',
      'delivery.organization_id',
    ])
    .orderBy('recipient.address')
    .execute()

test('a message is in the mailbox of each recipient and has one delivery for its backend', async () => {
  await company.accept(letter({ subject: 'Für alle' }), {
    to: ['Anna+news@example.org', 'team@example.org', 'hello@example.org'],
  })
  expect(await ingest()).toEqual({ messages: 1, setAside: 0 })
  for (const mailbox of [company.mailboxes.anna, company.mailboxes.ben, company.mailboxes.info]) {
    const [email, ...more] = await inboxOf(mailbox)
    expect(email).toMatchObject({ subject: 'Für alle', role: 'inbox', preview: 'Good morning.' })
    expect(more).toEqual([])
  }
  expect(await inboxOf(company.mailboxes.eve)).toEqual([])
  const rows = await deliveries()
  expect(rows.map(row => row.address)).toEqual([
    'Anna+news@example.org',
    'hello@example.org',
    'team@example.org',
  ])
  expect(new Set(rows.map(row => row.id)).size).toBe(1)
  expect(rows[0]).toMatchObject({ state: 'queued', backlog: false })
  expect(company.enqueued.map(one => one.id)).toEqual([rows[0]!.id])
})

test('with its backend down a delivery is held and the mail is there to read', async () => {
  await company.setHealth('example.org', 'down')
  await company.accept(letter())
  await ingest()
  expect(await deliveries()).toMatchObject([{ state: 'held', hold_reason: 'backend', backlog: true }])
  expect(company.enqueued).toEqual([])
  expect(await inboxOf(company.mailboxes.anna)).toHaveLength(1)
})

test('reading the log twice, or from two places, doubles nothing', async () => {
  const content = Buffer.from(letter())
  const { id, location } = await company.accept(content)
  await ingest()
  await company.db.deleteFrom('checkpoint').execute()
  expect(await ingest()).toMatchObject({ messages: 0 })
  const envelope = {
    id,
    kind: 'inbound' as const,
    sender: 'x@y.example',
    recipients: [{ address: 'anna@example.org' }],
    receivedAt: new Date().toISOString(),
  }
  await Promise.all(
    [1, 2].map(() => ingestMessage(company, { envelope, location, size: content.length, content })),
  )
  expect(await inboxOf(company.mailboxes.anna)).toHaveLength(1)
  expect(await deliveries()).toHaveLength(1)
})

test('several organizations in one message have a delivery each', async () => {
  await company.accept(letter(), { to: ['anna@example.org', 'eve@other.example'] })
  await ingest()
  const rows = await deliveries()
  expect(new Set(rows.map(row => row.backend_id)).size).toBe(2)
  expect(new Set(rows.map(row => row.organization_id)).size).toBe(2)
  const message = await company.db.selectFrom('message').select('organization_id').executeTakeFirstOrThrow()
  expect(message.organization_id).toBeNull()
})

test('a domain that vanished since acceptance leaves a delivery for an admin, never nothing', async () => {
  await company.accept(letter(), { to: ['anna@gone.example', 'ghost@example.org'] })
  await ingest()
  expect(await deliveries()).toMatchObject([
    { address: 'anna@gone.example', state: 'held', hold_reason: 'admin', backend_id: null },
    { address: 'ghost@example.org', state: 'queued' },
  ])
})

test('what was submitted goes to colleagues, to the outside by domain, and to Sent', async () => {
  const emailId = newId()
  await company.accept(letter({ from: 'anna@example.org' }), {
    kind: 'submission',
    sender: 'anna@example.org',
    to: ['ben@example.org', 'a@one.example', 'b@one.example', 'c@two.example'],
    copy: { mailboxId: company.mailboxes.anna, role: 'sent', keywords: ['$seen'], emailId },
  })
  await ingest()
  expect(await inboxOf(company.mailboxes.anna)).toMatchObject([
    { id: emailId, role: 'sent', keywords: ['$seen'], copy: true },
  ])
  expect(await inboxOf(company.mailboxes.ben)).toHaveLength(1)
  const rows = await deliveries()
  expect(new Set(rows.map(row => row.id)).size).toBe(3)
  expect(rows.filter(row => row.backend_id === null).map(row => row.destination)).toEqual([
    'one.example',
    'one.example',
    'two.example',
  ])
  expect(rows.every(row => row.state === 'queued' && row.organization_id)).toBe(true)
})

test('a message to oneself is there twice: sent and received', async () => {
  await company.accept(letter(), {
    kind: 'submission',
    sender: 'anna@example.org',
    to: ['anna@example.org'],
    copy: { mailboxId: company.mailboxes.anna, role: 'sent', keywords: ['$seen'], emailId: newId() },
  })
  await ingest()
  const emails = await inboxOf(company.mailboxes.anna)
  expect(emails.map(email => email.role).sort()).toEqual(['inbox', 'sent'])
  expect(new Set(emails.map(email => email.thread_id)).size).toBe(1)
})

test('an answer joins its conversation, another subject does not', async () => {
  await company.accept(letter({ id: 'one@x', subject: 'Plan' }))
  await company.accept(letter({ id: 'two@x', replyTo: 'one@x', subject: 'RE: Plan' }))
  await ingest()
  await company.accept(letter({ id: 'three@x', replyTo: 'two@x', subject: 'Re: Re: Plan' }))
  await company.accept(letter({ id: 'four@x', replyTo: 'two@x', subject: 'Lunch' }))
  await ingest()
  const emails = await inboxOf(company.mailboxes.anna)
  const threadOf = (subject: string) => emails.find(email => email.subject === subject)!.thread_id
  expect(threadOf('RE: Plan')).toBe(threadOf('Plan'))
  expect(threadOf('Re: Re: Plan')).toBe(threadOf('Plan'))
  expect(threadOf('Lunch')).not.toBe(threadOf('Plan'))
})

test('every change raises the modseq of its mailbox and of no other', async () => {
  const modseqs = async () =>
    new Map(
      (await company.db.selectFrom('mailbox').select(['id', 'modseq']).execute()).map(r => [r.id, r.modseq]),
    )
  const before = await modseqs()
  await company.accept(letter())
  await ingest()
  const after = await modseqs()
  expect(after.get(company.mailboxes.anna)).toBe(before.get(company.mailboxes.anna)! + 1)
  expect(after.get(company.mailboxes.ben)).toBe(before.get(company.mailboxes.ben))
  const [email] = await inboxOf(company.mailboxes.anna)
  expect(email!.updated_modseq).toBe(after.get(company.mailboxes.anna))
})

test('a record that the database refuses is set aside and those behind it are not kept waiting', async () => {
  await company.accept(letter({ subject: 'first' }))
  // A receipt time that no calendar has.
  await company.accept(letter({ subject: 'poison' }), { receivedAt: 'yesterday, or so' })
  await company.accept(letter({ subject: 'last' }))
  expect(await ingest()).toEqual({ messages: 2, setAside: 1 })
  const subjects = (await inboxOf(company.mailboxes.anna)).map(email => email.subject)
  expect(subjects).toEqual(['first', 'last'])
  const aside = await company.db.selectFrom('set_aside').selectAll().execute()
  expect(aside).toMatchObject([{ reason: expect.stringContaining('refused') }])
  expect(await ingest()).toEqual({ messages: 0, setAside: 0 })
})

test('damage in the log is recorded and passed over', async () => {
  await company.accept(letter({ subject: 'before' }))
  const { location } = await company.accept(letter({ subject: 'after' }))
  const damaged: SpoolReader = {
    segments: () => company.spool.segments(),
    read: at => company.spool.read(at),
    watch: onChange => company.spool.watch(onChange),
    async *scan(segment, from) {
      for await (const record of company.spool.scan(segment, from)) {
        if (record.location.position !== location.position) yield record
        else yield { type: 'damage', location: record.location, next: record.next, reason: 'bad checksum' }
      }
    },
  }
  expect(await ingest(damaged)).toEqual({ messages: 1, setAside: 1 })
  expect(await company.db.selectFrom('set_aside').select('reason').execute()).toEqual([
    { reason: 'damage: bad checksum' },
  ])
})

test('a running ingest sees what is appended, and goes on after the database was away', async () => {
  let away = true
  const running = startIngest({
    db: company.db,
    reader: company.spool,
    directory: () => {
      if (away) throw new Error('not now')
      return company.directory()
    },
    queues: company.queues,
    log: silentLog,
  })
  try {
    await company.accept(letter())
    await expect.poll(() => running.lag().fault).toBe('not now')
    away = false
    await expect.poll(() => inboxOf(company.mailboxes.anna)).toHaveLength(1)
    await company.accept(letter())
    await expect.poll(() => inboxOf(company.mailboxes.anna)).toHaveLength(2)
    await expect.poll(() => running.lag()).toEqual({ behind: 0, setAside: 0 })
  } finally {
    await running.close()
  }
})

test('two ingests at once insert everything once', async () => {
  const options = {
    db: company.db,
    reader: company.spool,
    directory: company.directory,
    queues: company.queues,
    log: silentLog,
  }
  const running = [startIngest(options), startIngest(options)]
  try {
    for (let i = 0; i < 30; i++) {
      await company.accept(letter({ subject: `no ${i}` }), { to: ['team@example.org', 'a@out.example'] })
    }
    await expect.poll(() => inboxOf(company.mailboxes.ben), { timeout: 10_000 }).toHaveLength(30)
    expect(await deliveries()).toHaveLength(60)
  } finally {
    await Promise.all(running.map(one => one.close()))
  }
})

test('a rebuild gives back messages and what became of each recipient', async () => {
  await company.setHealth('example.org', 'down')
  const one = await company.accept(letter({ subject: 'settled' }), {
    to: ['anna@example.org', 'ben@example.org', 'x@out.example'],
  })
  const two = await company.accept(letter({ subject: 'deleted' }))
  const three = await company.accept(letter({ subject: 'restored' }))
  const gone = await company.accept(letter({ subject: 'gone' }))
  await company.accept(letter({ subject: 'waiting' }))
  const at = (second: number) => new Date(Date.UTC(2026, 10, 2, 10, 0, second)).toISOString()
  await company.spool.note([
    { kind: 'settled', messageId: one.id, address: 'anna@example.org', state: 'delivered', at: at(1) },
    { kind: 'settled', messageId: one.id, address: 'ben@example.org', state: 'failed', at: at(1) },
    { kind: 'settled', messageId: two.id, address: 'anna@example.org', state: 'cancelled', at: at(2) },
    { kind: 'settled', messageId: three.id, address: 'anna@example.org', state: 'cancelled', at: at(3) },
    { kind: 'reopened', messageId: three.id, address: 'anna@example.org', at: at(4) },
    { kind: 'settled', messageId: gone.id, address: 'anna@example.org', state: 'delivered', at: at(5) },
    { kind: 'removed', messageId: gone.id, at: at(6) },
  ])
  await ingest()
  const view = async () =>
    (await deliveries()).map(row => [row.message_id, row.address, row.state, row.recipientState]).sort()
  const expected = await view()
  expect(expected).toHaveLength(6)

  const rebuilt = await rebuildFromSpool(company.db, company.spool, company.directory())
  expect(rebuilt).toEqual({ messages: 4, setAside: 0 })
  expect(await view()).toEqual(expected)
  const states = new Map(
    expected.map(([id, address, state, recipient]) => [`${id} ${address}`, [state, recipient]]),
  )
  expect(states.get(`${one.id} anna@example.org`)).toEqual(['failed', 'delivered'])
  expect(states.get(`${one.id} x@out.example`)?.[1]).toBe('waiting')
  expect(states.get(`${two.id} anna@example.org`)).toEqual(['cancelled', 'cancelled'])
  expect(states.get(`${three.id} anna@example.org`)).toEqual(['held', 'waiting'])
  // By name: they may have come within the same millisecond.
  const roles = (await inboxOf(company.mailboxes.anna)).map(email => [email.subject, email.role])
  expect(roles.sort()).toEqual([
    ['deleted', 'trash'],
    ['restored', 'inbox'],
    ['settled', 'inbox'],
    ['waiting', 'inbox'],
  ])
})

test('deleting cancels what waits once nobody else wants it, and undo lets it wait again', async () => {
  await company.setHealth('example.org', 'down')
  await company.accept(letter(), { to: ['team@example.org'] })
  await ingest()
  const now = new Date()
  const move = async (mailboxId: string, role: 'trash' | 'inbox') =>
    await company.db.transaction().execute(async tx => {
      const [email] = await inboxOf(mailboxId)
      await lockDeliveries(tx, [email!.id])
      await tx
        .updateTable('email')
        .set(eb => ({
          folder_id: eb
            .selectFrom('folder')
            .select('id')
            .where('mailbox_id', '=', mailboxId)
            .where('role', '=', role)
            .limit(1),
        }))
        .where('id', '=', email!.id)
        .execute()
      return role === 'trash'
        ? await cancelDeleted(tx, [email!.id], now)
        : await reopenRestored(tx, [email!.id], now)
    })
  const { anna, ben } = company.mailboxes
  expect(await move(anna, 'trash')).toEqual([])
  expect(await deliveries()).toMatchObject([{ state: 'held' }])
  expect(await move(ben, 'trash')).toMatchObject([{ kind: 'settled', state: 'cancelled' }])
  expect(await deliveries()).toMatchObject([{ state: 'cancelled', recipientState: 'cancelled' }])
  expect(await move(ben, 'inbox')).toMatchObject([{ kind: 'reopened' }])
  expect(await deliveries()).toMatchObject([{ state: 'held', recipientState: 'waiting' }])
})
