/** spamd, the real one, through the relay's own SMTP: an alternative to rspamd, or beside it. */
import { silentLog as log } from '@restante/core/observe/log.ts'
import { spamdStep } from '@restante/core/scan/engines/spamd.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from './ports.ts'
import { clean, hanging, mail, missing, relayWith, saying, send } from './scan-relay.ts'
import { GTUBE, type Spamd, startSpamd } from './servers/spamd.ts'

describe.skipIf(missing.has('spamd'))('spamd', () => {
  let spamd: Spamd
  beforeAll(async () => {
    spamd = await startSpamd()
  })
  afterAll(() => spamd?.remove())
  const tcp = () => `tcp://127.0.0.1:${spamd.port}`
  const step = (urls = [tcp()], timeLimit?: number) => spamdStep({ urls, log, timeLimit })

  test('GTUBE is refused, clean mail passes, the start of a long one is looked at', async () => {
    const relay = await relayWith([step()])
    expect(await send(relay, mail(GTUBE))).toMatch(/^550 5\.7\.1 Message looks like spam/)
    expect(await send(relay, clean)).toMatch(/^250 /)
    expect(await send(relay, `${mail('')}\r\n${`${'word '.repeat(19)}\r\n`.repeat(20_000)}`)).toMatch(/^250 /)
    for (const { envelope } of await relay.kept())
      expect(envelope.scan?.steps).toMatchObject([{ step: 'spamd', verdict: 'pass', reason: 'clean' }])
  })

  test('when it is gone, rspamd or another one is enough', async () => {
    const gone = `tcp://127.0.0.1:${await freePort()}`
    const relay = await relayWith([step([gone, `tcp://127.0.0.1:${spamd.port}`])], {
      spamEngineDown: 'defer',
    })
    expect(await send(relay, mail(GTUBE))).toMatch(/^550 /)
    const alone = await relayWith([step([gone])], { spamEngineDown: 'defer' })
    expect(await send(alone, clean)).toMatch(/^451 /)
  })

  test.each([
    ['mark', /^250 /, undefined],
    ['hold', /^250 /, 'unscanned'],
    ['defer', /^451 4\.3\.0 /, undefined],
  ] as const)('when it is gone: %s', async (spamEngineDown, reply, disposition) => {
    const relay = await relayWith([step([`tcp://127.0.0.1:${await freePort()}`])], { spamEngineDown })
    expect(await send(relay, clean)).toMatch(reply)
    expect((await relay.kept())[0]?.envelope.recipients[0]?.disposition).toBe(disposition)
  })

  test('one that hangs is left for the next address', async () => {
    const { port } = await hanging()
    const relay = await relayWith([step([`tcp://127.0.0.1:${port}`, tcp()], 6_000)])
    expect(await send(relay, mail(GTUBE))).toMatch(/^550 /)
  })

  test('nonsense is no answer, and the next address is asked', async () => {
    for (const text of [
      '',
      'garbage',
      'SPAMD/1.1 76 EX_PROTOCOL\r\n\r\n',
      'SPAMD/1.1 0 EX_OK\r\n\r\n',
      'SPAMD/1.1 0 EX_OK\r\nSpam: Perhaps ; 1 / 5\r\n\r\n',
      'x'.repeat(100_000),
    ]) {
      const url = `tcp://127.0.0.1:${await saying(text)}`
      const alone = await relayWith([step([url])], { spamEngineDown: 'defer' })
      expect(await send(alone, clean)).toMatch(/^451 /)
      const withNext = await relayWith([step([url, tcp()])])
      expect(await send(withNext, mail(GTUBE))).toMatch(/^550 /)
    }
  })
})
