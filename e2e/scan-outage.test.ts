/**
 * Each engine during load: it is killed and comes back, stands still and wakes up, hangs behind its port, and
 * answers garbage. A domain that wants its mail held while nobody can look at it gets just that; nothing is lost,
 * and when the engine is there again, messages are scanned again.
 */
import { scanPolicySchema } from '@restante/core/directory/scan-policy.ts'
import { silentLog as log } from '@restante/core/observe/log.ts'
import { clamdStep } from '@restante/core/scan/engines/clamd.ts'
import { rspamdStep } from '@restante/core/scan/engines/rspamd.ts'
import { spamdStep } from '@restante/core/scan/engines/spamd.ts'
import { scannerOf } from '@restante/core/scan/scanner.ts'
import type { Scanner, ScanRecord, Step } from '@restante/core/scan/types.ts'
import { testRelay } from '@restante/relay/testing/relay.ts'
import { afterEach, describe, expect, test } from 'vitest'
import { startClamd } from './servers/clamd.ts'
import { startRspamd } from './servers/rspamd.ts'
import { startSpamd } from './servers/spamd.ts'
import { openWay } from './servers/way.ts'
import { startLoad } from './smtp.ts'
import { until } from './until.ts'

const missing = new Set((process.env.TEST_MISSING ?? '').split(' '))
/** ms */
const LIMIT = 4_000

type Engine = {
  port: number
  start(): Promise<void>
  kill(): Promise<void>
  freeze(): void
  thaw(): void
  remove(): Promise<void>
}

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Of an engine at this port. */
const at = (protocol: 'http' | 'tcp', port: number) => ({
  urls: [`${protocol}://127.0.0.1:${port}`],
  log,
  timeLimit: LIMIT,
})

describe.each<[name: string, from: string, start: () => Promise<Engine>, step: (port: number) => Step]>([
  ['rspamd', 'rspamd', startRspamd, port => rspamdStep(at('http', port))],
  ['spamd', 'spamd', startSpamd, port => spamdStep(at('tcp', port))],
  ['clamd', 'clamav-daemon', startClamd, port => clamdStep(at('tcp', port))],
])('%s under load', (_, from, start, stepAt) => {
  test.skipIf(missing.has(from))(
    'is killed, stands still, hangs, talks garbage: mail is held, none is lost, and it goes on',
    async () => {
      const engine = await start()
      closing.push(engine.remove)
      const way = await openWay(engine.port)
      closing.push(way.close)
      const inner = scannerOf({
        steps: [stepAt(way.port)],
        policyOf: () =>
          scanPolicySchema.parse({ spamEngineDown: 'hold', virusScannerDown: 'hold', spam: 'mark' }),
        log,
      })
      const count = { scanned: 0, held: 0 }
      const scanner: Scanner = {
        async scan(subject, signal) {
          const done = await inner.scan(subject, signal)
          count[isScanned(done.record) ? 'scanned' : 'held']++
          return done
        },
        close: () => inner.close(),
      }
      const relay = await testRelay({ relay: { scanner } })
      closing.push(() => relay.close())
      const load = startLoad({
        port: relay.port,
        from: 'bob@other.example',
        to: ['anna@acme.example', 'bea@acme.example'],
        connections: 2,
        pause: 100,
      })
      closing.push(() => load.stop())

      /** Waits for so many more. */
      const more = async (kind: 'scanned' | 'held', many: number) => {
        const before = count[kind]
        await until(`${many} more ${kind}`, () => count[kind] >= before + many, { seconds: 60 })
      }
      await more('scanned', 10)
      await engine.kill()
      await more('held', 10)
      await engine.start()
      await more('scanned', 10)
      engine.freeze()
      try {
        await more('held', 10)
      } finally {
        engine.thaw()
      }
      await more('scanned', 10)
      for (const mode of ['hang', 'garbage'] as const) {
        way.mode = mode
        await more('held', 10)
        way.mode = 'pass'
        way.cut()
        await more('scanned', 10)
      }
      await load.stop()

      expect(load.refused).toEqual(new Map())
      const kept = await relay.kept()
      const ids = new Set(kept.map(({ content }) => /^Message-ID: (.*)\r$/m.exec(content.toString())?.[1]))
      expect([...load.accepted.keys()].filter(id => !ids.has(id))).toEqual([])
      for (const one of kept)
        expect(one.envelope.recipients[0]?.disposition).toBe(
          isScanned(one.envelope.scan) ? undefined : 'unscanned',
        )
    },
  )
})

function isScanned(record: ScanRecord | undefined): boolean {
  const reason = record?.steps[0]?.reason
  return reason !== undefined && !reason.startsWith('engine-') && reason !== 'time-over'
}
