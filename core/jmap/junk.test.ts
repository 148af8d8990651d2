/** Junk decides about delivery: in, out, to Trash and back, alone and in a group. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ScanRecord } from '../db/schema/scan.ts'
import { rebuildFromSpool } from '../ingest/rebuild.ts'
import { letter } from '../ingest/testing.ts'
import type { Disposition } from '../spool/types.ts'
import { type Client, type Company, clientFor, ingest, openCompany } from './testing.ts'

let company: Company
let anna: Client
let ben: Client
beforeEach(async () => {
  company = await openCompany()
  anna = clientFor(company, company.people.anna)
  ben = clientFor(company, company.people.ben)
})
afterEach(async () => {
  await company.close()
})

const scan: ScanRecord = {
  verdict: 'quarantine',
  steps: [
    { step: 'authentication', verdict: 'mark', reason: 'sender-unproven', detail: 'x.example', ms: 3 },
    {
      step: 'rspamd',
      verdict: 'quarantine',
      reason: 'spam',
      score: 9.5,
      symbols: ['SECRET_RULE(9)'],
      engine: 'http://filter:11333',
      ms: 12,
    },
    { step: 'clamd', verdict: 'pass', reason: 'clean', ms: 2 },
  ],
}

async function arrive(to: string[], disposition?: Disposition): Promise<void> {
  await company.accept(letter(), {
    recipients: to.map(address => ({ address, ...(disposition && { disposition }) })),
    ...(disposition && { scan }),
  } as object)
  await ingest(company)
}

async function only(client: Client, accountId: string) {
  const { ids } = await client.call('Email/query', { accountId })
  const properties = ['mailboxIds', 'restante:delivery', 'restante:scan']
  const { list } = await client.call('Email/get', { accountId, ids, properties })
  expect(list).toHaveLength(1)
  return list[0]!
}

async function move(client: Client, accountId: string, role: string): Promise<void> {
  const { id } = await only(client, accountId)
  const folder = await client.folder(accountId, role)
  const result = await client.call('Email/set', {
    accountId,
    update: { [id]: { mailboxIds: { [folder]: true } } },
  })
  expect(result.notUpdated ?? {}).toEqual({})
}

const states = async () =>
  Object.fromEntries(
    (
      await company.db
        .selectFrom('delivery')
        .innerJoin('recipient', 'recipient.delivery_id', 'delivery.id')
        .select(['address', 'delivery.state', 'hold_reason', 'recipient.state as recipient'])
        .execute()
    ).map(row => [
      row.address,
      row.recipient === 'waiting' ? [row.state, row.hold_reason].filter(Boolean).join(' ') : row.recipient,
    ]),
  )
const lessons = async () =>
  (await company.db.selectFrom('lesson').select(['class', 'changes']).execute()).map(row => row.class)

test('spam moved out of Junk is delivered with its envelope, and the filter learns from it', async () => {
  await arrive(['anna+news@example.org'], 'junk')
  const account = company.mailboxes.anna
  expect(await states()).toEqual({ 'anna+news@example.org': 'held spam' })
  expect(await lessons()).toEqual([])
  await move(anna, account, 'inbox')
  expect(await states()).toEqual({ 'anna+news@example.org': 'queued' })
  expect(await lessons()).toEqual(['ham'])
  // A rebuild does not put it back.
  await rebuildFromSpool(company.db, company.spool, company.directory())
  expect(await states()).toEqual({ 'anna+news@example.org': 'queued' })
  expect((await only(anna, account)).mailboxIds).toEqual({ [await anna.folder(account, 'inbox')]: true })
})

test('undo of "not spam" holds it again, with the server away it waits for that instead', async () => {
  await arrive(['anna@example.org'], 'junk')
  const account = company.mailboxes.anna
  await company.setHealth('example.org', 'down')
  await move(anna, account, 'inbox')
  expect(await states()).toEqual({ 'anna@example.org': 'held backend' })
  await move(anna, account, 'junk')
  expect(await states()).toEqual({ 'anna@example.org': 'held spam' })
  expect(await lessons()).toEqual(['spam'])
})

test('what waits for its server is not delivered once it is called junk, and is once it is not', async () => {
  await company.setHealth('example.org', 'down')
  await arrive(['anna@example.org'])
  const account = company.mailboxes.anna
  await move(anna, account, 'junk')
  expect(await states()).toEqual({ 'anna@example.org': 'held spam' })
  await rebuildFromSpool(company.db, company.spool, company.directory())
  expect(await states()).toEqual({ 'anna@example.org': 'held spam' })
  expect((await only(anna, account)).mailboxIds).toEqual({ [await anna.folder(account, 'junk')]: true })
  await move(anna, account, 'inbox')
  expect(await states()).toEqual({ 'anna@example.org': 'held backend' })
})

test('junk deleted is cancelled; restored to Junk it is held, restored elsewhere it is delivered', async () => {
  await arrive(['anna@example.org'], 'junk')
  const account = company.mailboxes.anna
  await move(anna, account, 'trash')
  expect(await states()).toEqual({ 'anna@example.org': 'cancelled' })
  expect(await lessons()).toEqual([])
  await move(anna, account, 'junk')
  expect(await states()).toEqual({ 'anna@example.org': 'held spam' })
  await move(anna, account, 'trash')
  await move(anna, account, 'inbox')
  expect(await states()).toEqual({ 'anna@example.org': 'queued' })
})

test('one recipient’s release leaves the others’ spam where it is', async () => {
  await arrive(['anna@example.org', 'ben@example.org'], 'junk')
  await move(anna, company.mailboxes.anna, 'inbox')
  expect(await states()).toEqual({ 'anna@example.org': 'queued', 'ben@example.org': 'held spam' })
  expect((await only(ben, company.mailboxes.ben))['restante:delivery']).toBe('held')
  await move(ben, company.mailboxes.ben, 'trash')
  expect(await states()).toEqual({ 'anna@example.org': 'queued', 'ben@example.org': 'cancelled' })
})

test('mail to a group is junk when all its members say so', async () => {
  await company.setHealth('example.org', 'down')
  await arrive(['team@example.org'])
  await move(anna, company.mailboxes.anna, 'junk')
  expect(await states()).toEqual({ 'team@example.org': 'held backend' })
  await move(ben, company.mailboxes.ben, 'trash')
  expect(await states()).toEqual({ 'team@example.org': 'held spam' })
  await move(ben, company.mailboxes.ben, 'archive')
  expect(await states()).toEqual({ 'team@example.org': 'held backend' })
})

test('what an admin holds is not released by moving it', async () => {
  await arrive(['anna@example.org'], 'junk')
  await company.db.updateTable('delivery').set({ hold_reason: 'admin' }).execute()
  await move(anna, company.mailboxes.anna, 'inbox')
  expect(await states()).toEqual({ 'anna@example.org': 'held admin' })
})

test('a client sees what was found, in codes, and neither symbols nor engines', async () => {
  await arrive(['anna@example.org'], 'junk')
  const email = await only(anna, company.mailboxes.anna)
  expect(email['restante:scan']).toEqual({
    verdict: 'quarantine',
    reasons: [
      { step: 'rspamd', verdict: 'quarantine', reason: 'spam', detail: null, score: 9.5 },
      {
        step: 'authentication',
        verdict: 'mark',
        reason: 'sender-unproven',
        detail: 'x.example',
        score: null,
      },
    ],
  })
})

test('moving to and fro is taught a few times at most', async () => {
  await arrive(['anna@example.org'], 'junk')
  for (let i = 0; i < 4; i++) {
    await move(anna, company.mailboxes.anna, 'inbox')
    await move(anna, company.mailboxes.anna, 'junk')
  }
  const [lesson] = await company.db.selectFrom('lesson').selectAll().execute()
  expect(lesson).toMatchObject({ changes: 3 })
})
