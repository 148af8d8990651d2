/** What a sender can do about a message on its way out, and that nobody else can. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { countFailure } from '../queue/suppression.ts'
import { type Company, clientFor, ingest, type Json, openCompany } from './testing.ts'

let company: Company
let anna: ReturnType<typeof clientFor>
let accountId: string
beforeAll(async () => {
  company = await openCompany()
  anna = clientFor(company, company.people.anna)
  anna.context.giveUp = { inbound: 1, outbound: 7_200_000 }
  accountId = company.mailboxes.anna
})
afterAll(() => company.close())

async function send(to: string[], subject: string, answer = 'created'): Promise<Json> {
  const drafts = await anna.folder(accountId, 'drafts')
  const { list } = await anna.call('Identity/get', { accountId })
  const email = {
    mailboxIds: { [drafts]: true },
    from: [{ email: 'anna@example.org' }],
    to: to.map(email => ({ email })),
    bcc: [{ email: 'ben@example.org' }],
    subject,
    textBody: [{ partId: 't', type: 'text/plain' }],
    bodyValues: { t: { value: 'Dear all' } },
  }
  const responses = await anna.request([
    ['Email/set', { accountId, create: { draft: email } }, 'a'],
    [
      'EmailSubmission/set',
      { accountId, create: { one: { identityId: list[0].id, emailId: '#draft' } } },
      'b',
    ],
  ])
  return responses.find(([name]) => name === 'EmailSubmission/set')![1][answer]?.one
}
const statusOf = async (id: string) =>
  (await anna.call('EmailSubmission/get', { accountId, ids: [id] })).list[0].deliveryStatus
const act = (submissionId: string, action: string, address: string, to?: string) =>
  anna.call('restante:Sent/act', { accountId, submissionId, action, address, to })
const putOff = (address: string) =>
  company.db
    .updateTable('delivery')
    .set({ state: 'deferred', next_attempt_at: new Date(Date.now() + 3_600_000) })
    .where(
      'id',
      'in',
      company.db.selectFrom('recipient').select('delivery_id').where('address', '=', address),
    )
    .execute()

test('one recipient is tried again, another cancelled, a third gets it at another address', async () => {
  const { id } = await send(['x@one.test', 'x@two.test', 'x@three.test'], 'Offer')
  for (const address of ['x@one.test', 'x@two.test', 'x@three.test']) await putOff(address)
  const before = await statusOf(id)
  expect(before['x@one.test']).toMatchObject({ 'restante:may': ['retry', 'cancel', 'resend'] })
  const { sendAt } = (await anna.call('EmailSubmission/get', { accountId, ids: [id] })).list[0]
  expect(Date.parse(before['x@one.test']['restante:until']) - Date.parse(sendAt)).toBeLessThan(7_201_000)
  // A colleague has it here already.
  expect(before['ben@example.org']).toMatchObject({ 'restante:may': [], 'restante:until': null })
  expect(await act(id, 'cancel', 'ben@example.org')).toMatchObject({
    done: false,
    error: { type: 'forbidden' },
  })

  expect(await act(id, 'retry', 'x@one.test')).toMatchObject({ done: true })
  expect(await act(id, 'cancel', 'x@two.test')).toMatchObject({ done: true })
  const anew = await act(id, 'resend', 'x@three.test', 'Right@four.test')
  expect(anew).toMatchObject({ done: true })

  const after = await statusOf(id)
  expect(after).toMatchObject({
    'x@one.test': { 'restante:state': 'queued', 'restante:may': ['cancel'] },
    'x@two.test': { 'restante:state': 'cancelled', delivered: 'no', 'restante:may': ['resend'] },
    'x@three.test': { 'restante:state': 'cancelled' },
  })
  expect(await statusOf(anew.submissionId)).toMatchObject({
    'right@four.test': { 'restante:state': 'queued' },
  })
  // Both are what one e-mail says of itself.
  const submissions = await anna.call('EmailSubmission/get', { accountId })
  expect(new Set(submissions.list.map((one: Json) => one.emailId)).size).toBe(1)

  await ingest(company)
  const row = await company.db
    .selectFrom('message')
    .selectAll()
    .where('id', '=', anew.submissionId)
    .executeTakeFirstOrThrow()
  const { content } = await company.spool.read({ segment: row.segment, position: row.position })
  const text = Buffer.concat(await content.toArray()).toString()
  expect(text).toMatch(
    /^Resent-Date: .*\+0000\r\nResent-From: anna@example\.org\r\nResent-To: right@four\.test\r\nResent-Message-ID: <.+@example\.org>\r\n/,
  )
  expect(text).toContain('Subject: Offer')
  expect(text).not.toMatch(/^Bcc:/im)
})

test('the button can be pressed as often as one likes, the other server sees a try every five seconds', async () => {
  const { id } = await send(['x@again.test'], 'Again')
  await putOff('x@again.test')
  const last = new Date()
  await company.db
    .updateTable('delivery')
    .set({ last_attempt_at: last })
    .where('destination', '=', 'again.test')
    .execute()
  expect(await act(id, 'retry', 'x@again.test')).toMatchObject({ done: true })
  const { 'restante:state': state, 'restante:nextAttempt': next } = (await statusOf(id))['x@again.test']
  expect(state).toBe('deferred')
  expect(Date.parse(next) - last.getTime()).toBe(5_000)
})

test('who is not of the mailbox finds nothing, and an admin’s hold is not theirs to lift', async () => {
  const { id } = await send(['x@held.test'], 'Held')
  await company.db.updateTable('delivery').set({ state: 'held', hold_reason: 'admin' }).execute()
  expect(await act(id, 'retry', 'x@held.test')).toMatchObject({ error: { type: 'forbidden' } })
  const eve = clientFor(company, company.people.eve)
  const given = { submissionId: id, action: 'cancel', address: 'x@held.test' }
  expect(await eve.fail('restante:Sent/act', { accountId, ...given })).toBe('accountNotFound')
  expect(await eve.call('restante:Sent/act', { accountId: company.mailboxes.eve, ...given })).toMatchObject({
    error: { type: 'notFound' },
  })
  expect(await act(id, 'cancel', 'x@held.test')).toMatchObject({ done: true })
})

test('an address that failed again and again is refused before it is sent', async () => {
  const outcome = { category: 'bad-address', side: 'sender', permanent: true }
  const { organization_id } = await company.db
    .selectFrom('mailbox')
    .select('organization_id')
    .where('id', '=', accountId)
    .executeTakeFirstOrThrow()
  for (let time = 0; time < 2; time++) {
    await send(['gone@out.test'], `Try ${time}`)
    await company.db
      .updateTable('recipient')
      .set({ state: 'failed', settled_at: new Date(), outcome: JSON.stringify(outcome) })
      .where('address', '=', 'gone@out.test')
      .execute()
  }
  const failure = { address: 'gone@out.test', outcome, deliveryId: organization_id }
  expect(await countFailure(company.db, organization_id, failure, new Date())).not.toBeNull()
  expect(await send(['fine@out.test', 'gone@out.test'], 'Third', 'notCreated')).toMatchObject({
    type: 'invalidRecipients',
    invalidRecipients: ['gone@out.test'],
    suppressed: [{ address: 'gone@out.test' }],
  })
})
