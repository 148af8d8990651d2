/** What the relay says, and what it keeps: dialogs over a real socket, into a real spool. */
import { parseNetworks } from '@restante/core/config/networks.ts'
import { SpoolError } from '@restante/core/spool/types.ts'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { RawClient } from './testing/client.ts'
import { type TestRelay, testRelay } from './testing/relay.ts'

let relay: TestRelay
const clients: RawClient[] = []
async function open(options: Parameters<typeof testRelay>[0] = {}) {
  relay = await testRelay(options)
  return hello()
}
async function hello() {
  const client = await RawClient.hello(relay.port)
  clients.push(client)
  return client
}
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await relay?.close()
})

const MESSAGE = 'From: Zoe <zoe@other.example>\r\nSubject: Hello\r\n\r\nBody\r\n'

describe('greeting', () => {
  test('comes at once, with our name, and EHLO tells what is honoured', async () => {
    relay = await testRelay()
    const startedAt = performance.now()
    const client = await RawClient.open(relay.port)
    clients.push(client)
    expect(await client.reply()).toBe('220 mx.test ESMTP')
    expect(performance.now() - startedAt).toBeLessThan(90)
    expect((await client.command('EHLO client.example')).split('\n').sort()).toEqual(
      [
        '250-mx.test',
        '250-PIPELINING',
        '250-8BITMIME',
        '250-SMTPUTF8',
        '250-ENHANCEDSTATUSCODES',
        '250-DSN',
        '250-STARTTLS',
        '250 SIZE 100000',
      ].sort(),
    )
  })

  test('is waited for, when a wait is set: who speaks before is sent away', async () => {
    relay = await testRelay({ limits: { greetingDelay: 150 }, relay: { exempt: parseNetworks('') } })
    const client = await RawClient.open(relay.port)
    clients.push(client)
    client.write('EHLO client.example\r\n')
    expect(await client.reply()).toMatch(/^421 4\.7\.0 /)
    await client.gone()
    const patient = await RawClient.open(relay.port)
    clients.push(patient)
    expect(await patient.reply()).toMatch(/^220 /)
  })

  test('nothing of old jokes and other listeners', async () => {
    const client = await open()
    for (const command of ['AUTH PLAIN AGEAYg==', 'WIZ', 'SHELL', 'KILL', 'XCLIENT ADDR=1.2.3.4', 'LHLO x']) {
      expect(await client.command(command)).toMatch(/^50\d /)
    }
    expect(await client.command('VRFY anna@acme.example')).toMatch(/^252 2\.5\.0 /)
    expect(await client.command('NOOP')).toMatch(/^250 /)
  })
})

describe('an accepted message', () => {
  test('is in the spool with its envelope and a Received line on top', async () => {
    const client = await open()
    const reply = await client.send('zoe@other.example', ['Anna+x@ACME.example'], MESSAGE)
    const id = /^250 2\.0\.0 Ok: queued as ([0-9a-f-]{36})$/.exec(reply)?.[1]
    expect(id).toBeDefined()
    const [kept, ...others] = await relay.kept()
    expect(others).toEqual([])
    expect(kept?.envelope).toMatchObject({
      id,
      kind: 'inbound',
      sender: 'zoe@other.example',
      recipients: [{ address: 'Anna+x@acme.example' }],
      client: { address: '127.0.0.1', helo: 'client.example', protocol: 'ESMTP' },
    })
    const text = kept!.content.toString()
    expect(text.endsWith(`\r\n${MESSAGE}\r\n`)).toBe(true)
    expect(text.slice(0, text.indexOf('From: Zoe'))).toMatch(
      new RegExp(
        `^Received: from client\\.example \\(\\[127\\.0\\.0\\.1\\]\\)\\r\\n\\tby mx\\.test with ESMTP\\r\\n\\tid ${id}\\r\\n\\tfor <Anna\\+x@acme\\.example>;\\r\\n\\t\\w{3}, \\d{2} \\w{3} \\d{4} \\d{2}:\\d{2}:\\d{2} \\+0000\\r\\n$`,
      ),
    )
  })

  test('names no recipient in its trace when there are several, and has each once', async () => {
    const client = await open()
    await client.send(
      '',
      ['anna@acme.example', 'bea@acme.example', 'ANNA@acme.example', 'anna@ACME.EXAMPLE'],
      MESSAGE,
    )
    const [kept] = await relay.kept()
    expect(kept?.envelope.sender).toBe('')
    expect(kept?.envelope.recipients.map(recipient => recipient.address.toLowerCase())).toEqual([
      'anna@acme.example',
      'bea@acme.example',
    ])
    expect(kept?.content.toString()).not.toContain('for <')
  })

  test('carries DSN, BODY and SMTPUTF8 along', async () => {
    const client = await open()
    expect(
      await client.command('MAIL FROM:<zoë@español.example> BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb+20c'),
    ).toMatch(/^250 /)
    expect(
      await client.command(
        'RCPT TO:<josé@acme.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;jose+2Bx@acme.example',
      ),
    ).toMatch(/^250 /)
    expect(await client.command('RCPT TO:<ana@español.example> NOTIFY=NEVER')).toMatch(/^250 /)
    await client.command('DATA')
    expect(await client.command(`${MESSAGE}.`)).toMatch(/^250 /)
    const [kept] = await relay.kept()
    expect(kept?.envelope).toMatchObject({
      sender: 'zoë@xn--espaol-zwa.example',
      ret: 'HDRS',
      envid: 'a+2Bb+20c',
      smtputf8: true,
      body: '8BITMIME',
      recipients: [
        { address: 'josé@acme.example', notify: 'SUCCESS,FAILURE', original: 'rfc822;jose+2Bx@acme.example' },
        { address: 'ana@xn--espaol-zwa.example', notify: 'NEVER' },
      ],
      client: { protocol: 'UTF8SMTP' },
    })
  })

  test('many on one connection, pipelined', async () => {
    const client = await open()
    for (let i = 0; i < 20; i++) {
      client.write(`MAIL FROM:<z@other.example>\r\nRCPT TO:<anna@acme.example>\r\nDATA\r\n`)
      for (let j = 0; j < 3; j++) expect(await client.reply()).toMatch(/^(250|354)/)
      client.write(`Subject: ${i}\r\n\r\n${i}\r\n.\r\n`)
      expect(await client.reply()).toMatch(/^250 2\.0\.0 Ok: queued as /)
    }
    expect(await relay.kept()).toHaveLength(20)
  })
})

describe('recipients', () => {
  test.each([
    ['anna@acme.example', /^250 2\.1\.5 /],
    ['ANNA@Acme.Example', /^250 /],
    ['anna+tag@acme.example', /^250 /],
    ['postmaster@acme.example', /^250 /],
    ['Abuse@acme.example', /^250 /],
    ['Postmaster', /^250 /],
    ['ana@español.example', /^250 /],
    ['ana@XN--ESPAOL-ZWA.example', /^250 /],
    ['nobody@acme.example', /^550 5\.1\.1 /],
    ['anna@elsewhere.example', /^550 5\.7\.1 /],
    ['anna@sub.acme.example', /^550 5\.7\.1 /],
    ['anna%elsewhere.example@acme.example', /^550 5\.1\.1 /],
    ['anna@[127.0.0.1]', /^550 5\.7\.1 /],
    ['', /^501 5\.1\.3 /],
    ['josé@acme.example', /^553 5\.6\.7 /],
  ])('<%s>', async (address, expected) => {
    const client = await open()
    await client.command('MAIL FROM:<z@other.example>')
    expect(await client.command(`RCPT TO:<${address}>`)).toMatch(expected)
  })

  test('are "later" for everybody while the directory was never read', async () => {
    const client = await open({ ready: false })
    await client.command('MAIL FROM:<z@other.example>')
    expect(await client.command('RCPT TO:<anna@acme.example>')).toMatch(/^451 4\.3\.0 /)
  })

  test('postmaster without a domain is of our oldest one', async () => {
    const client = await open()
    expect(await client.send('z@other.example', ['postmaster'], MESSAGE)).toMatch(/^250 /)
    expect((await relay.kept())[0]?.envelope.recipients).toEqual([{ address: 'postmaster@acme.example' }])
  })

  test('are limited in number', async () => {
    const client = await open({ limits: { recipients: 3 } })
    await client.command('MAIL FROM:<z@other.example>')
    for (const tag of [1, 2, 3]) await client.command(`RCPT TO:<anna+${tag}@acme.example>`)
    expect(await client.command('RCPT TO:<anna+4@acme.example>')).toMatch(/^452 4\.5\.3 /)
  })

  test('tried by name end the connection', async () => {
    const client = await open({ limits: { unknownRecipients: 5, errors: 3 } })
    await client.command('MAIL FROM:<z@other.example>')
    for (let i = 0; i < 5; i++) {
      expect(await client.command(`RCPT TO:<name${i}@acme.example>`)).toMatch(/^550 5\.1\.1 /)
    }
    expect(await client.reply()).toMatch(/^421 4\.7\.0 /)
    await client.gone()
  })
})

describe('commands', () => {
  test.each([
    ['MAIL FROM:<z@other.example> REQUIRETLS', /^5\d\d 5\./],
    ['MAIL FROM:<z@other.example> AUTH=<>', /^555 5\.5\.4 /],
    ['MAIL FROM:<z@other.example> X=1', /^555 5\.5\.4 /],
    ['MAIL FROM:<z@other.example> SIZE=100000', /^250 2\.1\.0 /],
    ['MAIL FROM:<z@other.example> SIZE=100001', /^552 5\.3\.4 /],
    ['MAIL FROM:<z@other.example> SIZE=99999999999999999999', /^552 5\.3\.4 /],
    ['MAIL FROM:<z@other.example> SIZE=x', /^501 /],
    ['MAIL FROM:<> SIZE=1', /^250 /],
    ['MAIL FROM:<user.@other.example>', /^250 /],
    ['MAIL FROM:<zoë@other.example>', /^553 5\.6\.7 /],
    [`MAIL FROM:<${'z'.repeat(600)}@other.example>`, /^553 5\.1\.7 /],
    ['MAIL FROM: z@other.example', /^501 5\.1\.7 /],
    ['RCPT TO:<anna@acme.example>', /^503 5\.5\.1 /],
    ['DATA', /^503 5\.5\.1 /],
    ['RSET', /^250 /],
    ['FOO', /^500 5\.5\.2 /],
  ])('%s', async (command, expected) => {
    const client = await open()
    expect(await client.command(command)).toMatch(expected)
  })

  test('MAIL before EHLO is refused', async () => {
    relay = await testRelay()
    const client = await RawClient.open(relay.port)
    clients.push(client)
    await client.reply()
    expect(await client.command('MAIL FROM:<z@other.example>')).toMatch(/^503 5\.5\.1 /)
  })

  test('too many errors, too many of nothing, too long a line end the connection', async () => {
    const client = await open({ limits: { errors: 3, idleCommands: 10, commandLine: 1_000 } })
    await client.command('RCPT TO:<x@y.example>')
    await client.command('DATA')
    expect(await client.command('RCPT TO:<x@y.example>')).toMatch(/^503/)
    expect(await client.reply()).toMatch(/^421 4\.7\.0 /)
    await client.gone()
    const idle = await hello()
    for (let i = 0; i < 9; i++) expect(await idle.command('NOOP')).toMatch(/^250/)
    expect(await idle.command('RSET')).toMatch(/^421 4\.7\.0 /)
    const long = await hello()
    long.write('A'.repeat(2_000))
    expect(await long.reply()).toMatch(/^421 /)
  })
})

describe('size', () => {
  test('over the limit is refused after the end of data, and nothing is kept', async () => {
    const client = await open()
    await client.command('MAIL FROM:<z@other.example>')
    await client.command('RCPT TO:<anna@acme.example>')
    await client.command('DATA')
    const line = `${'x'.repeat(98)}\r\n`
    client.write(line.repeat(1_001))
    expect(await client.command('.')).toMatch(/^552 5\.3\.4 /)
    expect(await relay.kept()).toEqual([])
    client.write('MAIL FROM:<z@other.example>\r\nRCPT TO:<anna@acme.example>\r\nDATA\r\n')
    for (const code of ['250', '250', '354']) expect(await client.reply()).toContain(code)
    client.write(line.repeat(1_000))
    expect(await client.command('.')).toMatch(/^250 2\.0\.0 /)
    expect((await relay.kept())[0]?.content.length).toBeGreaterThan(100_000)
  })

  test('without end ends the connection', async () => {
    const client = await open()
    await client.command('MAIL FROM:<z@other.example>')
    await client.command('RCPT TO:<anna@acme.example>')
    await client.command('DATA')
    const block = Buffer.alloc(10_000, 'x')
    const flood = setInterval(() => client.write(block), 1)
    try {
      expect(await client.reply()).toMatch(/^552 5\.3\.4 /)
    } finally {
      clearInterval(flood)
    }
    expect(await relay.kept()).toEqual([])
  })

  test('of the header is limited too', async () => {
    const client = await open({ limits: { headerSize: 1_000 } })
    expect(await client.send('z@other.example', ['anna@acme.example'], 'X: y\r\n'.repeat(300))).toMatch(
      /^552 5\.3\.4 /,
    )
    expect(
      await client.send('z@other.example', ['anna@acme.example'], `X: y\r\n\r\n${'z\r\n'.repeat(900)}`),
    ).toMatch(/^250 /)
  })
})

describe('content', () => {
  test('with more than 50 Received lines is a loop', async () => {
    const client = await open()
    const message = (count: number) =>
      `${'Received: from a by b; date\r\n'.repeat(count)}\r\nreceived: in the body\r\n`
    expect(await client.send('z@other.example', ['anna@acme.example'], message(51))).toMatch(/^554 5\.4\.6 /)
    expect(await client.send('z@other.example', ['anna@acme.example'], message(50))).toMatch(/^250 /)
    expect(await relay.kept()).toHaveLength(1)
  })

  test('with NUL bytes is refused', async () => {
    const client = await open()
    expect(await client.send('z@other.example', ['anna@acme.example'], 'a\u0000b\r\n')).toMatch(
      /^554 5\.6\.0 /,
    )
    expect(await relay.kept()).toEqual([])
  })

  test('with 8-bit bytes and a line of 90,000 characters comes out as it went in', async () => {
    const client = await open()
    const message = Buffer.concat([
      Buffer.from('Subject: x\r\n\r\n'),
      Buffer.from([0xff, 0xfe, 0xe9]),
      Buffer.alloc(90_000, 'y'),
      Buffer.from('\r\n'),
    ])
    expect(await client.send('z@other.example', ['anna@acme.example'], message)).toMatch(/^250 /)
    const [kept] = await relay.kept()
    expect(kept?.content.includes(message)).toBe(true)
  })

  test('is empty at times', async () => {
    const client = await open()
    await client.command('MAIL FROM:<z@other.example>')
    await client.command('RCPT TO:<anna@acme.example>')
    await client.command('DATA')
    expect(await client.command('.')).toMatch(/^250 /)
  })
})

describe.each([1, 3, 17, 100_000])('in chunks of %i bytes', size => {
  test.each([
    '\n.\n',
    '\n.\r\n',
    '\r\n.\n',
    '\r.\r',
    '\r.\r\n',
    '\r\n.\r',
    '\n.\r',
    '\r\n.\r\r\n',
    '\n\n.\r\n',
  ])('nothing is smuggled behind %j', async pattern => {
    const client = await open()
    const smuggled = `MAIL FROM:<evil@acme.example>\r\nRCPT TO:<bea@acme.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx`
    const sent = `Subject: a\r\n\r\nbody${pattern}${smuggled}\r\n.\r\n`
    for (const command of ['MAIL FROM:<z@other.example>', 'RCPT TO:<anna@acme.example>', 'DATA']) {
      await client.command(command)
    }
    await client.writeIn(size, Buffer.from(sent))
    expect(await client.reply()).toMatch(/^250 2\.0\.0 Ok: queued/)
    expect(await client.command('NOOP')).toBe('250 2.0.0 OK')
    const kept = await relay.kept()
    expect(kept).toHaveLength(1)
    const text = kept[0]!.content.toString()
    expect(text).toContain('evil@acme.example')
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  })

  test('dots, ends and what follows are found', async () => {
    const client = await open()
    const dialog =
      'MAIL FROM:<z@other.example>\r\nRCPT TO:<anna@acme.example>\r\nDATA\r\n..one\r\n...\r\n.\r\nMAIL FROM:<y@other.example>\r\nRCPT TO:<bea@acme.example>\r\nDATA\r\ntwo\r\n.\r\nQUIT\r\n'
    await client.writeIn(size, Buffer.from(dialog))
    const codes: string[] = []
    for (let i = 0; i < 9; i++) codes.push((await client.reply()).slice(0, 3))
    expect(codes.join(' ')).toBe('250 250 354 250 250 250 354 250 221')
    const kept = await relay.kept()
    expect(kept.map(message => message.content.toString().split('\r\n').slice(-3))).toEqual([
      ['.one', '..', ''],
      [expect.stringContaining('+0000'), 'two', ''],
    ])
  })
})

describe('a spool', () => {
  test.each([
    ['full', /^452 4\.3\.1 /],
    ['failed', /^451 4\.3\.0 /],
  ] as const)('that says %s makes the sender come again', async (code, expected) => {
    const client = await open({
      wrap: spool => ({
        ...spool,
        health: () => spool.health(),
        async append(_envelope, content) {
          for await (const _ of content as AsyncIterable<Buffer>) void _
          throw new SpoolError(code, code)
        },
      }),
    })
    expect(await client.send('z@other.example', ['anna@acme.example'], MESSAGE)).toMatch(expected)
    expect(await client.command('NOOP')).toMatch(/^250/)
  })

  test('that refuses before it has read does not upset the dialog', async () => {
    const client = await open({
      wrap: spool => ({
        ...spool,
        health: () => spool.health(),
        append: () => Promise.reject(new SpoolError('full', 'full')),
      }),
    })
    for (let i = 0; i < 3; i++) {
      expect(await client.send('z@other.example', ['anna@acme.example'], MESSAGE.repeat(500))).toMatch(
        /^452 4\.3\.1 /,
      )
    }
  })

  test('keeps nothing of a client that left in the middle', async () => {
    const client = await open()
    for (const command of ['MAIL FROM:<z@other.example>', 'RCPT TO:<anna@acme.example>', 'DATA']) {
      await client.command(command)
    }
    client.write(MESSAGE)
    await new Promise(resolve => setImmediate(resolve))
    client.destroy()
    await vi.waitFor(() => expect(relay.relay.connections).toBe(0), 5_000)
    const other = await hello()
    expect(await other.send('z@other.example', ['anna@acme.example'], 'Subject: whole\r\n\r\n')).toMatch(
      /^250 /,
    )
    const kept = await relay.kept()
    expect(kept).toHaveLength(1)
    expect(kept[0]?.content.toString()).toContain('Subject: whole')
  })
})

describe('connections', () => {
  test('are limited', async () => {
    await open({ limits: { connections: 2 } })
    const second = await hello()
    const third = await RawClient.open(relay.port)
    clients.push(third)
    expect(await third.reply()).toMatch(/^421 4\.3\.2 /)
    await third.gone()
    await second.command('QUIT')
    await second.gone()
    expect(await (await hello()).command('NOOP')).toMatch(/^250/)
  })

  test('that are idle, or never send a message, or drip, end', async () => {
    await open({ limits: { idle: 200, session: 60_000 } })
    const idle = await hello()
    expect(await idle.reply()).toMatch(/^421 4\.4\.2 /)
    await relay.close()
    await open({ limits: { session: 200 } })
    const chatty = await hello()
    expect(await chatty.reply()).toMatch(/^421 4\.4\.2 /)
    await relay.close()
    const slow = await open({ limits: { data: 100, dataRate: 1_000_000 } })
    for (const command of ['MAIL FROM:<z@other.example>', 'RCPT TO:<anna@acme.example>', 'DATA']) {
      await slow.command(command)
    }
    const drip = setInterval(() => slow.write('x\r\n'), 10)
    try {
      expect(await slow.reply()).toMatch(/^421 4\.4\.2 /)
    } finally {
      clearInterval(drip)
    }
    expect(await relay.kept()).toEqual([])
  })
})

describe('STARTTLS', () => {
  test('starts over with TLS 1.2 or newer, and shows in the trace', async () => {
    const client = await open()
    const socket = await client.startTls()
    expect(['TLSv1.2', 'TLSv1.3']).toContain(socket.getProtocol())
    expect(await client.command('MAIL FROM:<z@other.example>')).toMatch(/^503 /)
    expect(await client.command('EHLO client.example')).not.toContain('STARTTLS')
    expect(await client.send('z@other.example', ['anna@acme.example'], MESSAGE)).toMatch(/^250 /)
    const [kept] = await relay.kept()
    expect(kept?.envelope.client).toMatchObject({
      protocol: 'ESMTPS',
      tls: expect.stringMatching(/^TLSv1\.[23] /),
    })
    expect(kept?.content.toString()).toMatch(/with ESMTPS\r\n\t\(TLSv1\.[23] [A-Z0-9_-]+\)\r\n/)
  })

  test('refuses TLS 1.1', async () => {
    const client = await open()
    await expect(client.startTls({ maxVersion: 'TLSv1.1' })).rejects.toThrow()
    expect(await (await hello()).command('NOOP')).toMatch(/^250/)
  })

  test('drops what was sent before the handshake', async () => {
    const client = await open()
    client.write('STARTTLS\r\nMAIL FROM:<evil@other.example>\r\nRSET\r\n')
    expect(await client.reply()).toMatch(/^220 /)
    await new Promise(resolve => setTimeout(resolve, 50))
    await expect(
      Promise.race([
        client.reply(),
        new Promise((_, reject) => setTimeout(() => reject(new Error('silence')), 300)),
      ]),
    ).rejects.toThrow('silence')
  })
})

describe('at the end', () => {
  test('an idle connection is told, a running transaction ends with its 250', async () => {
    const busy = await open()
    const idle = await hello()
    for (const command of ['MAIL FROM:<z@other.example>', 'RCPT TO:<anna@acme.example>', 'DATA']) {
      await busy.command(command)
    }
    const closing = relay.relay.close(5_000)
    expect(await idle.reply()).toMatch(/^421 4\.3\.2 /)
    expect(await busy.command(`${MESSAGE}.`)).toMatch(/^250 2\.0\.0 /)
    expect(await busy.reply()).toMatch(/^421 4\.3\.2 /)
    await closing
    await expect(RawClient.open(relay.port)).rejects.toThrow()
    expect(await relay.kept()).toHaveLength(1)
  })
})
