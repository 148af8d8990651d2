/** Sending later (RFC 8621 §7, RFC 4865): at its time, once; taken back before it, never; also after a rebuild. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sendDue } from '../ingest/later.ts'
import { rebuildFromSpool } from '../ingest/rebuild.ts'
import { silentLog } from '../observe/log.ts'
import {
  type Client,
  type Company,
  clientFor,
  ingest,
  type Json,
  openCompany,
  plainText,
  recipientStates,
} from './testing.ts'

let company: Company
let anna: Client
let ben: Client
let accountId: string
beforeEach(async () => {
  company = await openCompany()
  anna = clientFor(company, company.people.anna)
  ben = clientFor(company, company.people.ben)
  accountId = company.mailboxes.anna
})
afterEach(async () => {
  await company.close()
})

const HOUR = 3_600_000
const inAnHour = () => new Date(Date.now() + HOUR)
/** What the worker does, as if that much time had passed, in ms. */
const work = (later = 0) =>
  sendDue(
    {
      db: company.db,
      spool: company.spool,
      directory: company.directory,
      queues: company.queues,
      log: silentLog,
    },
    new Date(Date.now() + later),
  )

/** Writes a draft and submits it. @param set more of EmailSubmission/set */
async function schedule(parameters: Json | null, set: Json = {}): Promise<{ emailId: string; set: Json }> {
  const drafts = await anna.folder(accountId, 'drafts')
  const { list } = await anna.call('Identity/get', { accountId })
  const responses = await anna.request([
    [
      'Email/set',
      {
        accountId,
        create: {
          draft: {
            mailboxIds: { [drafts]: true },
            keywords: { $draft: true, $seen: true },
            to: [{ email: 'ben@example.org' }, { email: 'x@outside.example' }],
            subject: 'Later',
            ...plainText('Good morning.'),
          },
        },
      },
      'a',
    ],
    [
      'EmailSubmission/set',
      {
        accountId,
        create: {
          sub: {
            emailId: '#draft',
            identityId: list[0].id,
            envelope: {
              mailFrom: { email: 'anna@example.org', parameters },
              rcptTo: [{ email: 'ben@example.org' }, { email: 'x@outside.example' }],
            },
          },
        },
        ...set,
      },
      'b',
    ],
  ])
  return { emailId: responses[0]![1].created.draft.id, set: responses[1]![1] }
}
const hold = (at: Date) => ({ HOLDUNTIL: at.toISOString() })
const submission = async (id: string): Promise<Json> =>
  (await anna.call('EmailSubmission/get', { accountId, ids: [id] })).list[0]
const email = async (id: string): Promise<Json> =>
  (
    await anna.call('Email/get', {
      accountId,
      ids: [id],
      properties: ['mailboxIds', 'keywords', 'restante:sendAt'],
    })
  ).list[0]
const bensMail = async (): Promise<string[]> =>
  (await ben.call('Email/query', { accountId: company.mailboxes.ben })).ids

test('what is to go out later waits in Drafts, goes out once at its time, and lies in Sent then', async () => {
  const at = inAnHour()
  const { emailId, set } = await schedule(hold(at))
  const { id } = set.created.sub
  expect(set.created.sub).toMatchObject({ undoStatus: 'pending', sendAt: at.toISOString() })
  expect(await submission(id)).toMatchObject({
    undoStatus: 'pending',
    envelope: { mailFrom: { parameters: { HOLDUNTIL: at.toISOString() } } },
    deliveryStatus: null,
  })
  expect(await email(emailId)).toMatchObject({
    mailboxIds: { [await anna.folder(accountId, 'drafts')]: true },
    keywords: { $draft: true },
    'restante:sendAt': at.toISOString(),
  })
  await ingest(company)
  expect(await work()).toBe(0)
  expect(await work(HOUR - 60_000)).toBe(0)
  expect(await bensMail()).toEqual([])
  expect(await recipientStates(company)).toEqual([])
  expect(company.enqueued).toEqual([])
  const { state } = await anna.call('Email/get', { accountId, ids: [] })

  // Two workers look at the same time.
  const sent = await Promise.all([work(HOUR + 1_000), work(HOUR + 1_000)])
  expect(sent.sort()).toEqual([0, 1])
  expect(await work(HOUR + 2_000)).toBe(0)
  expect(await bensMail()).toHaveLength(1)
  expect(await recipientStates(company)).toMatchObject([
    { address: 'ben@example.org', delivery: 'queued' },
    { address: 'x@outside.example', delivery: 'queued' },
  ])
  expect(company.enqueued).toHaveLength(2)
  expect(await submission(id)).toMatchObject({ undoStatus: 'final' })
  expect(await email(emailId)).toMatchObject({
    mailboxIds: { [await anna.folder(accountId, 'sent')]: true },
    keywords: { $seen: true },
    'restante:sendAt': null,
  })
  const changes = await anna.call('Email/changes', { accountId, sinceState: state })
  expect(changes.updated).toEqual([emailId])
  const cancel = { accountId, update: { [id]: { undoStatus: 'canceled' } } }
  expect((await anna.call('EmailSubmission/set', cancel)).notUpdated[id].type).toBe('cannotUnsend')
})

test('what is taken back never goes out, and is a draft as before', async () => {
  const { emailId, set } = await schedule({ HOLDFOR: '10' })
  const { id } = set.created.sub
  const cancel = { accountId, update: { [id]: { undoStatus: 'canceled' } } }
  const taken = await anna.call('EmailSubmission/set', {
    ...cancel,
    onSuccessUpdateEmail: { [id]: { 'keywords/$flagged': true } },
  })
  expect(taken).toMatchObject({ updated: { [id]: null }, notUpdated: null })
  expect(await work(HOUR)).toBe(0)
  expect(await bensMail()).toEqual([])
  expect(await submission(id)).toMatchObject({ undoStatus: 'canceled' })
  expect(await email(emailId)).toMatchObject({
    mailboxIds: { [await anna.folder(accountId, 'drafts')]: true },
    keywords: { $draft: true, $flagged: true },
    'restante:sendAt': null,
  })
  expect((await anna.call('EmailSubmission/set', cancel)).notUpdated[id].type).toBe('cannotUnsend')
  const query = (undoStatus: string) =>
    anna.call('EmailSubmission/query', { accountId, filter: { undoStatus } })
  expect((await query('canceled')).ids).toEqual([id])
  expect((await query('pending')).ids).toEqual([])
})

test('sending and taking back at the same time: one of them, whole', async () => {
  for (let round = 0; round < 5; round++) {
    const { set } = await schedule({ HOLDFOR: '1' })
    const { id } = set.created.sub
    const before = (await bensMail()).length
    const [sent, cancel] = await Promise.all([
      work(5_000),
      anna.call('EmailSubmission/set', { accountId, update: { [id]: { undoStatus: 'canceled' } } }),
    ])
    const taken = cancel.notUpdated === null
    expect(sent).toBe(taken ? 0 : 1)
    expect(await bensMail()).toHaveLength(before + sent)
    expect((await submission(id)).undoStatus).toBe(taken ? 'canceled' : 'final')
  }
})

test('a rebuild keeps the time, forgets what was taken back, and sends nothing twice', async () => {
  const at = inAnHour()
  const waiting = await schedule(hold(at))
  const taken = await schedule(hold(at))
  await anna.call('EmailSubmission/set', {
    accountId,
    update: { [taken.set.created.sub.id]: { undoStatus: 'canceled' } },
  })
  await ingest(company)
  const rebuild = () => rebuildFromSpool(company.db, company.spool, company.directory())
  await rebuild()
  expect(await bensMail()).toEqual([])
  expect(await submission(waiting.set.created.sub.id)).toMatchObject({
    undoStatus: 'pending',
    sendAt: at.toISOString(),
    emailId: waiting.emailId,
  })
  const drafts = await anna.folder(accountId, 'drafts')
  for (const id of [waiting.emailId, taken.emailId]) {
    expect(await email(id)).toMatchObject({ mailboxIds: { [drafts]: true }, keywords: { $draft: true } })
  }
  expect(await work(HOUR + 1_000)).toBe(1)
  expect(await bensMail()).toHaveLength(1)
  expect(await work(2 * HOUR)).toBe(0)
})

test('a rebuild after its time finds it sent', async () => {
  const { emailId, set } = await schedule(hold(inAnHour()))
  expect(await work(HOUR + 1_000)).toBe(1)
  await ingest(company)
  const later = () => new Date(Date.now() + HOUR + 2_000)
  await rebuildFromSpool(company.db, company.spool, company.directory(), silentLog, later)
  expect(await submission(set.created.sub.id)).toMatchObject({ undoStatus: 'final' })
  expect(await bensMail()).toHaveLength(1)
  expect(await email(emailId)).toMatchObject({
    mailboxIds: { [await anna.folder(accountId, 'sent')]: true },
    keywords: { $seen: true },
  })
  expect(await work(2 * HOUR)).toBe(0)
})

test('a draft that is thrown away does not go out; one that sending itself destroys does', async () => {
  const trash = await anna.folder(accountId, 'trash')
  const one = await schedule({ HOLDFOR: '60' })
  await anna.call('Email/set', { accountId, update: { [one.emailId]: { mailboxIds: { [trash]: true } } } })
  const other = await schedule({ HOLDFOR: '60' })
  await anna.call('Email/set', { accountId, destroy: [other.emailId] })
  const wanted = await schedule({ HOLDFOR: '60' }, { onSuccessDestroyEmail: ['#sub'] })
  expect((await anna.call('Email/get', { accountId, ids: [wanted.emailId] })).list).toEqual([])
  expect(await work(HOUR)).toBe(1)
  expect(await bensMail()).toHaveLength(1)
  for (const { set } of [one, other]) {
    expect(await submission(set.created.sub.id)).toMatchObject({ undoStatus: 'canceled' })
  }
})

describe('the time', () => {
  test.each([
    ['both of them', { HOLDFOR: '5', HOLDUNTIL: '2030-01-01T00:00:00Z' }],
    ['no number', { HOLDFOR: 'soon' }],
    ['no date', { HOLDUNTIL: 'tomorrow' }],
    ['no zone', { HOLDUNTIL: '2030-01-01T00:00:00' }],
    ['more than a year', { HOLDFOR: String(400 * 86_400) }],
  ])('%s is refused', async (_, parameters) => {
    const { set } = await schedule(parameters)
    expect(set.notCreated.sub).toMatchObject({ type: 'invalidProperties', properties: ['envelope'] })
  })

  test('that has passed means now', async () => {
    const { set } = await schedule({ HOLDUNTIL: '2020-01-01T00:00:00Z' })
    expect(set.created.sub).toMatchObject({ undoStatus: 'final' })
    expect(await bensMail()).toHaveLength(1)
  })
})
