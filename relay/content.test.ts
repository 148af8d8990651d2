/** What may stand in a message, and where it ends. */
import { describe, expect, test } from 'vitest'
import { FALSE_ENDS, useDialogs } from './testing/dialogs.ts'

const dialogs = useDialogs()

describe('content', () => {
  test('with more than 50 Received lines is a loop', async () => {
    const client = await dialogs.open()
    const message = (count: number) =>
      `${'Received: from a by b; date\r\n'.repeat(count)}\r\nreceived: in the body\r\n`
    expect(await client.send('z@other.example', ['anna@acme.example'], message(51))).toMatch(/^554 5\.4\.6 /)
    expect(await client.send('z@other.example', ['anna@acme.example'], message(50))).toMatch(/^250 /)
    expect(await dialogs.relay.kept()).toHaveLength(1)
  })

  test('with NUL bytes is refused', async () => {
    const client = await dialogs.open()
    expect(await client.send('z@other.example', ['anna@acme.example'], 'a\u0000b\r\n')).toMatch(
      /^554 5\.6\.0 /,
    )
    expect(await dialogs.relay.kept()).toEqual([])
  })

  test('with 8-bit bytes and a line of 90,000 characters comes out as it went in', async () => {
    const client = await dialogs.open()
    const message = Buffer.concat([
      Buffer.from('Subject: x\r\n\r\n'),
      Buffer.from([0xff, 0xfe, 0xe9]),
      Buffer.alloc(90_000, 'y'),
      Buffer.from('\r\n'),
    ])
    expect(await client.send('z@other.example', ['anna@acme.example'], message)).toMatch(/^250 /)
    const [kept] = await dialogs.relay.kept()
    expect(kept?.content.includes(message)).toBe(true)
  })

  test('is empty at times', async () => {
    const client = await dialogs.open()
    await client.command('MAIL FROM:<z@other.example>')
    await client.command('RCPT TO:<anna@acme.example>')
    await client.command('DATA')
    expect(await client.command('.')).toMatch(/^250 /)
  })
})

describe.each([1, 3, 17, 100_000])('in chunks of %i bytes', size => {
  test.each(FALSE_ENDS.filter(end => !end.includes('\0')))('nothing is smuggled behind %j', async pattern => {
    const client = await dialogs.open()
    const smuggled = `MAIL FROM:<evil@acme.example>\r\nRCPT TO:<bea@acme.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx`
    const sent = `Subject: a\r\n\r\nbody${pattern}${smuggled}\r\n.\r\n`
    for (const command of ['MAIL FROM:<z@other.example>', 'RCPT TO:<anna@acme.example>', 'DATA']) {
      await client.command(command)
    }
    await client.writeIn(size, Buffer.from(sent))
    expect(await client.reply()).toMatch(/^250 2\.0\.0 Ok: queued/)
    expect(await client.command('NOOP')).toBe('250 2.0.0 OK')
    const kept = await dialogs.relay.kept()
    expect(kept).toHaveLength(1)
    const text = kept[0]!.content.toString()
    expect(text).toContain('evil@acme.example')
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  })

  test('dots, ends and what follows are found', async () => {
    const client = await dialogs.open()
    const dialog =
      'MAIL FROM:<z@other.example>\r\nRCPT TO:<anna@acme.example>\r\nDATA\r\n..one\r\n...\r\n.\r\nMAIL FROM:<y@other.example>\r\nRCPT TO:<bea@acme.example>\r\nDATA\r\ntwo\r\n.\r\nQUIT\r\n'
    await client.writeIn(size, Buffer.from(dialog))
    const codes: string[] = []
    for (let i = 0; i < 9; i++) codes.push((await client.reply()).slice(0, 3))
    expect(codes.join(' ')).toBe('250 250 354 250 250 250 354 250 221')
    const kept = await dialogs.relay.kept()
    expect(kept.map(message => message.content.toString().split('\r\n').slice(-3))).toEqual([
      ['.one', '..', ''],
      [expect.stringContaining('+0000'), 'two', ''],
    ])
  })
})
