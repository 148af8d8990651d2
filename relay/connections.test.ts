/** A connection from its start to its end: limits, TLS, a spool that refuses, a relay that stops. */
import { SpoolError } from '@restante/core/spool/types.ts'
import { describe, expect, test, vi } from 'vitest'
import { RawClient } from './testing/client.ts'
import { MESSAGE, useDialogs } from './testing/dialogs.ts'

const dialogs = useDialogs()

describe('a spool', () => {
  test.each([
    ['full', /^452 4\.3\.1 /],
    ['failed', /^451 4\.3\.0 /],
  ] as const)('that says %s makes the sender come again', async (code, expected) => {
    const client = await dialogs.open({
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
    const client = await dialogs.open({
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
    const client = await dialogs.open()
    for (const command of ['MAIL FROM:<z@other.example>', 'RCPT TO:<anna@acme.example>', 'DATA']) {
      await client.command(command)
    }
    client.write(MESSAGE)
    await new Promise(resolve => setImmediate(resolve))
    client.destroy()
    await vi.waitFor(() => expect(dialogs.relay.relay.connections).toBe(0), 5_000)
    const other = await dialogs.hello()
    expect(await other.send('z@other.example', ['anna@acme.example'], 'Subject: whole\r\n\r\n')).toMatch(
      /^250 /,
    )
    const kept = await dialogs.relay.kept()
    expect(kept).toHaveLength(1)
    expect(kept[0]?.content.toString()).toContain('Subject: whole')
  })
})

describe('connections', () => {
  test('are limited', async () => {
    await dialogs.open({ limits: { connections: 2 } })
    const second = await dialogs.hello()
    const third = await dialogs.connect()
    expect(await third.reply()).toMatch(/^421 4\.3\.2 /)
    await third.gone()
    await second.command('QUIT')
    await second.gone()
    expect(await (await dialogs.hello()).command('NOOP')).toMatch(/^250/)
  })

  test('that are idle, or never send a message, or drip, end', async () => {
    await dialogs.open({ limits: { idle: 200, session: 60_000 } })
    const idle = await dialogs.hello()
    expect(await idle.reply()).toMatch(/^421 4\.4\.2 /)
    await dialogs.relay.close()
    await dialogs.open({ limits: { session: 200 } })
    const chatty = await dialogs.hello()
    expect(await chatty.reply()).toMatch(/^421 4\.4\.2 /)
    await dialogs.relay.close()
    const slow = await dialogs.open({ limits: { data: 100, dataRate: 1_000_000 } })
    for (const command of ['MAIL FROM:<z@other.example>', 'RCPT TO:<anna@acme.example>', 'DATA']) {
      await slow.command(command)
    }
    const drip = setInterval(() => slow.write('x\r\n'), 10)
    try {
      expect(await slow.reply()).toMatch(/^421 4\.4\.2 /)
    } finally {
      clearInterval(drip)
    }
    expect(await dialogs.relay.kept()).toEqual([])
  })
})

describe('STARTTLS', () => {
  test('starts over with TLS 1.2 or newer, and shows in the trace', async () => {
    const client = await dialogs.open()
    const socket = await client.startTls()
    expect(['TLSv1.2', 'TLSv1.3']).toContain(socket.getProtocol())
    expect(await client.command('MAIL FROM:<z@other.example>')).toMatch(/^503 /)
    expect(await client.command('EHLO client.example')).not.toContain('STARTTLS')
    expect(await client.send('z@other.example', ['anna@acme.example'], MESSAGE)).toMatch(/^250 /)
    const [kept] = await dialogs.relay.kept()
    expect(kept?.envelope.client).toMatchObject({
      protocol: 'ESMTPS',
      tls: expect.stringMatching(/^TLSv1\.[23] /),
    })
    expect(kept?.content.toString()).toMatch(/with ESMTPS\r\n\t\(TLSv1\.[23] [A-Z0-9_-]+\)\r\n/)
  })

  test('refuses TLS 1.1', async () => {
    const client = await dialogs.open()
    await expect(client.startTls({ maxVersion: 'TLSv1.1' })).rejects.toThrow()
    expect(await (await dialogs.hello()).command('NOOP')).toMatch(/^250/)
  })

  test('drops what was sent before the handshake', async () => {
    const client = await dialogs.open()
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
    const busy = await dialogs.open()
    const idle = await dialogs.hello()
    for (const command of ['MAIL FROM:<z@other.example>', 'RCPT TO:<anna@acme.example>', 'DATA']) {
      await busy.command(command)
    }
    const closing = dialogs.relay.relay.close(5_000)
    expect(await idle.reply()).toMatch(/^421 4\.3\.2 /)
    expect(await busy.command(`${MESSAGE}.`)).toMatch(/^250 2\.0\.0 /)
    expect(await busy.reply()).toMatch(/^421 4\.3\.2 /)
    await closing
    await expect(RawClient.open(dialogs.relay.port)).rejects.toThrow()
    expect(await dialogs.relay.kept()).toHaveLength(1)
  })
})
