import { afterEach, beforeEach, expect, test } from 'vitest'
import { rebuildFromSpool } from '../ingest/rebuild.ts'
import { letter } from '../ingest/testing.ts'
import { openBlob, upload } from './blob.ts'
import { grant, openRun } from './context.ts'
import { type Client, type Company, clientFor, ingest, type Json, openCompany } from './testing.ts'

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

const states = async () =>
  await company.db
    .selectFrom('recipient')
    .innerJoin('delivery', 'delivery.id', 'recipient.delivery_id')
    .select(['recipient.address', 'recipient.state', 'delivery.state as delivery'])
    .orderBy('recipient.address')
    .execute()

async function receive(subject = 'Hello', to?: string[]): Promise<Json> {
  await company.accept(letter({ subject }), to && { to })
  await ingest(company)
  const { list } = await anna.call('Email/get', {
    accountId,
    ids: (await anna.call('Email/query', { accountId, filter: { subject } })).ids,
  })
  return list[0]
}

/** Writes and sends as the webmail does. */
async function send(
  client: Client,
  account: string,
  email: Json,
  extra: Json = {},
): Promise<[string, Json, string][]> {
  const drafts = await client.folder(account, 'drafts')
  const sent = await client.folder(account, 'sent')
  const { list } = await client.call('Identity/get', { accountId: account })
  return await client.request([
    [
      'Email/set',
      {
        accountId: account,
        create: {
          draft: { mailboxIds: { [drafts]: true }, keywords: { $draft: true, $seen: true }, ...email },
        },
      },
      'a',
    ],
    [
      'EmailSubmission/set',
      {
        accountId: account,
        create: { sub: { emailId: '#draft', identityId: list[0].id, ...extra } },
        onSuccessUpdateEmail: {
          '#sub': { [`mailboxIds/${drafts}`]: null, [`mailboxIds/${sent}`]: true, 'keywords/$draft': null },
        },
      },
      'b',
    ],
  ])
}

const text = (value: string): Json => ({
  textBody: [{ partId: '1', type: 'text/plain' }],
  bodyValues: { 1: { value } },
})

test('a message is shown with its structure, its text and its headers', async () => {
  await company.accept(
    [
      'From: =?utf-8?Q?Jos=C3=A9?= <jose@elsewhere.example>',
      'To: anna@example.org, Team: ben@example.org, c@d.example;',
      'Subject: Photos',
      'X-Odd: one',
      'X-Odd: =?utf-8?Q?tw=C3=B6?=',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=a',
      '',
      '--a',
      'Content-Type: multipart/alternative; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain; charset=iso-8859-1',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'Caf=E9',
      '--b',
      'Content-Type: text/html; charset=utf-8',
      '',
      '<p>Café <img src="cid:pic"></p>',
      '--b--',
      '--a',
      'Content-Type: image/png; name="p.png"',
      'Content-Disposition: attachment; filename="p.png"',
      'Content-Transfer-Encoding: base64',
      '',
      'iVBORw0KGgo=',
      '--a--',
      '',
    ].join('\n'),
  )
  await ingest(company)
  const { ids } = await anna.call('Email/query', { accountId })
  const { list } = await anna.call('Email/get', {
    accountId,
    ids,
    properties: [
      'from',
      'to',
      'subject',
      'hasAttachment',
      'textBody',
      'htmlBody',
      'attachments',
      'bodyValues',
      'bodyStructure',
      'header:X-Odd',
      'header:X-Odd:asText:all',
      'header:To:asGroupedAddresses',
      'restante:delivery',
    ],
    fetchAllBodyValues: true,
    bodyProperties: ['partId', 'type', 'size', 'name', 'blobId'],
  })
  expect(list[0]).toMatchObject({
    from: [{ name: 'José', email: 'jose@elsewhere.example' }],
    to: [{ email: 'anna@example.org' }, { email: 'ben@example.org' }, { email: 'c@d.example' }],
    hasAttachment: true,
    textBody: [{ partId: '1.1', type: 'text/plain', size: 4 }],
    htmlBody: [{ partId: '1.2', type: 'text/html' }],
    attachments: [{ partId: '2', type: 'image/png', size: 8, name: 'p.png' }],
    bodyValues: {
      '1.1': { value: 'Café', isTruncated: false, isEncodingProblem: false },
      '1.2': { value: '<p>Café <img src="cid:pic"></p>' },
    },
    bodyStructure: {
      type: 'multipart/mixed',
      subParts: [{ type: 'multipart/alternative' }, { partId: '2' }],
    },
    'header:X-Odd': ' =?utf-8?Q?tw=C3=B6?=',
    'header:X-Odd:asText:all': ['one', 'twö'],
    'header:To:asGroupedAddresses': [
      { name: null, addresses: [{ email: 'anna@example.org' }] },
      { name: 'Team', addresses: [{ email: 'ben@example.org' }, { email: 'c@d.example' }] },
    ],
    'restante:delivery': 'queued',
  })
  const run = await openRun(anna.context)
  const blob = await openBlob(run.context, grant(run, accountId), list[0].attachments[0].blobId)
  const chunks: Buffer[] = []
  for await (const chunk of blob!.content) chunks.push(chunk as Buffer)
  expect(Buffer.concat(chunks).toString('latin1')).toBe('\x89PNG\r\n\x1a\n')
  expect(await anna.fail('Email/get', { accountId, ids, properties: ['header:Subject:asDate'] })).toBe(
    'invalidArguments',
  )
})

test('keywords and folders change by patch, and what cannot be is refused by itself', async () => {
  const { id } = await receive()
  const archive = await anna.folder(accountId, 'archive')
  const inbox = await anna.folder(accountId, 'inbox')
  const set = async (patch: Json) => await anna.call('Email/set', { accountId, update: { [id]: patch } })
  expect((await set({ 'keywords/$Seen': true, mailboxIds: { [archive]: true } })).updated).toEqual({
    [id]: null,
  })
  const { list } = await anna.call('Email/get', {
    accountId,
    ids: [id],
    properties: ['keywords', 'mailboxIds'],
  })
  expect(list[0]).toEqual({ id, keywords: { $seen: true }, mailboxIds: { [archive]: true } })
  const refused: [Json, string][] = [
    [{ [`mailboxIds/${inbox}`]: true }, 'tooManyMailboxes'],
    [{ mailboxIds: {} }, 'invalidProperties'],
    [{ mailboxIds: { nowhere: true } }, 'invalidProperties'],
    [{ 'keywords/a b': true }, 'invalidProperties'],
    [{ subject: 'x' }, 'invalidProperties'],
    [{ keywords: {}, 'keywords/x': true }, 'invalidPatch'],
  ]
  for (const [patch, type] of refused) expect((await set(patch)).notUpdated[id].type).toBe(type)
  const before = await anna.call('Email/get', { accountId, ids: [] })
  expect(await anna.fail('Email/set', { accountId, ifInState: '1', destroy: [id] })).toBe('stateMismatch')
  expect((await anna.call('Email/get', { accountId, ids: [] })).state).toBe(before.state)
})

test('what is deleted while the backend is away is not delivered, and undo delivers it', async () => {
  await company.setHealth('example.org', 'down')
  const { id, mailboxIds } = await receive('Held', ['anna@example.org'])
  const delivery = async () =>
    (await anna.call('Email/get', { accountId, ids: [id], properties: ['restante:delivery'] })).list[0][
      'restante:delivery'
    ]
  expect(await delivery()).toBe('held')
  const trash = await anna.folder(accountId, 'trash')
  const before = await anna.call('Email/get', { accountId, ids: [] })
  await anna.call('Email/set', { accountId, update: { [id]: { mailboxIds: { [trash]: true } } } })
  expect(await delivery()).toBe('cancelled')
  expect(await states()).toMatchObject([{ state: 'cancelled', delivery: 'cancelled' }])
  await anna.call('Email/set', { accountId, update: { [id]: { mailboxIds } } })
  expect(await delivery()).toBe('held')
  await anna.call('Email/set', { accountId, destroy: [id] })
  expect(await states()).toMatchObject([{ state: 'cancelled' }])
  const changes = await anna.call('Email/changes', { accountId, sinceState: before.state })
  expect(changes).toMatchObject({ created: [], updated: [], destroyed: [id] })
  await rebuildFromSpool(company.db, company.spool, company.directory())
  expect(await states()).toMatchObject([{ state: 'cancelled', delivery: 'cancelled' }])
})

test('mail to a colleague arrives at once, backend or not, and Bcc stays with the sender', async () => {
  await company.setHealth('example.org', 'down')
  const responses = await send(anna, accountId, {
    from: [{ name: 'Anna', email: 'anna@example.org' }],
    to: [{ name: null, email: 'ben@example.org' }],
    bcc: [{ name: null, email: 'secret@outside.example' }],
    subject: 'Plan «B»',
    ...text('See you at ten.'),
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
  expect(await states()).toMatchObject([
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
  await send(anna, accountId, { to: [{ email: 'ben@example.org' }], subject: 'Kept', ...text('x') })
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
  const draft = { to: [{ email: 'x@outside.example' }], subject: 's', ...text('x') }
  const refusal = async (email: Json, extra: Json = {}) => {
    const responses = await send(anna, accountId, { ...draft, ...email }, extra)
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
  await send(anna, accountId, {
    to: [{ email: 'ben@example.org' }],
    subject: 'File',
    ...text('here'),
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

test('a draft is replaced, and its old content given up', async () => {
  const drafts = await anna.folder(accountId, 'drafts')
  const save = async (subject: string, destroy: string[]) =>
    await anna.call('Email/set', {
      accountId,
      create: { d: { mailboxIds: { [drafts]: true }, keywords: { $draft: true }, subject, ...text('x') } },
      destroy,
    })
  const first = (await save('one', [])).created.d.id
  const { created, destroyed } = await save('two', [first])
  expect(destroyed).toEqual([first])
  const messages = await company.db
    .selectFrom('message')
    .select(['subject', 'removed_at'])
    .orderBy('id')
    .execute()
  expect(messages).toMatchObject([
    { subject: 'one', removed_at: expect.any(Date) },
    { subject: 'two', removed_at: null },
  ])
  await rebuildFromSpool(company.db, company.spool, company.directory())
  const { ids } = await anna.call('Email/query', { accountId })
  expect(ids).toEqual([created.d.id])
})

test('import, copy and parse give the same message again', async () => {
  const { blobId } = await receive('Original')
  const archive = await anna.folder(accountId, 'archive')
  const imported = await anna.call('Email/import', {
    accountId,
    emails: { i: { blobId, mailboxIds: { [archive]: true }, receivedAt: '2020-01-02T03:04:05Z' } },
  })
  const { list } = await anna.call('Email/get', { accountId, ids: [imported.created.i.id] })
  expect(list[0]).toMatchObject({
    subject: 'Original',
    receivedAt: '2020-01-02T03:04:05Z',
    mailboxIds: { [archive]: true },
  })
  const info = company.mailboxes.info
  const inbox = await anna.folder(info, 'inbox')
  const [copied, destroyed] = await anna.request([
    [
      'Email/copy',
      {
        fromAccountId: accountId,
        accountId: info,
        create: { c: { id: imported.created.i.id, mailboxIds: { [inbox]: true } } },
        onSuccessDestroyOriginal: true,
      },
      'a',
    ],
  ])
  expect(destroyed![1].destroyed).toEqual([imported.created.i.id])
  const copy = await ben.call('Email/get', { accountId: info, ids: [copied![1].created.c.id] })
  expect(copy.list[0]).toMatchObject({ subject: 'Original', receivedAt: '2020-01-02T03:04:05Z' })
  const parsed = await anna.call('Email/parse', { accountId, blobIds: [blobId, 'Mnothing'] })
  expect(parsed).toMatchObject({ parsed: { [blobId]: { subject: 'Original' } }, notFound: ['Mnothing'] })
})

test('search finds by word, person, time, keyword and attachment, and marks what it found', async () => {
  await company.accept(letter({ subject: 'Quarterly report', body: 'numbers 100% fine' }), {
    receivedAt: '2026-01-01T00:00:00Z',
  })
  await company.accept(letter({ subject: 'Lunch', from: 'Ben <ben@example.org>' }), {
    receivedAt: '2026-02-01T00:00:00Z',
  })
  await ingest(company)
  const find = async (filter: Json) => {
    const { ids } = await anna.call('Email/query', { accountId, filter })
    const { list } = await anna.call('Email/get', { accountId, ids, properties: ['subject'] })
    return list.map((email: Json) => email.subject)
  }
  expect(await find({ text: 'REPORT numbers' })).toEqual(['Quarterly report'])
  expect(await find({ text: '"100% fine"' })).toEqual(['Quarterly report'])
  expect(await find({ text: '1_0' })).toEqual([])
  expect(await find({ from: 'ben' })).toEqual(['Lunch'])
  expect(await find({ before: '2026-01-15T00:00:00Z' })).toEqual(['Quarterly report'])
  expect(await find({ after: '2026-01-15T00:00:00Z' })).toEqual(['Lunch'])
  expect(await find({ hasKeyword: '$seen' })).toEqual([])
  expect(await find({ operator: 'NOT', conditions: [{ subject: 'lunch' }] })).toEqual(['Quarterly report'])
  expect(
    await find({ operator: 'OR', conditions: [{ subject: 'lunch' }, { subject: 'report' }] }),
  ).toHaveLength(2)
  expect(await find({ hasAttachment: true })).toEqual([])
  expect(await anna.fail('Email/query', { accountId, filter: { colour: 'red' } })).toBe('unsupportedFilter')
  expect(await anna.fail('Email/query', { accountId, sort: [{ property: 'colour' }] })).toBe(
    'unsupportedSort',
  )
  const { ids } = await anna.call('Email/query', { accountId, filter: { text: 'report' } })
  const { list } = await anna.call('SearchSnippet/get', {
    accountId,
    filter: { text: 'report' },
    emailIds: ids,
  })
  expect(list[0]).toMatchObject({ subject: 'Quarterly <mark>report</mark>' })
})

test('folders are made, renamed, counted and destroyed; those with a role stay', async () => {
  const { id } = await receive()
  const inbox = await anna.folder(accountId, 'inbox')
  const made = await anna.call('Mailbox/set', {
    accountId,
    create: {
      a: { name: 'Projects' },
      b: { name: 'Inside', parentId: '#a' },
      c: { name: 'projects' },
      d: { name: '' },
    },
  })
  expect(made.notCreated).toMatchObject({
    c: { type: 'invalidProperties' },
    d: { type: 'invalidProperties' },
  })
  const { a, b } = made.created
  await anna.call('Email/set', { accountId, update: { [id]: { mailboxIds: { [b.id]: true } } } })
  const { list } = await anna.call('Mailbox/get', { accountId, ids: [b.id, inbox] })
  expect(list).toMatchObject([
    { name: 'Inside', parentId: a.id, totalEmails: 1, unreadEmails: 1, totalThreads: 1, unreadThreads: 1 },
    { role: 'inbox', totalEmails: 0 },
  ])
  const set = await anna.call('Mailbox/set', {
    accountId,
    update: { [a.id]: { parentId: b.id }, [inbox]: { name: 'Mine' } },
    destroy: [a.id, b.id, inbox],
  })
  expect(set.notUpdated).toMatchObject({
    [a.id]: { type: 'invalidProperties' },
    [inbox]: { type: 'forbidden' },
  })
  expect(set.notDestroyed).toMatchObject({
    [a.id]: { type: 'mailboxHasChild' },
    [b.id]: { type: 'mailboxHasEmail' },
    [inbox]: { type: 'forbidden' },
  })
  const gone = await anna.call('Mailbox/set', {
    accountId,
    destroy: [b.id, a.id],
    onDestroyRemoveEmails: true,
  })
  expect(gone.destroyed).toEqual([b.id, a.id])
  expect((await anna.call('Email/get', { accountId, ids: [id] })).notFound).toEqual([id])
})
