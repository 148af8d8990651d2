/**
 * What hostile and broken clients send, and what comes of it: a clear reply, bounded memory, and a spool that
 * holds nothing that a backend could misread.
 */
import { describe, expect, test } from 'vitest'
import type { RawClient } from './testing/client.ts'
import { FALSE_ENDS, useDialogs } from './testing/dialogs.ts'

const dialogs = useDialogs()
const begin = async (client: RawClient) => {
  for (const line of ['MAIL FROM:<z@other.example>', 'RCPT TO:<anna@acme.example>', 'DATA'])
    await client.command(line)
}

/**
 * A server that ends a message at any of these, and would read what follows as commands. What the relay keeps
 * goes out with its dots stuffed (RFC 5321 §4.5.2), as by the worker.
 */
function asNaiveServersRead(content: string): string[] {
  const sent = `${content.replace(/^\./gm, '..')}\r\n.\r\n`
  return sent
    .split(/(?:\r\n|\n|\r)\.(?:\r\n|\n|\r)/)
    .slice(1)
    .filter(rest => rest !== '')
}

describe.each([1, 3, 17])('in chunks of %i', size => {
  test.each(FALSE_ENDS)('%j smuggles nothing past a server that takes it for an end', async pattern => {
    const client = await dialogs.open()
    await begin(client)
    const smuggled =
      'MAIL FROM:<admin@acme.example>\r\nRCPT TO:<bea@acme.example>\r\nDATA\r\nSubject: forged\r\n\r\n'
    await client.writeIn(size, Buffer.from(`Subject: a\r\n\r\nbody${pattern}${smuggled}x\r\n.\r\n`, 'latin1'))
    const reply = await client.reply()
    if (pattern.includes('\0')) expect(reply).toMatch(/^554 5\.6\.0 /)
    else expect(reply).toMatch(/^250 2\.0\.0 /)
    expect(await client.command('NOOP')).toMatch(/^250 /)
    for (const { envelope, content } of await dialogs.relay.kept()) {
      expect(envelope.recipients).toEqual([{ address: 'anna@acme.example' }])
      expect(asNaiveServersRead(content.toString('latin1'))).toEqual([])
    }
  })
})

describe('bare CR and LF, when they are to be refused', () => {
  const refusing = { relay: { bareNewlines: 'refuse' as const } }
  test.each(['Subject: a\n\nbody\r\n', 'Subject: a\r\n\r\nbo\rdy\r\n', 'Subject: a\r\n\r\nbody\r\n.\rx\r\n'])(
    '%j is refused, and the next message taken',
    async message => {
      const client = await dialogs.open(refusing)
      expect(await client.send('z@other.example', ['anna@acme.example'], message)).toMatch(
        /^550 5\.6\.0 Message has bare CR or LF/,
      )
      expect(await client.send('z@other.example', ['anna@acme.example'], 'Subject: b\r\n\r\nbody')).toMatch(
        /^250 /,
      )
      expect(await dialogs.relay.kept()).toHaveLength(1)
    },
  )

  test('a whole message of CRLF lines is none of that', async () => {
    const client = await dialogs.open(refusing)
    expect(
      await client.send('z@other.example', ['anna@acme.example'], 'Subject: a\r\n\r\n..dot\r\n\r\n'),
    ).toMatch(/^250 /)
  })
})

describe('too much', () => {
  test('of recipients: the first thousand are taken, 9,000 told to come later', async () => {
    const client = await dialogs.open()
    await client.command('MAIL FROM:<z@other.example>')
    const codes = new Map<string, number>()
    for (let batch = 0; batch < 100; batch++) {
      const lines = Array.from(
        { length: 100 },
        (_, n) => `RCPT TO:<anna+${batch * 100 + n}@acme.example>\r\n`,
      )
      client.write(lines.join(''))
      for (let i = 0; i < 100; i++) {
        const code = (await client.reply()).slice(0, 9)
        codes.set(code, (codes.get(code) ?? 0) + 1)
      }
    }
    expect(Object.fromEntries(codes)).toEqual({ '250 2.1.5': 1_000, '452 4.5.3': 9_000 })
    await client.command('DATA')
    expect(await client.command('Subject: x\r\n\r\n.')).toMatch(/^250 /)
    expect((await dialogs.relay.kept())[0]?.envelope.recipients).toHaveLength(1_000)
  }, 60_000)

  test('of header lines', async () => {
    const client = await dialogs.open({ limits: { headerLines: 500 } })
    const flood = 'A: b\r\n'.repeat(600)
    expect(await client.send('z@other.example', ['anna@acme.example'], flood)).toMatch(
      /^552 5\.3\.4 Header of the message has more than 500 lines/,
    )
    expect(await client.send('z@other.example', ['anna@acme.example'], `A: b\r\n\r\n${flood}`)).toMatch(
      /^250 /,
    )
  })

  test('of one line: 100,000 characters come through whole, in the header and in the body', async () => {
    const client = await dialogs.open({ messageSize: 500_000 })
    const line = 'y'.repeat(100_000)
    const long = 'z'.repeat(100_000)
    const message = `Subject: ${line}\r\n\r\n${long}\r\n`
    expect(await client.send('z@other.example', ['anna@acme.example'], message)).toMatch(/^250 /)
    const [kept] = await dialogs.relay.kept()
    expect(kept?.content.toString()).toContain(long)
    expect(kept?.content.toString()).toContain(`Subject: ${line}\r\n`)
  })

  test('of a command line: the connection ends with a word', async () => {
    const client = await dialogs.open()
    client.write(`MAIL FROM:<${'z'.repeat(100_000)}`)
    expect(await client.reply()).toMatch(/^421 /)
    await client.gone()
  })

  test('of replies that nobody reads: the relay stops reading, and goes on when they are read', async () => {
    const client = await dialogs.open({ limits: { idleCommands: 1_000_000 } })
    await client.command('NOOP')
    client.pause()
    const sent = 200_000
    client.write('NOOP\r\n'.repeat(sent))
    const other = await dialogs.hello()
    expect(await other.command('NOOP')).toMatch(/^250 /)
    client.resume()
    let answered = 0
    while (answered < 1_000) {
      expect(await client.reply()).toMatch(/^250 /)
      answered++
    }
  })
})

describe('bytes beyond ASCII', () => {
  test('in the header come through as they are, SMTPUTF8 or not', async () => {
    const client = await dialogs.open()
    const message = Buffer.concat([
      Buffer.from('Subject: caf'),
      Buffer.from([0xe9]),
      Buffer.from(' \u00e9\r\n\r\nx\r\n'),
    ])
    expect(await client.send('z@other.example', ['anna@acme.example'], message)).toMatch(/^250 /)
    expect((await dialogs.relay.kept())[0]?.content.includes(message)).toBe(true)
  })

  test.each([0xff, 0xc0, 0x80])('in a command (%i) get a refusal', async byte => {
    const client = await dialogs.open()
    client.write(
      Buffer.concat([Buffer.from('MAIL FROM:<z'), Buffer.from([byte]), Buffer.from('@b.example>\r\n')]),
    )
    expect(await client.reply()).toMatch(/^5\d\d 5\./)
    expect(await client.command('NOOP')).toMatch(/^250 /)
  })

  test.each(['MAIL FROM:<a\0b@c.example>', 'NO\0OP', '\0', 'RCPT TO:<anna\r@acme.example>', 'EHLO a\0b'])(
    'control characters in %j get a refusal',
    async line => {
      const client = await dialogs.open()
      expect(await client.command(line)).toMatch(/^5\d\d/)
      expect(await client.command('NOOP')).toMatch(/^250 /)
    },
  )
})
