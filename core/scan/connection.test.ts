/** The client's names, greylisting on a real Redis, block lists on a real DNS server. */
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type DnsServer, startDns } from '../../e2e/servers/dns.ts'
import { parseNetworks } from '../config/networks.ts'
import { List } from '../directory/list-match.ts'
import { reversedAddress } from '../dns/addresses.ts'
import { createDns, type Dns } from '../dns/dns.ts'
import { blocklistsStep } from './blocklists.ts'
import { isLocal, reverseName } from './client.ts'
import { connectionStep, heloFindings } from './connection.ts'
import { createGreylist } from './greylist.ts'
import { listsStep } from './lists.ts'
import { contextOf, subjectOf } from './testing/subject.ts'

const redisUrl = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379'
const message = 'From: anna@friend.test\r\n\r\nx\r\n'

let server: DnsServer
let dns: Dns
beforeAll(async () => {
  server = await startDns({
    'test.': [
      'mail A 192.0.2.1',
      'mail A 192.0.2.2',
      'mail AAAA 2001:db8::1',
      'liar A 198.51.100.1',
      '3.2.0.192.strict 60 A 127.0.0.2',
      '4.2.0.192.strict 60 A 127.255.255.254',
      '5.2.0.192.strict 60 A 203.0.113.1',
      '6.2.0.192.soft 60 A 127.0.0.4',
      `${[...'20010db8000000000000000000000003'].reverse().join('.')}.strict A 127.0.0.2`,
    ].join('\n'),
    '2.0.192.in-addr.arpa.': [
      '1 PTR mail.test.',
      '2 PTR mail.test.',
      '3 PTR liar.test.',
      '4 PTR gone.test.',
    ].join('\n'),
    '8.b.d.0.1.0.0.2.ip6.arpa.': `${'1'.padEnd(47, '.0')}`.split('').join('').concat(' PTR mail.test.'),
  })
  dns = createDns({ servers: [server.address], timeLimit: 2_000 })
})
afterAll(async () => {
  dns?.close()
  await server?.close()
})

test('an address is turned round for DNS', () => {
  expect(reversedAddress('192.0.2.1')).toBe('1.2.0.192')
  expect(reversedAddress('2001:db8::1')).toBe(
    '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2',
  )
  expect(reversedAddress('::ffff:192.0.2.1')).toBe(
    '1.0.2.0.0.0.0.c.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0',
  )
  for (const text of ['', 'x', '1.2.3', '1::2::3', '1:2:3', ':::', '12345::'])
    expect(reversedAddress(text)).toBeUndefined()
})

test.each([
  ['192.0.2.1', { type: 'confirmed', name: 'mail.test' }],
  ['::ffff:192.0.2.2', { type: 'confirmed', name: 'mail.test' }],
  ['2001:db8::1', { type: 'confirmed', name: 'mail.test' }],
  ['192.0.2.3', { type: 'unconfirmed', name: 'liar.test' }],
  ['192.0.2.4', { type: 'unconfirmed', name: 'gone.test' }],
  ['192.0.2.9', { type: 'none' }],
  // No zone of the server: it refuses.
  ['203.0.113.1', { type: 'unknown' }],
])('the name of %s', async (address, expected) => {
  expect(await reverseName(dns, address)).toEqual(expected)
})

test.each([
  ['mail.friend.test', undefined],
  ['mx.here.test', 'helo-ours'],
  ['MX.here.test.', 'helo-ours'],
  ['localhost', 'helo-ours'],
  ['[192.0.2.1]', 'helo-literal'],
  ['192.0.2.1', 'helo-literal'],
  ['workstation', 'helo-no-dot'],
  ['unknown', 'helo-bad'],
  ['', 'helo-bad'],
  [undefined, 'helo-bad'],
])('the HELO name %s', (helo, reason) => {
  expect(heloFindings(helo, 'mx.here.test')[0]?.reason).toBe(reason)
})

test('our own networks', () => {
  const own = parseNetworks('203.0.113.0/24')
  for (const address of [
    '',
    undefined,
    '127.0.0.1',
    '10.0.0.1',
    '::ffff:10.0.0.1',
    'fe80::1%eth0',
    '203.0.113.9',
  ])
    expect(isLocal(address, own)).toBe(true)
  for (const address of ['192.0.2.1', '2001:db8::1', '11.0.0.1']) expect(isLocal(address, own)).toBe(false)
})

describe('the step', () => {
  const step = () => connectionStep({ hostname: 'mx.here.test', dns })
  const run = (address: string, helo: string) =>
    step().run(subjectOf(message, { address, helo }), contextOf())

  test('marks what it sees and decides nothing', async () => {
    expect((await run('192.0.2.1', 'mail.test')).findings).toEqual([
      { type: 'clean', reason: 'client-named', detail: 'mail.test' },
    ])
    expect(await run('192.0.2.1', 'mail.test')).toMatchObject({ clientName: 'mail.test' })
    const bad = await run('192.0.2.3', '[192.0.2.3]')
    expect(bad.findings).toEqual([
      { type: 'suspicious', reason: 'helo-literal', detail: '[192.0.2.3]' },
      { type: 'suspicious', reason: 'reverse-unconfirmed', detail: 'liar.test' },
    ])
    expect(bad).not.toHaveProperty('clientName')
    expect((await run('127.0.0.1', 'x')).findings).toEqual([])
  })
})

describe('greylisting', () => {
  let at = 1_000_000_000_000
  const prefix = `test:${randomBytes(6).toString('hex')}:`
  const open: { close(): void }[] = []
  const greylist = (url = redisUrl) => {
    const one = createGreylist({ redisUrl: url, prefix, now: () => at })
    open.push(one)
    return one
  }
  afterEach(() => {
    for (const one of open.splice(0)) one.close()
  })
  afterAll(async () => {
    const redis = new Redis(redisUrl)
    const keys = await redis.keys(`${prefix}*`)
    if (keys.length > 0) await redis.del(keys)
    redis.disconnect()
  })

  test('an unknown triplet is told to come again, and is known when it does', async () => {
    const list = greylist()
    const both = ['anna@here.test', 'bruno@here.test']
    const check = async (client: string, sender: string, recipients = both) => [
      ...(await list.check(client, sender, recipients)),
    ]
    expect(await check('192.0.2.1', 'a@far.test')).toEqual(both)
    at += 239_000
    expect(await check('192.0.2.1', 'a@far.test')).toEqual(both)
    at += 1_000
    // Another server of the same network.
    expect(await check('192.0.2.77', 'A@far.test')).toEqual([])
    expect(await check('192.0.2.1', 'b@far.test')).toEqual(both)
    expect(await check('198.51.100.1', 'a@far.test')).toEqual(both)
    expect(await check('192.0.2.1', 'a@far.test', ['carla@here.test'])).toEqual(['carla@here.test'])
    // Numbered senders are one.
    expect(await check('192.0.2.1', 'bounce-1234@far.test')).toEqual(both)
    at += 240_000
    expect(await check('192.0.2.1', 'bounce-98@far.test')).toEqual([])

    const redis = new Redis(redisUrl)
    const times = await Promise.all((await redis.keys(`${prefix}*`)).map(key => redis.pttl(key)))
    redis.disconnect()
    const days = times.map(ms => Math.round(ms / 86_400_000))
    expect(new Set(days)).toEqual(new Set([2, 35]))
  })

  test('without Redis nobody is put off', async () => {
    expect(
      (await greylist('redis://127.0.0.1:1').check('192.0.2.1', 'a@far.test', ['anna@here.test'])).size,
    ).toBe(0)
  })

  test('is only for the domains that want it', async () => {
    const step = connectionStep({ hostname: 'mx.here.test', dns, greylist: greylist() })
    const subject = subjectOf(message, { sender: 'new@far.test', helo: 'mail.test' })
    expect(
      (await step.run(subject, contextOf({ greylisting: true }))).byRecipient?.get('anna@here.test'),
    ).toEqual([{ type: 'later', reason: 'greylisted' }])
    expect((await step.run(subject, contextOf())).byRecipient).toBeUndefined()
  })
})

describe('block lists', () => {
  const zones = [
    { name: 'soft.test', listed: 'mark' as const },
    { name: 'strict.test', listed: 'reject' as const },
  ]
  const run = (address: string, of: Dns = dns, lists = zones) =>
    blocklistsStep({ zones: lists, dns: of }).run(subjectOf(message, { address }), contextOf())

  test.each([
    ['192.0.2.1', [{ type: 'clean', reason: 'dnsbl-clean' }]],
    ['192.0.2.3', [{ type: 'blocked', reason: 'dnsbl-listed', detail: 'strict.test' }]],
    ['::ffff:192.0.2.3', [{ type: 'blocked', reason: 'dnsbl-listed', detail: 'strict.test' }]],
    ['2001:db8::3', [{ type: 'blocked', reason: 'dnsbl-listed', detail: 'strict.test' }]],
    ['192.0.2.4', [{ type: 'suspicious', reason: 'dnsbl-silent', detail: 'strict.test' }]],
    ['192.0.2.5', [{ type: 'clean', reason: 'dnsbl-clean' }]],
    ['192.0.2.6', [{ type: 'suspicious', reason: 'dnsbl-listed', detail: 'soft.test' }]],
    ['127.0.0.1', []],
  ])('%s', async (address, expected) => {
    expect((await run(address)).findings).toEqual(expected)
  })

  test('that do not answer let the mail in, with a mark', async () => {
    const silent = createSocket('udp4')
    await new Promise<void>(resolve => silent.bind(0, '127.0.0.1', resolve))
    const hanging = createDns({ servers: [`127.0.0.1:${silent.address().port}`], timeLimit: 300 })
    expect((await run('192.0.2.3', hanging)).findings).toEqual([
      { type: 'suspicious', reason: 'dnsbl-silent', detail: 'soft.test, strict.test' },
    ])
    hanging.close()
    silent.close()
  })
})

describe('the lists of a recipient', () => {
  const own = new List([
    { kind: 'allow', value: 'friend.test' },
    { kind: 'block', value: 'foe.test' },
  ])
  const step = listsStep({
    listsOf: address => (address === 'anna@here.test' ? { organization: own, mailboxes: [] } : undefined),
  })
  const recipients = ['anna@here.test', 'bruno@here.test']
  const run = (text: string, senders?: { from: string[]; proven: string[] }) =>
    step.run(
      subjectOf(text, { sender: 'x@list.test', recipients }),
      contextOf({}, senders ? { authentication: { findings: [], senders } } : {}),
    )

  test('trust who is proven, and nobody who only says so', async () => {
    const proven = { from: ['anna@friend.test'], proven: ['anna@friend.test'] }
    expect((await run(message, proven)).byRecipient).toEqual(
      new Map([
        ['anna@here.test', [{ type: 'clean', reason: 'list-allowed', detail: 'friend.test', trusted: true }]],
      ]),
    )
    expect((await run(message, { ...proven, proven: [] })).byRecipient).toBeUndefined()
    expect((await run(message)).byRecipient).toBeUndefined()
  })

  test('block who is named, also when authentication had no time', async () => {
    const blocked = new Map([
      ['anna@here.test', [{ type: 'blocked', reason: 'list-blocked', detail: 'foe.test' }]],
    ])
    expect((await run('From: a@sub.foe.test\r\n\r\nx')).byRecipient).toEqual(blocked)
    expect((await run(message, { from: ['a@foe.test'], proven: [] })).byRecipient).toEqual(blocked)
  })
})
