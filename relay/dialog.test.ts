/** What the relay says, and what it keeps: dialogs over a real socket, into a real spool. */
import { parseNetworks } from '@restante/core/config/networks.ts'
import { describe, expect, test } from 'vitest'
import { MESSAGE, useDialogs } from './testing/dialogs.ts'

const dialogs = useDialogs()

describe('greeting', () => {
  test('comes at once, with our name, and EHLO tells what is honoured', async () => {
    await dialogs.start()
    const startedAt = performance.now()
    const client = await dialogs.connect()
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
    await dialogs.start({ limits: { greetingDelay: 150 }, relay: { exempt: parseNetworks('') } })
    const client = await dialogs.connect()
    client.write('EHLO client.example\r\n')
    expect(await client.reply()).toMatch(/^421 4\.7\.0 /)
    await client.gone()
    const patient = await dialogs.connect()
    expect(await patient.reply()).toMatch(/^220 /)
  })

  test('nothing of old jokes and other listeners', async () => {
    const client = await dialogs.open()
    for (const command of ['AUTH PLAIN AGEAYg==', 'WIZ', 'SHELL', 'KILL', 'XCLIENT ADDR=1.2.3.4', 'LHLO x']) {
      expect(await client.command(command)).toMatch(/^50\d /)
    }
    expect(await client.command('VRFY anna@acme.example')).toMatch(/^252 2\.5\.0 /)
    expect(await client.command('NOOP')).toMatch(/^250 /)
  })
})

describe('an accepted message', () => {
  test('is in the spool with its envelope and a Received line on top', async () => {
    const client = await dialogs.open()
    const reply = await client.send('zoe@other.example', ['Anna+x@ACME.example'], MESSAGE)
    const id = /^250 2\.0\.0 Ok: queued as ([0-9a-f-]{36})$/.exec(reply)?.[1]
    expect(id).toBeDefined()
    const [kept, ...others] = await dialogs.relay.kept()
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
    const client = await dialogs.open()
    await client.send(
      '',
      ['anna@acme.example', 'bea@acme.example', 'ANNA@acme.example', 'anna@ACME.EXAMPLE'],
      MESSAGE,
    )
    const [kept] = await dialogs.relay.kept()
    expect(kept?.envelope.sender).toBe('')
    expect(kept?.envelope.recipients.map(recipient => recipient.address.toLowerCase())).toEqual([
      'anna@acme.example',
      'bea@acme.example',
    ])
    expect(kept?.content.toString()).not.toContain('for <')
  })

  test('carries DSN, BODY and SMTPUTF8 along', async () => {
    const client = await dialogs.open()
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
    const [kept] = await dialogs.relay.kept()
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
    const client = await dialogs.open()
    for (let i = 0; i < 20; i++) {
      client.write(`MAIL FROM:<z@other.example>\r\nRCPT TO:<anna@acme.example>\r\nDATA\r\n`)
      for (let j = 0; j < 3; j++) expect(await client.reply()).toMatch(/^(250|354)/)
      client.write(`Subject: ${i}\r\n\r\n${i}\r\n.\r\n`)
      expect(await client.reply()).toMatch(/^250 2\.0\.0 Ok: queued as /)
    }
    expect(await dialogs.relay.kept()).toHaveLength(20)
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
    const client = await dialogs.open()
    await client.command('MAIL FROM:<z@other.example>')
    expect(await client.command(`RCPT TO:<${address}>`)).toMatch(expected)
  })

  test('are "later" for everybody while the directory was never read', async () => {
    const client = await dialogs.open({ ready: false })
    await client.command('MAIL FROM:<z@other.example>')
    expect(await client.command('RCPT TO:<anna@acme.example>')).toMatch(/^451 4\.3\.0 /)
  })

  test('postmaster without a domain is of our oldest one', async () => {
    const client = await dialogs.open()
    expect(await client.send('z@other.example', ['postmaster'], MESSAGE)).toMatch(/^250 /)
    expect((await dialogs.relay.kept())[0]?.envelope.recipients).toEqual([
      { address: 'postmaster@acme.example' },
    ])
  })

  test('are limited in number', async () => {
    const client = await dialogs.open({ limits: { recipients: 3 } })
    await client.command('MAIL FROM:<z@other.example>')
    for (const tag of [1, 2, 3]) await client.command(`RCPT TO:<anna+${tag}@acme.example>`)
    expect(await client.command('RCPT TO:<anna+4@acme.example>')).toMatch(/^452 4\.5\.3 /)
  })

  test('tried by name end the connection', async () => {
    const client = await dialogs.open({ limits: { unknownRecipients: 5, errors: 3 } })
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
    const client = await dialogs.open()
    expect(await client.command(command)).toMatch(expected)
  })

  test('MAIL before EHLO is refused', async () => {
    await dialogs.start()
    const client = await dialogs.connect()
    await client.reply()
    expect(await client.command('MAIL FROM:<z@other.example>')).toMatch(/^503 5\.5\.1 /)
  })

  test('too many errors, too many of nothing, too long a line end the connection', async () => {
    const client = await dialogs.open({ limits: { errors: 3, idleCommands: 10, commandLine: 1_000 } })
    await client.command('RCPT TO:<x@y.example>')
    await client.command('DATA')
    expect(await client.command('RCPT TO:<x@y.example>')).toMatch(/^503/)
    expect(await client.reply()).toMatch(/^421 4\.7\.0 /)
    await client.gone()
    const idle = await dialogs.hello()
    for (let i = 0; i < 9; i++) expect(await idle.command('NOOP')).toMatch(/^250/)
    expect(await idle.command('RSET')).toMatch(/^421 4\.7\.0 /)
    const long = await dialogs.hello()
    long.write('A'.repeat(2_000))
    expect(await long.reply()).toMatch(/^421 /)
  })
})

describe('size', () => {
  test('over the limit is refused after the end of data, and nothing is kept', async () => {
    const client = await dialogs.open()
    await client.command('MAIL FROM:<z@other.example>')
    await client.command('RCPT TO:<anna@acme.example>')
    await client.command('DATA')
    const line = `${'x'.repeat(98)}\r\n`
    client.write(line.repeat(1_001))
    expect(await client.command('.')).toMatch(/^552 5\.3\.4 /)
    expect(await dialogs.relay.kept()).toEqual([])
    client.write('MAIL FROM:<z@other.example>\r\nRCPT TO:<anna@acme.example>\r\nDATA\r\n')
    for (const code of ['250', '250', '354']) expect(await client.reply()).toContain(code)
    client.write(line.repeat(1_000))
    expect(await client.command('.')).toMatch(/^250 2\.0\.0 /)
    expect((await dialogs.relay.kept())[0]?.content.length).toBeGreaterThan(100_000)
  })

  test('without end ends the connection', async () => {
    const client = await dialogs.open()
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
    expect(await dialogs.relay.kept()).toEqual([])
  })

  test('of the header is limited too', async () => {
    const client = await dialogs.open({ limits: { headerSize: 1_000 } })
    expect(await client.send('z@other.example', ['anna@acme.example'], 'X: y\r\n'.repeat(300))).toMatch(
      /^552 5\.3\.4 /,
    )
    expect(
      await client.send('z@other.example', ['anna@acme.example'], `X: y\r\n\r\n${'z\r\n'.repeat(900)}`),
    ).toMatch(/^250 /)
  })
})
