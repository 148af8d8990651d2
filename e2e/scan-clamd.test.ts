/**
 * clamd, the real one, through the relay's own SMTP: what it finds is refused or set aside before the 250, and when it
 * is gone, hangs or answers nonsense, the domain's policy says what becomes of the mail.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { silentLog as log } from '@restante/core/observe/log.ts'
import { attachmentsStep } from '@restante/core/scan/attachments/step.ts'
import { zip } from '@restante/core/scan/attachments/testing.ts'
import { clamdStep } from '@restante/core/scan/engines/clamd.ts'
import { RawClient } from '@restante/relay/testing/client.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from './ports.ts'
import {
  clean,
  closing,
  hanging,
  mail,
  missing,
  nested,
  relayWith,
  saying,
  send,
  withFile,
} from './scan-relay.ts'
import { type Clamd, EICAR, startClamd } from './servers/clamd.ts'

describe.skipIf(missing.has('clamav-daemon'))('clamd', () => {
  let clamd: Clamd
  beforeAll(async () => {
    clamd = await startClamd()
  })
  afterAll(() => clamd?.remove())
  const tcp = () => `tcp://127.0.0.1:${clamd.port}`
  const step = (urls = [tcp()], timeLimit?: number) => clamdStep({ urls, log, timeLimit })

  test.each([
    ['in the body', () => mail(EICAR)],
    ['as a file', () => withFile('eicar.com', Buffer.from(EICAR))],
    ['compressed', () => withFile('eicar.gz', gzipSync(EICAR))],
    ['in a zip', () => withFile('eicar.zip', zip([{ name: 'eicar.txt', content: EICAR }]))],
    ['in a nested message', () => nested],
  ])('EICAR %s is refused, with its name', async (_, message) => {
    const relay = await relayWith([step()])
    expect(await send(relay, message())).toMatch(
      /^550 5\.7\.1 Message holds malware, .* \(Eicar-Test-Signature\.UNOFFICIAL\)$/,
    )
    expect(await relay.kept()).toEqual([])
  })

  test('a program in a zip is set aside by its name, also when no scanner is there', async () => {
    const attachments = attachmentsStep()
    closing.push(() => attachments.close())
    const relay = await relayWith([attachments])
    const file = zip([{ name: 'eicar.com', content: EICAR }])
    expect(await send(relay, withFile('eicar.zip', file))).toMatch(/^250 /)
    const [kept] = await relay.kept()
    expect(kept?.envelope.recipients[0]?.disposition).toBe('quarantine')
    expect(kept?.envelope.scan?.steps).toMatchObject([
      { step: 'attachments', verdict: 'quarantine', reason: 'dangerous-ending' },
    ])
  })

  test('it is held for admins where the policy wants that', async () => {
    const relay = await relayWith([step()], { virus: 'quarantine' })
    expect(await send(relay, mail(EICAR))).toMatch(/^250 /)
    const [kept] = await relay.kept()
    expect(kept?.envelope.recipients[0]?.disposition).toBe('quarantine')
    expect(kept?.envelope.scan).toMatchObject({
      verdict: 'quarantine',
      steps: [{ step: 'clamd', reason: 'virus', engine: `127.0.0.1:${clamd.port}` }],
    })
    expect(kept?.content.toString()).toMatch(/^Received: [\s\S]*X-Restante-Scan: quarantine; clamd=virus\r\n/)
  })

  test('clean mail passes unchanged but for its trace, also through the socket', async () => {
    for (const url of [tcp(), `unix:${clamd.socket}`]) {
      const relay = await relayWith([step([url])])
      expect(await send(relay, clean)).toMatch(/^250 /)
      const [kept] = await relay.kept()
      expect(kept?.content.toString().replace(/^Received:.*\r\n(?:\t.*\r\n)*/, '')).toBe(`${clean}\r\n`)
      expect(kept?.envelope.scan?.steps).toMatchObject([{ step: 'clamd', verdict: 'pass', reason: 'clean' }])
      expect(kept?.envelope.recipients[0]).not.toHaveProperty('disposition')
    }
  })

  test('a message of 20 MB is looked at to its end', async () => {
    const relay = await relayWith([step()])
    const long = Buffer.from(`${`${'x'.repeat(998)}\r\n`.repeat(20_000)}`)
    const head = Buffer.from(`${mail('')}\r\n`)
    expect(await send(relay, Buffer.concat([head, long]))).toMatch(/^250 /)
    const [kept] = await relay.kept()
    expect(kept?.content.length).toBeGreaterThan(20_000_000)
    expect(kept?.envelope.scan?.verdict).toBe('pass')
    expect(await send(relay, Buffer.concat([head, long, Buffer.from(EICAR)]))).toMatch(/^[25]50 /)
  })

  test('one that is longer than clamd takes is marked as not scanned', async () => {
    const small = await startClamd({ streamMaxLength: '100K' })
    closing.push(() => small.remove())
    const relay = await relayWith([step([`tcp://127.0.0.1:${small.port}`])])
    expect(await send(relay, `${mail('')}\r\n${`${'x'.repeat(98)}\r\n`.repeat(5_000)}`)).toMatch(/^250 /)
    const [kept] = await relay.kept()
    expect(kept?.envelope.scan).toMatchObject({ verdict: 'mark', steps: [{ reason: 'too-large-to-scan' }] })
    expect(kept?.content.toString('latin1', 0, 1_000)).toContain(
      'X-Restante-Scan: mark; clamd=too-large-to-scan',
    )
  })

  test.skipIf(missing.has('clamav-testfiles'))(
    'the test files of ClamAV go through its unpacking',
    async () => {
      const file = join('/usr/share/clamav-testfiles', 'clam.zip')
      const relay = await relayWith([step()])
      expect(await send(relay, withFile('clam.zip', readFileSync(file)))).toMatch(/^250 |^550 5\.7\.1/)
    },
  )

  test('a forged mark of ours goes, before ours is put on top', async () => {
    const relay = await relayWith([step()])
    await send(relay, `X-Restante-Scan: pass\r\nX-Spam-Flag: NO\r\n${clean}`)
    expect((await relay.kept())[0]?.content.toString()).not.toMatch(/X-Restante-Scan|X-Spam-Flag/)
  })

  describe('when it is gone', () => {
    const gone = async () => `tcp://127.0.0.1:${await freePort()}`

    test.each([
      ['mark', /^250 /, undefined],
      ['hold', /^250 /, 'unscanned'],
      ['defer', /^451 4\.3\.0 Message can not be scanned at the moment/, undefined],
    ] as const)('%s', async (virusScannerDown, reply, disposition) => {
      const relay = await relayWith([step([await gone()])], { virusScannerDown })
      expect(await send(relay, clean)).toMatch(reply)
      const [kept] = await relay.kept()
      if (virusScannerDown === 'defer') return expect(kept).toBeUndefined()
      expect(kept?.envelope.recipients[0]?.disposition).toBe(disposition)
      expect(kept?.content.toString()).toContain('clamd=engine-down\r\n')
    })

    test('the next address is asked', async () => {
      const relay = await relayWith([step([await gone(), `unix:/nowhere/at/all`, tcp()])])
      expect(await send(relay, mail(EICAR))).toMatch(/^550 /)
      expect(await send(relay, clean)).toMatch(/^250 /)
      expect((await relay.kept())[0]?.envelope.scan?.steps[0]?.engine).toBe(`127.0.0.1:${clamd.port}`)
    })

    test('it works again as soon as it is back', async () => {
      const relay = await relayWith([step()], { virusScannerDown: 'defer' })
      await clamd.kill()
      try {
        expect(await send(relay, mail(EICAR))).toMatch(/^451 /)
      } finally {
        await clamd.start()
      }
      expect(await send(relay, mail(EICAR))).toMatch(/^550 /)
    })
  })

  test('one that hangs costs its time; after three of them the others go on at once', async () => {
    const relay = await relayWith([step([tcp()], 300)], { virusScannerDown: 'hold' })
    clamd.freeze()
    try {
      for (let n = 0; n < 3; n++) expect(await send(relay, clean)).toMatch(/^250 /)
      const before = performance.now()
      expect(await send(relay, clean)).toMatch(/^250 /)
      expect(performance.now() - before).toBeLessThan(300)
    } finally {
      clamd.thaw()
    }
    const kept = await relay.kept()
    expect(kept.map(({ envelope }) => envelope.recipients[0]?.disposition)).toEqual(
      Array(4).fill('unscanned'),
    )
  })

  test('one that hangs is left for the next address', async () => {
    const { port } = await hanging()
    const relay = await relayWith([step([`tcp://127.0.0.1:${port}`, tcp()], 1_000)])
    expect(await send(relay, mail(EICAR))).toMatch(/^550 /)
  })

  test('nonsense is no answer', async () => {
    for (const text of [
      '',
      'HTTP/1.1 200 OK\r\n\r\n',
      'stream: MAYBE\0',
      'x'.repeat(100_000),
      'UNKNOWN COMMAND\0',
    ]) {
      const port = await saying(text)
      const relay = await relayWith([step([`tcp://127.0.0.1:${port}`])], { virusScannerDown: 'defer' })
      expect(await send(relay, clean)).toMatch(/^451 4\.3\.0 /)
    }
  })

  test('a client that leaves while its message is scanned leaves nothing', async () => {
    const { port, connections } = await hanging()
    const relay = await relayWith([step([`tcp://127.0.0.1:${port}`])])
    const client = await RawClient.hello(relay.port)
    for (const line of ['MAIL FROM:<bob@other.example>', 'RCPT TO:<anna@acme.example>', 'DATA'])
      await client.command(line)
    client.write(`${clean}\r\n.\r\n`)
    await expect.poll(() => connections.size).toBe(1)
    client.destroy()
    await expect.poll(() => connections.size).toBe(0)
    expect(await relay.kept()).toEqual([])
  })
})
