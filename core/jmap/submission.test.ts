/** Sending (RFC 8621 §7): to colleagues at once, with what was attached, and refused for the right reason. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rebuildFromSpool } from '../ingest/rebuild.ts'
import { openBlob, upload } from './blob.ts'
import { grant, openRun } from './context.ts'
import {
  type Client,
  type Company,
  clientFor,
  ingest,
  type Json,
  openCompany,
  plainText,
  recipientStates,
  sendMail,
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

test('mail to a colleague arrives at once, backend or not, and Bcc stays with the sender', async () => {
  await company.setHealth('example.org', 'down')
  const responses = await sendMail(anna, accountId, {
    from: [{ name: 'Anna', email: 'anna@example.org' }],
    to: [{ name: null, email: 'ben@example.org' }],
    bcc: [{ name: null, email: 'secret@outside.example' }],
    subject: 'Plan «B»',
    ...plainText('See you at ten.'),
  })
  expect(responses.map(([name]) => name)).toEqual(['Email/set', 'EmailSubmission/set', 'Email/set'])
  const [, set, implied] = responses
  expect(set![1].notCreated).toBeNull()
  expect(implied![1].notUpdated).toBeNull()

  const received = await ben.call('Email/query', { accountId: company.mailboxes.ben })
  const { list } = await ben.call('Email/get', {
    accountId: company.mailboxes.ben,
    ids: received.ids,
    fetchTextBodyValues: true,
    properties: ['subject', 'from', 'bcc', 'bodyValues', 'header:Bcc', 'restante:delivery', 'messageId'],
  })
  expect(list).toMatchObject([
    {
      subject: 'Plan «B»',
      bcc: null,
      'header:Bcc': null,
      'restante:delivery': 'held',
      bodyValues: { 1: { value: 'See you at ten.\n' } },
    },
  ])
  const sent = await anna.folder(accountId, 'sent')
  const copies = await anna.call('Email/query', { accountId })
  const copy = await anna.call('Email/get', {
    accountId,
    ids: copies.ids,
    properties: ['mailboxIds', 'keywords', 'bcc', 'messageId', 'restante:delivery'],
  })
  expect(copy.list).toMatchObject([
    {
      mailboxIds: { [sent]: true },
      keywords: { $seen: true },
      bcc: [{ email: 'secret@outside.example' }],
      messageId: list[0].messageId,
      'restante:delivery': 'held',
    },
  ])
  expect(await recipientStates(company)).toMatchObject([
    { address: 'ben@example.org', delivery: 'held' },
    { address: 'secret@outside.example', delivery: 'queued' },
  ])
  const submissions = await anna.call('EmailSubmission/get', { accountId })
  expect(submissions.list).toMatchObject([
    {
      emailId: copies.ids[0],
      undoStatus: 'final',
      deliveryStatus: {
        'ben@example.org': { delivered: 'queued', 'restante:state': 'held' },
        'secret@outside.example': { delivered: 'queued', 'restante:state': 'queued' },
      },
    },
  ])
  const id = submissions.list[0].id
  const cancel = await anna.call('EmailSubmission/set', {
    accountId,
    update: { [id]: { undoStatus: 'canceled' } },
  })
  expect(cancel.notUpdated[id].type).toBe('cannotUnsend')
})

test('after a rebuild the sent message is in Sent under its id, with its submission', async () => {
  await sendMail(anna, accountId, { to: [{ email: 'ben@example.org' }], subject: 'Kept', ...plainText('x') })
  const view = async () => {
    const { ids } = await anna.call('Email/query', { accountId })
    const emails = await anna.call('Email/get', {
      accountId,
      ids,
      properties: ['mailboxIds', 'keywords', 'subject'],
    })
    const submissions = await anna.call('EmailSubmission/get', {
      accountId,
      properties: ['emailId', 'identityId'],
    })
    return { emails: emails.list, submissions: submissions.list }
  }
  const before = await view()
  await ingest(company)
  expect(await view()).toEqual(before)
  await rebuildFromSpool(company.db, company.spool, company.directory())
  expect(await view()).toEqual(before)
})

test('sending is refused with the reason that the RFC has for it', async () => {
  const draft = { to: [{ email: 'x@outside.example' }], subject: 's', ...plainText('x') }
  const refusal = async (email: Json, extra: Json = {}) => {
    const responses = await sendMail(anna, accountId, { ...draft, ...email }, extra)
    const submitted = responses.find(([name]) => name === 'EmailSubmission/set')
    return submitted?.[1].notCreated?.sub
  }
  const envelope = (mailFrom: string, ...rcptTo: string[]) => ({
    envelope: { mailFrom: { email: mailFrom }, rcptTo: rcptTo.map(email => ({ email })) },
  })
  expect(await refusal({})).toBeUndefined()
  expect(await refusal({ from: [{ email: 'boss@example.org' }] })).toMatchObject({ type: 'forbiddenFrom' })
  expect(await refusal({ from: [{ email: 'info@example.org' }] })).toBeUndefined()
  expect(await refusal({}, envelope('ben@example.org', 'x@outside.example'))).toMatchObject({
    type: 'forbiddenMailFrom',
  })
  expect(await refusal({ to: [{ email: 'nobody@example.org' }] })).toMatchObject({
    type: 'invalidRecipients',
    invalidRecipients: ['nobody@example.org'],
  })
  expect(await refusal({ to: [] })).toMatchObject({ type: 'noRecipients' })
  expect(await refusal({}, { identityId: 'Inone' })).toMatchObject({ properties: ['identityId'] })
  expect(await refusal({}, { emailId: 'nothing' })).toMatchObject({ properties: ['emailId'] })
  const many = Array.from({ length: 1001 }, (_, i) => `a${i}@outside.example`)
  expect(await refusal({}, envelope('anna@example.org', ...many))).toMatchObject({
    type: 'tooManyRecipients',
  })
})

test('attachments are uploaded, sent along and downloaded as they were', async () => {
  const run = await openRun(anna.context)
  const content = Buffer.from([0, 1, 2, 253, 254, 255, 13, 10, 46, 13, 10])
  async function* body() {
    yield content
  }
  const uploaded = await upload(run, accountId, body(), 'application/x-Odd; a=b')
  if (uploaded.type !== 'ok') throw new Error(JSON.stringify(uploaded.problem))
  expect(uploaded.body).toMatchObject({ type: 'application/x-odd', size: content.length })
  await sendMail(anna, accountId, {
    to: [{ email: 'ben@example.org' }],
    subject: 'File',
    ...plainText('here'),
    attachments: [{ blobId: uploaded.body.blobId, type: 'application/x-odd', name: 'ä b.odd' }],
  })
  const ids = (await ben.call('Email/query', { accountId: company.mailboxes.ben })).ids
  const { list } = await ben.call('Email/get', {
    accountId: company.mailboxes.ben,
    ids,
    properties: ['attachments'],
  })
  const [attachment] = list[0].attachments
  expect(attachment).toMatchObject({ name: 'ä b.odd', type: 'application/x-odd', size: content.length })
  const benRun = await openRun(ben.context)
  const blob = await openBlob(ben.context, grant(benRun, company.mailboxes.ben), attachment.blobId)
  const chunks: Buffer[] = []
  for await (const chunk of blob!.content) chunks.push(chunk as Buffer)
  expect(Buffer.concat(chunks)).toEqual(content)
})
