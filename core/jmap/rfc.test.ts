/**
 * RFC 8620 and 8621, section by section, in tables: what a method answers, and which error it has for what.
 * Objects are made once; no case changes what others see.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MAX_KEYWORDS } from './limits.ts'
import { type Client, type Company, clientFor, ingest, type Json, openCompany } from './testing.ts'

let company: Company
let anna: Client
let accountId: string
let inbox: string
let email: string
let answer: string
let blob: string

beforeAll(async () => {
  company = await openCompany()
  anna = clientFor(company, company.people.anna)
  accountId = company.mailboxes.anna
  await company.accept(
    [
      'From: =?utf-8?Q?Jos=C3=A9?= <jose@elsewhere.example>',
      'To: Team: anna@example.org, b@d.example;, c@d.example',
      'Subject: =?utf-8?Q?Caf=C3=A9?=  at  noon',
      'Date: Mon, 02 Nov 2026 10:00:00 +0100',
      'Message-ID: <one@elsewhere.example>',
      'References: <zero@x> <half@x>',
      'List-Post: <mailto:list@x.example>, <https://x.example/post>',
      'X-Odd: one',
      'X-Odd: =?utf-8?Q?tw=C3=B6?=',
      'MIME-Version: 1.0',
      'Content-Type: multipart/alternative; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain; charset=utf-8',
      'X-Part: yes',
      '',
      'Café, añejo 😀 end',
      '--b',
      'Content-Type: text/html; charset=utf-8',
      '',
      '<p>Café <b>bold</b></p>',
      '--b--',
      '',
    ].join('\n'),
    { receivedAt: '2026-11-02T09:00:01Z' },
  )
  await company.accept(
    [
      'From: b@d.example',
      'Subject: Re: =?utf-8?Q?Caf=C3=A9?=  at  noon',
      'In-Reply-To: <one@elsewhere.example>',
      'Message-ID: <two@d.example>',
      '',
      'Longer than the first one is, as an answer may be, and in plain text.',
      'x'.repeat(3_000),
      '',
    ].join('\n'),
    { receivedAt: '2026-11-03T09:00:00Z' },
  )
  await ingest(company)
  inbox = await anna.folder(accountId, 'inbox')
  const { ids } = await anna.call('Email/query', { accountId, sort: [{ property: 'receivedAt' }] })
  ;[email, answer] = ids
  await anna.call('Email/set', {
    accountId,
    update: { [answer]: { keywords: { $seen: true, $flagged: true } } },
  })
  const { list } = await anna.call('Email/get', { accountId, ids: [email] })
  blob = list[0].blobId
})
afterAll(async () => {
  await company.close()
})

const get = async (properties: string[], more: Json = {}): Promise<Json> =>
  (await anna.call('Email/get', { accountId, ids: [email], properties, ...more })).list[0]

describe('RFC 8621 §4.1.2, §4.1.3: header fields', () => {
  test.each([
    ['header:Subject', ' =?utf-8?Q?Caf=C3=A9?=  at  noon'],
    ['header:subject:asRaw', ' =?utf-8?Q?Caf=C3=A9?=  at  noon'],
    ['header:Subject:asText', 'Café  at  noon'],
    ['header:From:asAddresses', [{ name: 'José', email: 'jose@elsewhere.example' }]],
    [
      'header:To:asGroupedAddresses',
      [
        {
          name: 'Team',
          addresses: [
            { name: null, email: 'anna@example.org' },
            { name: null, email: 'b@d.example' },
          ],
        },
        { name: null, addresses: [{ name: null, email: 'c@d.example' }] },
      ],
    ],
    ['header:References:asMessageIds', ['zero@x', 'half@x']],
    ['header:List-Post:asURLs', ['mailto:list@x.example', 'https://x.example/post']],
    ['header:X-Odd', ' =?utf-8?Q?tw=C3=B6?='],
    ['header:X-Odd:asText:all', ['one', 'twö']],
    ['header:X-Odd:all', [' one', ' =?utf-8?Q?tw=C3=B6?=']],
    ['header:X-None', null],
    ['header:X-None:all', []],
    ['header:X-None:asAddresses', null],
  ])('%s', async (property, value) => {
    expect((await get([property]))[property]).toEqual(value)
  })

  test('header:Date:asDate is the same moment', async () => {
    const shown = (await get(['header:Date:asDate']))['header:Date:asDate']
    expect(Date.parse(shown)).toBe(Date.parse('2026-11-02T09:00:00Z'))
  })

  test.each([
    'header:Subject:asAddresses',
    'header:From:asDate',
    'header:Date:asURLs',
    'header:To:asMessageIds',
    'header:',
    'header:X:asNothing',
    'header:X:all:asRaw',
    'colour',
  ])('%s is no property', async property => {
    expect(await anna.fail('Email/get', { accountId, ids: [email], properties: [property] })).toBe(
      'invalidArguments',
    )
  })
})

describe('RFC 8621 §4.1.4, §4.2: bodies', () => {
  test('only the parts, properties and values that were asked for', async () => {
    const shown = await get(['textBody', 'bodyValues'], {
      bodyProperties: ['partId', 'type', 'header:X-Part:asText'],
      fetchTextBodyValues: true,
    })
    expect(shown).toEqual({
      id: email,
      textBody: [{ partId: '1', type: 'text/plain', 'header:X-Part:asText': 'yes' }],
      bodyValues: { 1: { value: 'Café, añejo 😀 end', isEncodingProblem: false, isTruncated: false } },
    })
    const values = async (which: string) =>
      Object.keys((await get(['bodyValues'], { [which]: true })).bodyValues)
    expect(await values('fetchHTMLBodyValues')).toEqual(['2'])
    expect((await values('fetchAllBodyValues')).sort()).toEqual(['1', '2'])
    expect((await get(['bodyValues'])).bodyValues).toEqual({})
  })

  test('values are cut between characters, and HTML outside of tags', async () => {
    const whole = 'Café, añejo 😀 end'
    for (let limit = 1; limit <= Buffer.byteLength(whole) + 1; limit++) {
      const { bodyValues } = await get(['bodyValues'], {
        fetchTextBodyValues: true,
        maxBodyValueBytes: limit,
      })
      const { value, isTruncated } = bodyValues[1]
      expect(whole.startsWith(value)).toBe(true)
      expect(Buffer.byteLength(value)).toBeLessThanOrEqual(limit)
      expect(Buffer.byteLength(value)).toBeGreaterThan(Math.min(limit, Buffer.byteLength(whole)) - 4)
      expect(isTruncated).toBe(limit < Buffer.byteLength(whole))
    }
    const html = await get(['bodyValues'], { fetchHTMLBodyValues: true, maxBodyValueBytes: 11 })
    expect(html.bodyValues[2]).toMatchObject({ value: '<p>Café ', isTruncated: true })
  })

  test('all e-mails and threads are got when none are named', async () => {
    const all = await anna.call('Email/get', { accountId, ids: null, properties: ['threadId'] })
    expect(all.list.map((one: Json) => one.id).sort()).toEqual([email, answer].sort())
    const threads = await anna.call('Thread/get', { accountId, ids: null })
    expect(threads.list).toEqual([{ id: all.list[0].threadId, emailIds: [email, answer] }])
  })
})

describe('RFC 8621 §4.4.1: conditions', () => {
  test.each([
    [{}, 2],
    [{ minSize: 3_000 }, 1],
    [{ maxSize: 3_000 }, 1],
    [{ minSize: 0, maxSize: 1 }, 0],
    [{ before: '2026-11-03T00:00:00Z' }, 1],
    [{ after: '2026-11-02T09:00:01Z' }, 2],
    [{ after: '2026-11-02T09:00:02Z' }, 1],
    [{ inMailboxOtherThan: [] }, 2],
    [{ inMailbox: 'nowhere' }, 0],
    [{ hasKeyword: '$FLAGGED' }, 1],
    [{ notKeyword: '$seen' }, 1],
    [{ someInThreadHaveKeyword: '$flagged' }, 2],
    [{ allInThreadHaveKeyword: '$flagged' }, 0],
    [{ noneInThreadHaveKeyword: '$flagged' }, 0],
    [{ noneInThreadHaveKeyword: 'other' }, 2],
    [{ hasAttachment: false }, 2],
    [{ header: ['In-Reply-To'] }, 1],
    [{ header: ['Message-ID', 'elsewhere'] }, 1],
    [{ operator: 'AND', conditions: [] }, 2],
    [{ operator: 'OR', conditions: [] }, 0],
    [{ operator: 'NOT', conditions: [{ hasKeyword: '$seen' }, { minSize: 1e6 }] }, 1],
  ] as [Json, number][])('%j matches %i', async (filter, count) => {
    const { ids, total } = await anna.call('Email/query', { accountId, filter, calculateTotal: true })
    expect([ids.length, total]).toEqual([count, count])
  })

  test('a folder matches what is in it, and others what is not', async () => {
    const count = async (filter: Json) => (await anna.call('Email/query', { accountId, filter })).ids.length
    expect(await count({ inMailbox: inbox })).toBe(2)
    expect(await count({ inMailboxOtherThan: [inbox] })).toBe(0)
  })

  test.each([
    [{ colour: 'red' }, 'unsupportedFilter'],
    [{ header: ['X-Odd'] }, 'unsupportedFilter'],
    [{ header: [] }, 'invalidArguments'],
    [{ before: 'noon' }, 'invalidArguments'],
    [{ minSize: -1 }, 'invalidArguments'],
    [{ text: 3 }, 'invalidArguments'],
    [{ hasKeyword: null }, 'invalidArguments'],
    [{ operator: 'XOR', conditions: [] }, 'invalidArguments'],
    [{ operator: 'AND' }, 'invalidArguments'],
    [{ operator: 'AND', conditions: ['x'] }, 'invalidArguments'],
    [nested(30), 'unsupportedFilter'],
  ] as [Json, string][])('%j is refused', async (filter, error) => {
    expect(await anna.fail('Email/query', { accountId, filter })).toBe(error)
  })
})

function nested(depth: number): Json {
  return depth === 0 ? {} : { operator: 'AND', conditions: [nested(depth - 1)] }
}

describe('RFC 8621 §4.4.2: order', () => {
  test.each([
    ['receivedAt', 'first'],
    ['sentAt', 'first'],
    ['size', 'first'],
    ['from', 'answer'],
    ['to', 'answer'],
    ['subject', 'either'],
    ['hasKeyword', 'first', '$flagged'],
    ['someInThreadHaveKeyword', 'either', '$flagged'],
    ['allInThreadHaveKeyword', 'either', '$flagged'],
  ])('by %s the %s comes first, and last the other way round', async (property, which, keyword?: string) => {
    const sorted = async (isAscending: boolean) =>
      (await anna.call('Email/query', { accountId, sort: [{ property, isAscending, keyword }] })).ids
    const up = await sorted(true)
    expect(await sorted(false)).toEqual(up.toReversed())
    if (which !== 'either') expect(up[0]).toBe(which === 'first' ? email : answer)
  })

  test('what nobody can sort by is refused', async () => {
    const sort = [{ property: 'colour' }]
    expect(await anna.fail('Email/query', { accountId, sort })).toBe('unsupportedSort')
    expect(await anna.fail('Mailbox/query', { accountId, sort })).toBe('unsupportedSort')
    expect(await anna.fail('EmailSubmission/query', { accountId, sort })).toBe('unsupportedSort')
  })
})

describe('RFC 8620 §5.3, RFC 8621 §4.6: patches', () => {
  test.each([
    [{ 'keywords/$seen': true, keywords: {} }, 'invalidPatch'],
    [{ 'mailboxIds/x': true, mailboxIds: {} }, 'invalidPatch'],
    [{ 'keywords/$seen': false }, 'invalidProperties'],
    [{ 'keywords/a b': true }, 'invalidProperties'],
    [{ keywords: null }, 'invalidProperties'],
    [{ keywords: { $seen: false } }, 'invalidProperties'],
    [{ mailboxIds: {} }, 'invalidProperties'],
    [{ mailboxIds: { nowhere: true } }, 'invalidProperties'],
    [{ subject: 'other' }, 'invalidProperties'],
    [{ id: 'other' }, 'invalidProperties'],
    [
      { keywords: Object.fromEntries(Array.from({ length: MAX_KEYWORDS + 1 }, (_, i) => [`k${i}`, true])) },
      'tooManyKeywords',
    ],
  ] as [Json, string][])('%j is refused', async (patch, type) => {
    const { notUpdated } = await anna.call('Email/set', { accountId, update: { [email]: patch } })
    expect(notUpdated[email].type).toBe(type)
  })

  test('an e-mail is in one folder', async () => {
    const archive = await anna.folder(accountId, 'archive')
    const { notUpdated } = await anna.call('Email/set', {
      accountId,
      update: { [email]: { [`mailboxIds/${archive}`]: true } },
    })
    expect(notUpdated[email].type).toBe('tooManyMailboxes')
  })
})

describe('RFC 8621 §4.7–4.9: copy, import, parse', () => {
  test('a copy goes into another account, and takes its original away when told', async () => {
    const to = company.mailboxes.info
    const imported = await anna.call('Email/import', {
      accountId,
      emails: {
        a: { blobId: blob, mailboxIds: { [inbox]: true }, keywords: { mine: true } },
        b: { blobId: 'Mnothing', mailboxIds: { [inbox]: true } },
        c: { blobId: blob, mailboxIds: {} },
      },
    })
    expect(imported.notCreated).toMatchObject({
      b: { type: 'blobNotFound' },
      c: { type: 'invalidProperties' },
    })
    const { id } = imported.created.a
    const own = { accountId, fromAccountId: accountId, create: {} }
    expect(await anna.fail('Email/copy', own)).toBe('invalidArguments')
    const responses = await anna.request([
      [
        'Email/copy',
        {
          accountId: to,
          fromAccountId: accountId,
          create: {
            k: { id, mailboxIds: { [await anna.folder(to, 'inbox')]: true } },
            n: { id: 'none', mailboxIds: {} },
          },
          onSuccessDestroyOriginal: true,
        },
        'a',
      ],
    ])
    expect(responses.map(([name, , call]) => [name, call])).toEqual([
      ['Email/copy', 'a'],
      ['Email/set', 'a'],
    ])
    const [copied, destroyed] = responses.map(([, result]) => result)
    expect(copied!.notCreated).toMatchObject({ n: { type: 'notFound' } })
    expect(destroyed!.destroyed).toEqual([id])
    const { list } = await anna.call('Email/get', { accountId: to, ids: [copied!.created.k.id] })
    expect(list[0]).toMatchObject({ keywords: { mine: true }, messageId: ['one@elsewhere.example'] })
  })

  test('parse shows a message without its being anybody’s', async () => {
    const { parsed, notFound } = await anna.call('Email/parse', {
      accountId,
      blobIds: [blob, 'Mx'],
      properties: ['id', 'subject', 'mailboxIds', 'header:X-Odd:asText'],
    })
    expect(parsed[blob]).toEqual({
      id: null,
      subject: 'Café  at  noon',
      mailboxIds: null,
      'header:X-Odd:asText': 'twö',
    })
    expect(notFound).toEqual(['Mx'])
  })
})

describe('RFC 8621 §2.3: Mailbox/query', () => {
  test('by role, name and place, sorted as a tree', async () => {
    const account = company.mailboxes.info
    const made = await anna.call('Mailbox/set', {
      accountId: account,
      create: { a: { name: 'Work' }, b: { name: 'Within', parentId: '#a' } },
    })
    const [a, b] = [made.created.a.id, made.created.b.id]
    const query = async (more: Json) =>
      (await anna.call('Mailbox/query', { accountId: account, ...more })).ids as string[]
    expect(await query({ filter: { role: 'sent' } })).toEqual([await anna.folder(account, 'sent')])
    expect(await query({ filter: { hasAnyRole: false }, sort: [{ property: 'name' }] })).toEqual([b, a])
    expect(await query({ filter: { hasAnyRole: false }, sortAsTree: true })).toEqual([a, b])
    expect(await query({ filter: { parentId: a } })).toEqual([b])
    expect(await query({ filter: { name: 'WITHIN' } })).toEqual([b])
    expect(await query({ filter: { name: 'within' }, filterAsTree: true })).toEqual([])
    expect(await query({ filter: { isSubscribed: false } })).toEqual([])
    expect((await query({ filter: { operator: 'NOT', conditions: [{ role: 'inbox' }] } })).length).toBe(7)
  })
})
