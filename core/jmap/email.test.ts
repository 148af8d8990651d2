/** E-mails as clients see them, and as they come and go without SMTP (RFC 8621 §4). */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openBlob } from './blob.ts'
import { grant, openRun } from './context.ts'
import { type Client, type Company, clientFor, ingest, openCompany, receive } from './testing.ts'

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

test('import, copy and parse give the same message again', async () => {
  const { blobId } = await receive(company, anna, 'Original')
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
