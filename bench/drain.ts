/**
 * `npm run bench drain`: a backend comes back to `--messages` that waited for it (100,000 unless told). Prints the
 * rate at which they go, resident memory of worker and Redis before and at most meanwhile, how far from the order of
 * acceptance they arrived, what live mail waited meanwhile, and how good the forecast was after the first tenth and
 * later. `--takes MS`: the server needs as long for a message. `--series FILE`: how many arrived, every quarter second.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Gateway, type Part, startGateway } from '@restante/e2e/gateway.ts'
import { addOrganization } from '@restante/e2e/organization.ts'
import { until } from '@restante/e2e/until.ts'
import { queueOf, untilKnown } from '@restante/e2e/watch.ts'
import { sendNumbered, startArrivals } from './parts/numbered.ts'

const PARTS = ['worker', 'redis'] as const satisfies Part[]
const DOMAIN = 'bench.example'
const PEOPLE = 20
const SESSIONS = 8
/** ms between live messages while the backlog drains. */
const LIVE_EVERY = 500
/** Enough for every code path to have run once. */
const WARM_UP = 500
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      messages: { type: 'string', default: '100000' },
      size: { type: 'string', default: '4096' },
      series: { type: 'string' },
      takes: { type: 'string', default: '0' },
    },
  })
  const messages = Number(values.messages)
  const size = Number(values.size)
  const arrivals = await startArrivals(Number(values.takes))
  const gateway = await startGateway({ env: { LOG_LEVEL: 'warn' } })
  try {
    await addOrganization(gateway, {
      name: 'Bench',
      domain: DOMAIN,
      backends: [`smtp://127.0.0.1:${arrivals.port}?tls=none`],
      people: [{ name: 'live' }],
    })
    for (let n = 0; n < PEOPLE; n++) await gateway.cli(['mailbox', 'add', person(n)])
    await untilKnown(gateway, person(PEOPLE - 1))
    await load(gateway, WARM_UP, size)
    await until('the warm-up is through', () => arrivals.arrived.length >= WARM_UP, { seconds: 120 })
    await gateway.cli(['backend', 'override', DOMAIN, 'down', '--reason', 'bench'])
    await load(gateway, messages, size)
    await until(`${messages} are held`, async () => (await queueOf(gateway)).totals.depth.held >= messages, {
      seconds: 3_600,
      every: 2_000,
    })
    // In an outage the search index is long done when the server returns.
    await until('all can be searched', async () => (await indexed(gateway)) >= messages + WARM_UP, {
      seconds: 3_600,
      every: 2_000,
    })
    const before = memory(gateway)
    arrivals.arrived.length = 0
    const most = new Map(before)
    const forecasts: { after: number; at: number; says: number }[] = []
    const asked = [0.1, 0.2, 0.3, 0.5]
    const start = Date.now()
    await gateway.cli(['backend', 'override', DOMAIN, 'auto'])
    const sent: Promise<unknown>[] = []
    const isLive = (subject: string) => subject.startsWith('live')
    let backlog = 0
    let seen = 0
    let nextLook = 0
    const deadline = Date.now() + 3_600_000
    while (backlog < messages && Date.now() < deadline) {
      for (; seen < arrivals.arrived.length; seen++) if (!isLive(arrivals.arrived[seen]!.subject)) backlog++
      const live = [{ to: `live@${DOMAIN}`, subject: `live ${Date.now()}` }]
      sent.push(sendNumbered(gateway.ports.relay, live, size).catch(error => print(String(error))))
      if (Date.now() >= nextLook) {
        nextLook = Date.now() + 2_000
        for (const [part, now] of memory(gateway)) most.set(part, Math.max(now, most.get(part) ?? 0))
      }
      if (asked[0] !== undefined && backlog >= messages * asked[0]) {
        const after = asked.shift()!
        const says = await forecastOf(gateway)
        if (says) forecasts.push({ after, at: Date.now(), says })
      }
      await sleep(LIVE_EVERY)
    }
    await Promise.all(sent)
    const end = arrivals.arrived.findLast(one => !isLive(one.subject))?.at ?? Date.now()
    const seconds = (end - start) / 1000
    print(
      `${messages} messages of ${size} B drained in ${seconds.toFixed(0)} s (${(messages / seconds).toFixed(0)}/s)`,
    )
    for (const part of PARTS) {
      const [b, m] = [before.get(part) ?? 0, most.get(part) ?? 0]
      print(
        `${part.padEnd(6)}  ${b.toFixed(0)} MiB before, ${m.toFixed(0)} MiB at most  (× ${(m / b).toFixed(2)})`,
      )
    }
    if (values.series) {
      const times = arrivals.arrived.filter(one => !isLive(one.subject)).map(one => one.at - start)
      writeFileSync(values.series, JSON.stringify(countedBy(times, 250)))
    }
    const order = arrivals.arrived.filter(one => !isLive(one.subject)).map(one => Number(one.subject))
    print(
      `out of place by at most ${displacement(order)} of ${order.length}, each person's own by ${worstOwn(order)}`,
    )
    const waits = arrivals.arrived
      .filter(one => isLive(one.subject) && one.at <= end)
      .map(one => one.at - Number(one.subject.slice(5)))
      .sort((a, b) => a - b)
    const at = (part: number) => waits[Math.min(waits.length - 1, Math.floor(waits.length * part))] ?? 0
    print(`live mail meanwhile (${waits.length}): p50 ${at(0.5)} ms, p95 ${at(0.95)} ms`)
    for (const { after, at, says } of forecasts) {
      const [truth, said] = [end - at, says - at]
      const off = ((said / truth - 1) * 100).toFixed(0)
      const seconds = (ms: number) => (ms / 1000).toFixed(0)
      print(
        `forecast after ${after * 100} %: ${seconds(said)} s more, it took ${seconds(truth)} s (${off} %)`,
      )
    }
  } finally {
    await gateway.remove()
    await arrivals.stop()
  }
}

/** How many came in each `step` ms since the start. */
function countedBy(times: readonly number[], step: number): number[] {
  const counts: number[] = Array.from({ length: Math.floor((times.at(-1) ?? 0) / step) + 1 }, () => 0)
  for (const time of times) counts[Math.floor(time / step)]!++
  return counts
}

const person = (n: number) => `person${n}@${DOMAIN}`

/** Numbered from 0; each session takes every so many, so that they are accepted nearly in order. */
async function load(gateway: Gateway, messages: number, size: number): Promise<void> {
  let next = 0
  function* share() {
    while (next < messages) {
      const n = next++
      yield { to: person(n % PEOPLE), subject: String(n) }
    }
  }
  await Promise.all(Array.from({ length: SESSIONS }, () => sendNumbered(gateway.ports.relay, share(), size)))
}

/** E-mails in the search index. */
async function indexed(gateway: Gateway): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.ports.metrics + 1}/metrics`)).text()
  return Number(/^restante_search_indexed_emails_total (\d+)/m.exec(metrics)?.[1] ?? 0)
}

async function forecastOf(gateway: Gateway): Promise<number | null> {
  const [backend] = await gateway.cli<{ outlook: { type: string; at?: string } }[]>(['backend', 'status'])
  return backend?.outlook.at ? Date.parse(backend.outlook.at) : null
}

function displacement(order: readonly number[]): number {
  return order.reduce((most, number, place) => Math.max(most, Math.abs(number - place)), 0)
}

function worstOwn(order: readonly number[]): number {
  const own = Map.groupBy(order, number => number % PEOPLE)
  return Math.max(
    0,
    ...[...own.values()].map(list => displacement(list.map(number => Math.floor(number / PEOPLE)))),
  )
}

function memory(gateway: Gateway): Map<Part, number> {
  return new Map(PARTS.map(part => [part, gateway.pids(part).reduce((sum, pid) => sum + resident(pid), 0)]))
}

/** Resident memory of one process in MiB (Linux). */
function resident(pid: number): number {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib ?? 0) / 1024
}

const print = (line: string) => process.stdout.write(`${line}\n`)
