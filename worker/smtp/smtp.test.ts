import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import type { BackendHost } from '@restante/core/directory/backends.ts'
import { afterEach, describe, expect, test } from 'vitest'
import { certificate } from '../testing/certificate.ts'
import { type Script, type Scripted, scriptedServer } from '../testing/scripted.ts'
import { DELIVERY_TIMEOUTS, dial } from './peer.ts'
import { createPool, type Pool } from './pool.ts'
import { sendThrough } from './route.ts'
import type { Mail, MailRecipient } from './transaction.ts'

const open: { stop(): Promise<void> }[] = []
const pools: Pool[] = []
afterEach(async () => {
  for (const pool of pools.splice(0)) pool.close()
  for (const server of open.splice(0)) await server.stop()
})

async function server(script: Script = {}): Promise<Scripted> {
  const made = await scriptedServer(script)
  open.push(made)
  return made
}

function host(made: { port: number }, more: Partial<BackendHost> = {}): BackendHost {
  return { protocol: 'smtp', host: '127.0.0.1', port: made.port, tls: 'opportunistic', ...more }
}

function pool(hosts: BackendHost[], timeouts = DELIVERY_TIMEOUTS): Pool {
  const made = createPool(hosts, h => dial(h, { name: 'gateway.test', ...timeouts }))
  pools.push(made)
  return made
}

function mail(recipients: (string | MailRecipient)[], more: Partial<Mail> & { text?: string } = {}): Mail {
  const bytes = Buffer.from(more.text ?? 'Subject: x\r\n\r\nx\r\n')
  return {
    sender: 'a@elsewhere.test',
    size: bytes.length,
    envelope: {},
    recipients: recipients.map(r =>
      typeof r === 'string' ? { address: r, original: null, notify: null } : r,
    ),
    content: async () => ({ size: bytes.length, content: Readable.from([bytes]) }),
    ...more,
  }
}

const none = () => {}
const categories = (told: ReadonlyMap<string, { category: string; permanent: boolean }>) =>
  Object.fromEntries([...told].map(([address, o]) => [address, `${o.category}${o.permanent ? '!' : ''}`]))

describe('LMTP', () => {
  test('tells each recipient apart after the message', async () => {
    const peer = await server({
      lmtp: true,
      final: recipient =>
        recipient.startsWith('b')
          ? '452 4.2.2 Mailbox full'
          : recipient.startsWith('c')
            ? '550 5.2.1 disabled'
            : undefined,
    })
    const sent = await sendThrough(
      pool([host(peer, { protocol: 'lmtp' })]),
      mail(['a@x.test', 'b@x.test', 'c@x.test', 'd@x.test']),
      none,
    )
    expect(categories(sent.told)).toEqual({
      'a@x.test': 'accepted',
      'b@x.test': 'mailbox-full',
      'c@x.test': 'mailbox-disabled!',
      'd@x.test': 'accepted',
    })
  })

  test('that breaks off between its answers keeps what was already said', async () => {
    const peer = await server({ lmtp: true, final: r => (r.startsWith('b') ? 'drop' : undefined) })
    const sent = await sendThrough(
      pool([host(peer, { protocol: 'lmtp' })]),
      mail(['a@x.test', 'b@x.test', 'c@x.test']),
      none,
    )
    expect(categories(sent.told)).toEqual({
      'a@x.test': 'accepted',
      'b@x.test': 'destination-down',
      'c@x.test': 'destination-down',
    })
  })
})

describe('without pipelining', () => {
  test('each recipient is told apart too', async () => {
    const peer = await server({
      extensions: ['8BITMIME'],
      command: line =>
        line.includes('<b@')
          ? '550 5.1.1 unknown'
          : line.includes('<c@')
            ? '451 4.7.1 greylisted'
            : undefined,
    })
    const sent = await sendThrough(pool([host(peer)]), mail(['a@x.test', 'b@x.test', 'c@x.test']), none)
    expect(categories(sent.told)).toEqual({
      'a@x.test': 'accepted',
      'b@x.test': 'bad-address!',
      'c@x.test': 'greylisted',
    })
  })
})

describe('a connection', () => {
  test('is used again, after RSET when something went wrong on it', async () => {
    const peer = await server({ command: line => (line.includes('<b@') ? '550 5.1.1 unknown' : undefined) })
    const used = pool([host(peer)])
    await sendThrough(used, mail(['a@x.test']), none)
    await sendThrough(used, mail(['b@x.test']), none)
    await sendThrough(used, mail(['a@x.test']), none)
    expect(peer.sessions).toBe(1)
    expect(peer.commands.filter(line => line === 'RSET')).toHaveLength(1)
    expect(peer.received).toHaveLength(2)
  })

  test('that the server closed meanwhile is replaced without anybody noticing', async () => {
    const peer = await server()
    const used = pool([host(peer)])
    await sendThrough(used, mail(['a@x.test']), none)
    peer.hangUp()
    const sent = await sendThrough(used, mail(['a@x.test']), none)
    expect(categories(sent.told)).toEqual({ 'a@x.test': 'accepted' })
    expect(peer.sessions).toBe(2)
  })

  test('that answers without end is given up', async () => {
    const peer = await server({ greeting: () => `220-${'x'.repeat(200_000)}` })
    const sent = await sendThrough(pool([host(peer)]), mail(['a@x.test']), none)
    expect(categories(sent.told)).toEqual({ 'a@x.test': 'destination-down' })
  })

  test('that is never answered is given up', async () => {
    const peer = await server({ command: line => (line.startsWith('EHLO') ? 'hang' : undefined) })
    const timeouts = { connectTimeout: 200, greetingTimeout: 200, idleTimeout: 200 }
    const sent = await sendThrough(pool([host(peer)], timeouts), mail(['a@x.test']), none)
    expect(categories(sent.told)).toEqual({ 'a@x.test': 'timed-out' })
  })
})

describe('several hosts', () => {
  test('are tried in order, and one that is away is passed over next time', async () => {
    const first = await server()
    const second = await server()
    const used = pool([host(first), host(second)])
    await first.stop()
    expect((await sendThrough(used, mail(['a@x.test']), none)).host).toBe('127.0.0.1')
    expect(second.received).toHaveLength(1)
    expect(used.order()[0]?.port).toBe(second.port)
  })

  test('a host that refuses us for now is not the last word', async () => {
    const first = await server({ command: line => (line.startsWith('MAIL') ? '451 4.3.2 busy' : undefined) })
    const second = await server()
    await sendThrough(pool([host(first), host(second)]), mail(['a@x.test']), none)
    expect(second.received).toHaveLength(1)
  })

  test('a recipient that is refused is not asked for elsewhere', async () => {
    const first = await server({
      command: line => (line.startsWith('RCPT') ? '550 5.1.1 unknown' : undefined),
    })
    const second = await server()
    const sent = await sendThrough(pool([host(first), host(second)]), mail(['a@x.test']), none)
    expect(categories(sent.told)).toEqual({ 'a@x.test': 'bad-address!' })
    expect(second.sessions).toBe(0)
  })
})

describe('what a peer announces', () => {
  test('SIZE: a message that is too large is not sent at all', async () => {
    const peer = await server({ extensions: ['SIZE 100'] })
    const sent = await sendThrough(pool([host(peer)]), mail(['a@x.test'], { text: 'x'.repeat(200) }), none)
    expect(categories(sent.told)).toEqual({ 'a@x.test': 'too-large!' })
    expect(peer.commands.some(line => line.startsWith('MAIL'))).toBe(false)
  })

  test('SMTPUTF8: an address that needs it fails where it is missing and goes where it is not', async () => {
    const without = await server()
    const refused = await sendThrough(pool([host(without)]), mail(['añna@x.test']), none)
    expect([...refused.told.values()][0]).toMatchObject({ permanent: true, enhanced: '5.6.7' })
    const peer = await server({ extensions: ['SMTPUTF8', '8BITMIME'] })
    await sendThrough(pool([host(peer)]), mail(['añna@x.test']), none)
    expect(peer.received[0]?.recipients).toEqual(['añna@x.test'])
    expect(peer.commands.find(line => line.startsWith('MAIL'))).toContain('SMTPUTF8')
  })

  test('8BITMIME and SIZE are named where the peer has them', async () => {
    const peer = await server({ extensions: ['8BITMIME', 'SIZE 1000000'] })
    await sendThrough(pool([host(peer)]), mail(['a@x.test'], { envelope: { body: '8BITMIME' } }), none)
    expect(peer.commands.find(line => line.startsWith('MAIL'))).toBe(
      'MAIL FROM:<a@elsewhere.test> BODY=8BITMIME SIZE=17',
    )
  })

  test('DSN parameters are passed on, each to its recipient', async () => {
    const peer = await server({ extensions: ['DSN', 'PIPELINING'] })
    await sendThrough(
      pool([host(peer)]),
      mail(
        [
          { address: 'a@x.test', original: 'rfc822;a@x.test', notify: null },
          { address: 'b@x.test', original: 'rfc822;old+2Bb@y.test', notify: 'NEVER' },
          { address: 'c@x.test', original: null, notify: null },
        ],
        { envelope: { ret: 'HDRS', envid: 'QQ+2B1' } },
      ),
      none,
    )
    const said = peer.commands.filter(line => /^(MAIL|RCPT)/.test(line))
    expect(said).toEqual([
      'MAIL FROM:<a@elsewhere.test> RET=HDRS ENVID=QQ+2B1',
      'RCPT TO:<a@x.test> ORCPT=rfc822;a@x.test',
      'RCPT TO:<b@x.test> NOTIFY=NEVER ORCPT=rfc822;old+2Bb@y.test',
      'RCPT TO:<c@x.test>',
    ])
  })

  test('DSN parameters are kept back where they are not known', async () => {
    const peer = await server()
    await sendThrough(
      pool([host(peer)]),
      mail([{ address: 'b@x.test', original: 'rfc822;b@y.test', notify: 'NEVER' }]),
      none,
    )
    expect(peer.commands.filter(line => line.startsWith('RCPT'))).toEqual(['RCPT TO:<b@x.test>'])
  })
})

describe('signing in', () => {
  const answers = (line: string) => {
    if (!line.startsWith('AUTH PLAIN ')) return undefined
    const given = Buffer.from(line.slice(11), 'base64').toString()
    return given === '\0relay\0secret' ? '235 2.7.0 ok' : '535 5.7.8 no'
  }
  test('sends the name and password of the URL', async () => {
    const peer = await server({ extensions: ['AUTH PLAIN LOGIN'], command: answers })
    const sent = await sendThrough(
      pool([host(peer, { user: 'relay', password: 'secret', tls: 'none' })]),
      mail(['a@x.test']),
      none,
    )
    expect(categories(sent.told)).toEqual({ 'a@x.test': 'accepted' })
  })
  test('a password that is refused is our fault and makes nothing fail', async () => {
    const peer = await server({ extensions: ['AUTH PLAIN LOGIN'], command: answers })
    const sent = await sendThrough(
      pool([host(peer, { user: 'relay', password: 'wrong', tls: 'none' })]),
      mail(['a@x.test']),
      none,
    )
    expect([...sent.told.values()][0]).toMatchObject({
      category: 'authentication',
      side: 'us',
      permanent: false,
    })
  })
})

describe('TLS', () => {
  test('opportunistic: a handshake that fails is no reason to send nothing', async () => {
    const peer = await server({
      extensions: ['STARTTLS'],
      command: line => (line === 'STARTTLS' ? '220 go on, but I speak no TLS' : undefined),
    })
    const timeouts = { connectTimeout: 300, greetingTimeout: 300, idleTimeout: 5_000 }
    const sent = await sendThrough(pool([host(peer)], timeouts), mail(['a@x.test']), none)
    expect(categories(sent.told)).toEqual({ 'a@x.test': 'accepted' })
  })

  test('required: nothing goes out in clear', async () => {
    const peer = await server()
    const sent = await sendThrough(pool([host(peer, { tls: 'required' })]), mail(['a@x.test']), none)
    expect(categories(sent.told)).toEqual({ 'a@x.test': 'tls-fault' })
    expect(peer.received).toEqual([])
  })

  test('a password is never sent after a handshake that failed', async () => {
    const peer = await server({
      extensions: ['STARTTLS', 'AUTH PLAIN'],
      command: line => (line === 'STARTTLS' ? '454 4.7.0 not now' : undefined),
    })
    const sent = await sendThrough(
      pool([host(peer, { user: 'relay', password: 'secret' })]),
      mail(['a@x.test']),
      none,
    )
    expect(peer.commands.some(line => line.startsWith('AUTH'))).toBe(false)
    expect([...sent.told.values()][0]?.permanent).toBe(false)
  })

  test('implicit TLS from the first byte', async () => {
    const inner = await server()
    const { connect } = await import('node:net')
    const front = createTlsServer(certificate, socket => {
      const behind = connect(inner.port, '127.0.0.1')
      behind.on('error', () => socket.destroy())
      socket.on('error', () => behind.destroy())
      socket.pipe(behind).pipe(socket)
    })
    await new Promise<void>(resolve => front.listen(0, '127.0.0.1', resolve))
    open.push({ stop: async () => void front.close() })
    const { port } = front.address() as AddressInfo
    const sent = await sendThrough(pool([host({ port }, { tls: 'implicit' })]), mail(['a@x.test']), none)
    expect(categories(sent.told)).toEqual({ 'a@x.test': 'accepted' })
  })
})

test('a message that the spool gives only in part is not sent as if it were whole', async () => {
  const peer = await server()
  const faults: unknown[] = []
  const sent = await sendThrough(
    pool([host(peer)]),
    mail(['a@x.test'], {
      content: async () => ({ size: 100, content: Readable.from([Buffer.from('Subject: half\r\n')]) }),
    }),
    error => faults.push(error),
  )
  expect([...sent.told.values()][0]).toMatchObject({ side: 'us', permanent: false })
  expect(faults).toHaveLength(1)
  expect(peer.received).toEqual([])
})
