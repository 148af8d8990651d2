/**
 * `npm run bench held`: what an outage costs in memory. A gateway whose backend is held down takes `--messages`
 * (200,000 unless told); the resident memory of relay, worker and Redis before and after is printed, after the
 * same rest. An outage must cost disk, not memory.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Gateway, type Part, startGateway } from '@restante/e2e/gateway.ts'
import { addOrganization } from '@restante/e2e/organization.ts'
import { until } from '@restante/e2e/until.ts'
import { queueOf } from '@restante/e2e/watch.ts'
import { sendLoad } from './parts/source.ts'

const PARTS = ['relay', 'worker', 'redis'] as const satisfies Part[]
/** Enough for heaps to have grown to what the load alone makes of them: with 2,000 they go on growing after it. */
const WARM_UP = 20_000
/** Time for collectors and pools to come to rest, in ms. */
const REST = 20_000

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { messages: { type: 'string', default: '200000' } } })
  const messages = Number(values.messages)
  const gateway = await startGateway({ env: { LOG_LEVEL: 'warn' } })
  try {
    await addOrganization(gateway, {
      name: 'Bench',
      domain: 'bench.example',
      backends: ['smtp://127.0.0.1:9?tls=none'],
      people: [{ name: 'anna' }],
    })
    await gateway.cli(['backend', 'override', 'bench.example', 'down', '--reason', 'bench'])
    await take(gateway, WARM_UP)
    const before = await rested(gateway)
    const start = performance.now()
    await take(gateway, messages)
    const seconds = (performance.now() - start) / 1000
    const after = await rested(gateway)
    print(
      `${messages} messages of 4 KiB held in ${seconds.toFixed(0)} s (${(messages / seconds).toFixed(0)}/s)`,
    )
    for (const part of PARTS) {
      const [b, a] = [before.get(part) ?? 0, after.get(part) ?? 0]
      print(
        `${part.padEnd(6)}  ${b.toFixed(0)} MiB before, ${a.toFixed(0)} MiB after  (× ${(a / b).toFixed(2)})`,
      )
    }
  } finally {
    await gateway.remove()
  }
}

/** Sends so many, and waits until all of them are held as rows. */
async function take(gateway: Gateway, messages: number): Promise<void> {
  const before = (await queueOf(gateway)).totals.depth.held
  await sendLoad(gateway.ports.relay, {
    size: 4096,
    sessions: 20,
    messages,
    shape: 'many',
    recipient: 'anna@bench.example',
  })
  await until(
    `${messages} more are held`,
    async () => (await queueOf(gateway)).totals.depth.held >= before + messages,
    { seconds: 1_800, every: 2_000 },
  )
}

async function rested(gateway: Gateway): Promise<Map<Part, number>> {
  await sleep(REST)
  return new Map(PARTS.map(part => [part, gateway.pids(part).reduce((sum, pid) => sum + resident(pid), 0)]))
}

/** Resident memory of one process in MiB (Linux). */
function resident(pid: number): number {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib ?? 0) / 1024
}

const print = (line: string) => process.stdout.write(`${line}\n`)
