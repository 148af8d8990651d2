/**
 * rspamd, the real one, through the relay's own SMTP: what it finds is refused or goes to Junk, its header fields are
 * put on and taken off, and it learns what people say.
 */
import { randomBytes } from 'node:crypto'
import { scanPolicySchema } from '@restante/core/directory/scan-policy.ts'
import { silentLog as log } from '@restante/core/observe/log.ts'
import { createLearner, rspamdStep } from '@restante/core/scan/engines/rspamd.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from './ports.ts'
import { clean, mail, missing, relayWith, saying, send } from './scan-relay.ts'
import { type Rspamd, startRspamd } from './servers/rspamd.ts'
import { GTUBE } from './servers/spamd.ts'
import { until } from './until.ts'

describe.skipIf(missing.has('rspamd'))('rspamd', () => {
  let rspamd: Rspamd
  beforeAll(async () => {
    rspamd = await startRspamd({ redis: process.env.TEST_REDIS_URL })
  })
  afterAll(() => rspamd?.remove())
  const step = (urls = [`http://127.0.0.1:${rspamd.port}`], timeLimit?: number) =>
    rspamdStep({ urls, log, timeLimit })

  test('GTUBE is refused, or kept in Junk where that is wanted', async () => {
    const relay = await relayWith([step()], address =>
      scanPolicySchema.parse(address.startsWith('bea') ? { spam: 'junk' } : {}),
    )
    expect(await send(relay, mail(GTUBE))).toMatch(/^550 5\.7\.1 Message looks like spam/)
    expect(await send(relay, mail(GTUBE), ['anna@acme.example', 'bea@acme.example'])).toMatch(/^250 /)
    const [kept] = await relay.kept()
    expect(kept?.envelope.recipients.map(recipient => recipient.disposition)).toEqual(['junk', 'junk'])
    expect(kept?.envelope.scan?.steps[0]?.symbols).toContainEqual(expect.stringMatching(/^GTUBE /))
    expect(kept?.content.toString()).toContain('X-Spam-Flag: YES\r\n')
  })

  test('likely spam goes to Junk, clean mail passes', async () => {
    const relay = await relayWith([step()])
    expect(await send(relay, mail(GTUBE.replace(/^X/, 'Y')))).toMatch(/^250 /)
    expect(await send(relay, clean)).toMatch(/^250 /)
    const kept = await relay.kept()
    expect(kept.map(({ envelope }) => envelope.recipients[0]?.disposition)).toEqual(['junk', undefined])
    expect(kept[1]?.envelope.scan?.steps[0]).toMatchObject({ step: 'rspamd', verdict: 'pass' })
  })

  test('the header fields that it wants are there, those that it does not want are not', async () => {
    const relay = await relayWith([step()])
    await send(relay, `X-Spamd-Bar: forged\r\n${clean}`)
    const text = (await relay.kept())[0]?.content.toString() ?? ''
    expect(text).toMatch(/^Received: [\s\S]*?X-Spamd-Bar: [-+/]/)
    expect(text).not.toContain('forged')
  })

  test('a long message is streamed', async () => {
    const relay = await relayWith([step()])
    expect(await send(relay, `${mail('')}\r\n${`${'word '.repeat(19)}\r\n`.repeat(20_000)}`)).toMatch(/^250 /)
    expect((await relay.kept())[0]?.envelope.scan?.steps[0]?.engine).toBe(`127.0.0.1:${rspamd.port}`)
  })

  test.each([
    ['mark', /^250 /, undefined],
    ['hold', /^250 /, 'unscanned'],
    ['defer', /^451 4\.3\.0 /, undefined],
  ] as const)('when it is gone: %s', async (spamEngineDown, reply, disposition) => {
    const relay = await relayWith([step([`http://127.0.0.1:${await freePort()}`])], { spamEngineDown })
    expect(await send(relay, clean)).toMatch(reply)
    expect((await relay.kept())[0]?.envelope.recipients[0]?.disposition).toBe(disposition)
  })

  test('nonsense is no answer, and the next address is asked', async () => {
    const nonsense = [
      'garbage',
      'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}',
      'HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{"action":',
      'HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n{"action":"explode","score": 1}',
    ]
    for (const text of nonsense) {
      const port = await saying(text)
      const url = `http://127.0.0.1:${port}`
      const alone = await relayWith([step([url], 2_000)], { spamEngineDown: 'defer' })
      expect(await send(alone, clean)).toMatch(/^451 /)
      const withNext = await relayWith([step([url, `http://127.0.0.1:${rspamd.port}`])])
      expect(await send(withNext, mail(GTUBE))).toMatch(/^550 /)
    }
  })

  test('it learns what people say, with its password only', async () => {
    const learnerAt = (password: string) =>
      createLearner({
        RSPAMD_CONTROLLER_URL: [`http://:${encodeURIComponent(password)}@127.0.0.1:${rspamd.controllerPort}`],
      })!
    const words = Array.from({ length: 40 }, () => randomBytes(6).toString('hex')).join(' ')
    const bytes = Buffer.from(mail(`Words that only this message has: ${words}`))
    const message = { bytes, size: bytes.length, content: () => null as never }
    expect(await learnerAt('wrong')('spam', message)).toMatchObject({ type: 'failed' })
    expect(await learnerAt(rspamd.password)('spam', message)).toEqual({ type: 'learned' })
    // It writes down that it has learnt it after its answer.
    await until(
      'it remembers',
      async () => (await learnerAt(rspamd.password)('spam', message)).type === 'known',
      { seconds: 60 },
    )
    expect(await learnerAt(rspamd.password)('ham', message)).toEqual({ type: 'learned' })
  })
})
