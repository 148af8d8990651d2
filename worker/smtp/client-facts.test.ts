/**
 * A real Postfix and a real Dovecot behind us: each way of telling them who the client was, and what they then
 * log, decide and write into Received.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { parseHost } from '@restante/core/directory/backends.ts'
import { afterEach, describe, expect, test } from 'vitest'
import { startDovecot } from '../../e2e/servers/dovecot.ts'
import { canRunPostfix, type Postfix, startPostfix } from '../../e2e/servers/postfix.ts'
import { testGateway, until } from '../testing/gateway.ts'
import { type ClientFacts, factsOf } from './client-facts.ts'
import { DELIVERY_TIMEOUTS, dial } from './peer.ts'
import { createPool, type Pool } from './pool.ts'
import { sendThrough } from './route.ts'
import type { Mail } from './transaction.ts'

const open: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

function poolTo(url: string): Pool {
  const pool = createPool([parseHost(url)], (host, client) =>
    dial(host, { name: 'gateway.test', client, ...DELIVERY_TIMEOUTS }),
  )
  open.push(() => pool.close())
  return pool
}

const anna = 'anna@example.test'
function mail(client: ClientFacts | null, subject: string): Mail {
  const bytes = Buffer.from(`Subject: ${subject}\r\n\r\nx\r\n`)
  return {
    sender: 'a@elsewhere.test',
    size: bytes.length,
    envelope: {},
    client,
    recipients: [{ address: anna, original: null, notify: null }],
    content: async () => ({ size: bytes.length, content: Readable.from([bytes]) }),
  }
}

const facts = (address: string, more: Partial<ClientFacts> = {}): ClientFacts => ({
  address,
  name: null,
  helo: 'mx.elsewhere.test',
  protocol: 'ESMTP',
  id: '01a2b3',
  ...more,
})

async function send(pool: Pool, client: ClientFacts | null, subject: string): Promise<string> {
  const sent = await sendThrough(pool, mail(client, subject), error => {
    throw error
  })
  const outcome = sent.told.get(anna)
  return `${outcome?.category} ${outcome?.code}`
}

async function postfix(settings: string): Promise<Postfix> {
  const made = await startPostfix({ domain: 'example.test', users: [anna], settings })
  open.push(() => made.remove())
  return made
}
const logOf = (made: Postfix): string => readFileSync(join(made.folder, 'maillog'), 'utf8')
/** Without the one that looked whether it answers. */
const connections = (made: Postfix): number => (logOf(made).match(/ connect from /g)?.length ?? 0) - 1
/** Received of the message with this subject, as Postfix wrote it. */
async function received(made: Postfix, subject: string): Promise<string> {
  const found = await until('it is in the maildir', () =>
    made
      .read(anna)
      .map(String)
      .find(text => text.includes(`Subject: ${subject}`)),
  )
  return /^Received: (.*(?:\n[ \t].*)*)/m.exec(found)?.[1]?.replace(/\s+/g, ' ') ?? ''
}
const BLOCKED = 'smtpd_client_restrictions = check_client_access inline:{ {203.0.113.66 = reject not you} }'

describe.skipIf(!canRunPostfix)('Postfix', { timeout: 60_000 }, () => {
  test('logs the client that XFORWARD names, and decides as for us', async () => {
    const made = await postfix(
      `inet_protocols = all\nsmtpd_authorized_xforward_hosts = 127.0.0.0/8\n${BLOCKED}`,
    )
    const pool = poolTo(`smtp://127.0.0.1:${made.port}`)
    expect(await send(pool, facts('203.0.113.66', { name: 'mx.elsewhere.test', helo: 'a b=+' }), 'one')).toBe(
      'accepted 250',
    )
    expect(await send(pool, facts('2001:db8::9'), 'two')).toBe('accepted 250')
    expect(await send(pool, null, 'three')).toBe('accepted 250')
    const log = logOf(made)
    expect(log).toContain('orig_client=mx.elsewhere.test[203.0.113.66]')
    expect(log).toContain('orig_client=unknown[2001:db8::9]')
    expect(log).toContain('orig_queue_id=01a2b3')
    // One connection for all of them, and nothing of the one before sticks to the next.
    expect(connections(made)).toBe(1)
    expect(log.match(/orig_client=\S+\[/g)).toHaveLength(2)
    expect(await received(made, 'one')).toMatch(/^from gateway\.test \(unknown \[127\.0\.0\.1\]\)/)
  })

  test('hears nothing by XFORWARD when it does not ask for it, and with client=none', async () => {
    const silent = await postfix('')
    expect(await send(poolTo(`smtp://127.0.0.1:${silent.port}`), facts('203.0.113.9'), 'one')).toBe(
      'accepted 250',
    )
    const asking = await postfix('smtpd_authorized_xforward_hosts = 127.0.0.0/8')
    const none = poolTo(`smtp://127.0.0.1:${asking.port}?client=none`)
    expect(await send(none, facts('203.0.113.9'), 'one')).toBe('accepted 250')
    expect(logOf(silent) + logOf(asking)).not.toMatch(/orig_client|XFORWARD/)
  })

  test('decides about the client that XCLIENT names, one after the other on one connection', async () => {
    const made = await postfix(
      `inet_protocols = all\nsmtpd_authorized_xclient_hosts = 127.0.0.0/8\n${BLOCKED}`,
    )
    const pool = poolTo(`smtp://127.0.0.1:${made.port}?client=xclient`)
    expect(await send(pool, facts('203.0.113.9', { name: 'mx.elsewhere.test' }), 'one')).toBe('accepted 250')
    expect(await send(pool, facts('203.0.113.9', { name: 'mx.elsewhere.test' }), 'two')).toBe('accepted 250')
    expect(await send(pool, facts('203.0.113.66'), 'no')).toBe('unknown 554')
    expect(await send(pool, facts('2001:db8::9', { protocol: 'SMTP', helo: null }), 'three')).toBe(
      'accepted 250',
    )
    // A notice is ours: it comes as from us, on a connection of its own.
    expect(await send(pool, null, 'four')).toBe('accepted 250')
    expect(await received(made, 'two')).toMatch(
      /^from mx\.elsewhere\.test \(mx\.elsewhere\.test \[203\.0\.113\.9\]\) by .* with ESMTP /,
    )
    expect(await received(made, 'three')).toMatch(/\(unknown \[IPv6:2001:db8::9\]\)/)
    expect(await received(made, 'four')).toMatch(/^from gateway\.test \(unknown \[127\.0\.0\.1\]\)/)
    expect(logOf(made)).toContain('client=mx.elsewhere.test[203.0.113.9]')
  })

  test('is told by the worker whose message it delivers', async () => {
    const made = await postfix('smtpd_authorized_xclient_hosts = 127.0.0.0/8')
    const gateway = await testGateway([`smtp://127.0.0.1:${made.port}?client=xclient`])
    open.push(() => gateway.close())
    gateway.start()
    const client = { address: '203.0.113.7', helo: 'mx7.elsewhere.test', protocol: 'ESMTPS' }
    await gateway.accept([anna], 'Subject: whole way\r\n\r\nx\r\n', { client })
    expect(await received(made, 'whole way')).toContain('mx7.elsewhere.test (unknown [203.0.113.7])')
  })

  test('takes mail as ours when it does not let us say XCLIENT', async () => {
    const made = await postfix(BLOCKED)
    const pool = poolTo(`smtp://127.0.0.1:${made.port}?client=xclient`)
    expect(await send(pool, facts('203.0.113.66'), 'one')).toBe('accepted 250')
    expect(await send(pool, facts('203.0.113.9'), 'two')).toBe('accepted 250')
    expect(connections(made)).toBe(1)
  })

  test.each(['proxy', 'proxy2'])('decides about the client that client=%s names', async way => {
    const made = await postfix(`inet_protocols = all\nsmtpd_upstream_proxy_protocol = haproxy\n${BLOCKED}`)
    const pool = poolTo(`smtp://127.0.0.1:${made.port}?client=${way}`)
    expect(await send(pool, facts('203.0.113.9'), 'one')).toBe('accepted 250')
    expect(await send(pool, facts('203.0.113.9'), 'two')).toBe('accepted 250')
    expect(await send(pool, facts('203.0.113.66'), 'no')).toBe('unknown 554')
    expect(await send(pool, facts('2001:db8::9'), 'three')).toBe('accepted 250')
    expect(await send(pool, null, 'four')).toBe('accepted 250')
    expect(await received(made, 'two')).toContain('[203.0.113.9]')
    expect(await received(made, 'three')).toContain('[IPv6:2001:db8::9]')
    expect(await received(made, 'four')).toContain('[127.0.0.1]')
    // A connection for each client, used again for the same one.
    expect(logOf(made).match(/ connect from unknown\[203\.0\.113\.9\]/g)).toHaveLength(1)
  })
})

describe('Dovecot by LMTP', { timeout: 30_000 }, () => {
  test.each([
    ['xclient', 'login_trusted_networks = 127.0.0.0/8\n'],
    [
      'proxy',
      'haproxy_trusted_networks = 127.0.0.0/8\nservice lmtp {\n  inet_listener lmtp {\n    haproxy = yes\n  }\n}\n',
    ],
    [
      'proxy2',
      'haproxy_trusted_networks = 127.0.0.0/8\nservice lmtp {\n  inet_listener lmtp {\n    haproxy = yes\n  }\n}\n',
    ],
  ])('writes the client that client=%s names into Received', async (way, settings) => {
    const made = await startDovecot({ settings })
    open.push(() => made.remove())
    const pool = poolTo(`lmtp://127.0.0.1:${made.lmtpPort}?client=${way}`)
    for (const [subject, client] of [
      ['one', facts('203.0.113.9')],
      ['two', facts('203.0.113.10')],
      ['three', facts('2001:db8::9')],
      ['four', null],
    ] as const) {
      expect(await send(pool, client, subject)).toBe('accepted 250')
      const text = await until('it is stored', () =>
        globSync(join(made.folder, 'mail', anna, '{new,cur}', '*'))
          .map(file => readFileSync(file, 'utf8'))
          .find(found => found.includes(`Subject: ${subject}`)),
      )
      expect(text).toContain(`([${client?.address ?? '127.0.0.1'}])`)
    }
  })
})

test.each([
  ['inbound', { address: '::ffff:192.0.2.1', protocol: 'ESMTPS' }, '192.0.2.1'],
  ['inbound', { address: 'fe80::1%eth0', protocol: 'SMTP' }, 'fe80::1'],
  ['inbound', {}, undefined],
  ['inbound', { address: 'nonsense' }, undefined],
  ['submission', { address: '192.0.2.1', person: 'p' }, undefined],
  ['notice', {}, undefined],
] as const)('%s mail from %o is told as from %s', (kind, client, expected) => {
  expect(factsOf({ id: 'x', kind, envelope: { client } })?.address).toBe(expected)
})
