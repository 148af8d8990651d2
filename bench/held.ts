/**
 * `npm run bench held`: what an outage costs in memory. A gateway takes `--messages` (200,000 unless told) that its mail
 * server accepts, then as many that are held because the server is down; the resident memory of relay, worker and
 * Redis is printed after each quarter of both, after the same rest. An outage must cost disk, not memory.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Gateway, type Part, startGateway } from '@restante/e2e/gateway.ts'
import { addOrganization } from '@restante/e2e/organization.ts'
import { until } from '@restante/e2e/until.ts'
import { queueOf } from '@restante/e2e/watch.ts'
import { startArrivals } from './parts/numbered.ts'
import { sendLoad } from './parts/source.ts'

const PARTS = ['relay', 'worker', 'redis'] as const satisfies Part[]
/** Time for collectors and pools to come to rest, in ms. */
const REST = 20_000

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { messages: { type: 'string', default: '200000' } } })
  const messages = Number(values.messages)
  const arrivals = await startArrivals()
  const gateway = await startGateway({ env: { LOG_LEVEL: 'warn' } })
  try {
    await addOrganization(gateway, {
      name: 'Bench',
      domain: 'bench.example',
      backends: [`smtp://127.0.0.1:${arrivals.port}?tls=none`],
      people: [{ name: 'anna' }],
    })
    const held = async () => (await queueOf(gateway)).totals.depth.held
    const delivered = async () => arrivals.arrived.length
    const before = await inQuarters(gateway, messages, 'delivered', delivered)
    await gateway.cli(['backend', 'override', 'bench.example', 'down', '--reason', 'bench'])
    const after = await inQuarters(gateway, messages, 'held', held)
    for (const part of PARTS) {
      const ratio = (after.get(part) ?? 0) / (before.get(part) ?? 0)
      print(`${part.padEnd(6)}  held to delivered × ${ratio.toFixed(2)}`)
    }
  } finally {
    await gateway.remove()
    await arrivals.stop()
  }
}

/** @returns memory in MiB at the end */
async function inQuarters(
  gateway: Gateway,
  messages: number,
  what: string,
  count: () => Promise<number>,
): Promise<Map<Part, number>> {
  let memory = new Map<Part, number>()
  for (const part of [1, 2, 3, 4]) {
    const start = performance.now()
    await take(gateway, Math.round(messages / 4), count)
    const seconds = (performance.now() - start) / 1000
    memory = await rested(gateway)
    const sizes = [...memory].map(([name, size]) => `${name} ${size.toFixed(0)}`).join(', ')
    print(
      `${(messages * part) / 4} ${what}: MiB ${sizes}  (${(messages / 4 / seconds).toFixed(0)} messages/s)`,
    )
  }
  return memory
}

/** Sends so many, and waits until `count` has them. */
async function take(gateway: Gateway, messages: number, count: () => Promise<number>): Promise<void> {
  const before = await count()
  await sendLoad(gateway.ports.relay, {
    size: 4096,
    sessions: 20,
    messages,
    shape: 'many',
    recipient: 'anna@bench.example',
  })
  await until(`${messages} more are counted`, async () => (await count()) >= before + messages, {
    seconds: 1_800,
    every: 2_000,
  })
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
