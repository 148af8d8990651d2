/**
 * `npm run bench scan`: what each step of the scan costs the relay, and makes a sender wait.
 *
 * One process with a relay for each set of steps (parts/scanned-relay.ts), all over one spool; they are measured in
 * turn, round after round, and each figure is compared with that of no scan at all in the same round. The engines
 * are Debian's, started as in the tests; one that is not installed is left out. Mail comes from outside addresses,
 * with SPF, DKIM and DMARC in a name server of its own.
 *
 * With --gateway the rest of a gateway stands behind the relays: its worker ingests and delivers, and what counts is
 * how many messages a second arrive, and the CPU of all its processes. A relay alone spends so little on a message that
 * any step looks large beside it.
 *
 *   --gateway  --together  --kinds text,signed,file  --messages 1000  --sessions 10  --rounds 5  --engines clamd,rspamd,spamd  --profile DIR
 */
import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { StepName } from '@restante/core/scan/types.ts'
import { startClamd } from '@restante/e2e/servers/clamd.ts'
import { startRspamd } from '@restante/e2e/servers/rspamd.ts'
import { startSpamd } from '@restante/e2e/servers/spamd.ts'
import { type Kind, mailOf, sendFrom, startSenderDns } from './parts/scan-senders.ts'
import type { Used, Wanted } from './parts/scanned-relay.ts'
import { startWholeGateway } from './parts/whole-gateway.ts'

const RECIPIENT = 'anna@bench.example'
const WARM_UP = 1_000

type Case = Wanted['cases'][number]
type Figures = {
  rate: number
  part: number
  cpu: number
  p50: number
  p99: number
  scan50: number
  scan99: number
}

const CASES: Case[] = [
  { name: 'none', steps: [] },
  { name: 'authentication', steps: ['authentication'] },
  { name: 'attachments', steps: ['attachments'] },
  { name: 'lists', steps: ['lists'] },
  { name: 'connection', steps: ['connection'] },
  { name: 'authentication, attachments, lists', steps: ['authentication', 'attachments', 'lists'] },
]

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      kinds: { type: 'string', default: 'text,signed,file' },
      messages: { type: 'string', default: '1000' },
      sessions: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '5' },
      engines: { type: 'string' },
      /** Only the last of the cases, beside none. */
      together: { type: 'boolean', default: false },
      gateway: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  })
  const folder = mkdtempSync(join(tmpdir(), 'restante-bench-'))
  const stops: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })]
  const stopAll = async () => {
    for (const stop of stops.splice(0).reverse()) await stop().catch(error => print(String(error)))
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stopAll().finally(() => process.exit(130)))
  try {
    const dns = await startSenderDns()
    stops.push(dns.close)
    const engines = values.engines
      ? await startEngines(values.engines.split(','), stops)
      : { env: {}, cases: [] }
    const own = values.together ? CASES.filter(one => one.steps.length !== 1) : CASES
    const cases = values.engines ? [CASES[0]!, ...engines.cases] : own
    const whole = values.gateway ? await startWholeGateway(folder, RECIPIENT) : undefined
    if (whole) stops.push(whole.stop)
    const env = { DNS_SERVERS: dns.address, ...engines.env }
    const relays = await startRelays(
      { folder, recipient: RECIPIENT, env, cases, ...(whole && { gateway: whole.data }) },
      values.profile,
    )
    stops.push(relays.stop)
    for (const kind of values.kinds.split(',') as Kind[]) {
      const load = {
        mail: mailOf(kind, RECIPIENT),
        recipient: RECIPIENT,
        sessions: Number(values.sessions),
      }
      const figures = new Map<string, Figures[]>(cases.map(one => [one.name, []]))
      for (const { name } of cases) await measure(name, (WARM_UP / (values.engines ? 10 : whole ? 3 : 1)) | 0)
      for (let round = 0; round < Number(values.rounds); round++) {
        const base = await measure('none', Number(values.messages))
        for (const { name } of round % 2 ? cases.toReversed() : cases) {
          const one = name === 'none' ? base : await measure(name, Number(values.messages))
          figures.get(name)?.push({ ...one, part: one.rate / base.rate })
        }
      }
      print(table(`${kind}, ${load.sessions} sessions${whole ? ', a whole gateway' : ''}`, figures))

      async function measure(name: string, messages: number): Promise<Omit<Figures, 'part'>> {
        const before = whole && { arrived: whole.arrived(), cpu: whole.cpu(), at: performance.now() }
        const { rate, waits, refused } = await sendFrom(relays.ports[name]!, { ...load, messages })
        if (refused.length > 0) throw new Error(`${name}: ${refused.length} refused, as: ${refused[0]}`)
        if (whole && before) await whole.until(before.arrived + messages)
        const seconds = before && (performance.now() - before.at) / 1_000
        const { scans, cpu } = await relays.used(name)
        const rest = whole && before ? (whole.cpu() - before.cpu) * 1_000 : 0
        return {
          rate: seconds ? messages / seconds : rate,
          cpu: (cpu + rest) / messages,
          p50: at(waits, 0.5),
          p99: at(waits, 0.99),
          scan50: at(scans, 0.5),
          scan99: at(scans, 0.99),
        }
      }
    }
  } finally {
    await stopAll()
  }
}

async function startEngines(
  wanted: readonly string[],
  stops: (() => Promise<unknown>)[],
): Promise<{ env: Record<string, string>; cases: Case[] }> {
  const env: Record<string, string> = {}
  const cases: Case[] = []
  const add = (step: StepName, setting: string, url: string, server: { remove(): Promise<void> }) => {
    env[setting] = url
    cases.push({ name: step, steps: [step] })
    stops.push(server.remove)
  }
  if (wanted.includes('clamd') && existsSync('/usr/sbin/clamd')) {
    const clamd = await startClamd()
    add('clamd', 'CLAMD_URL', `tcp://127.0.0.1:${clamd.port}`, clamd)
  }
  if (wanted.includes('rspamd') && existsSync('/usr/bin/rspamd')) {
    const rspamd = await startRspamd()
    add('rspamd', 'RSPAMD_URL', `http://127.0.0.1:${rspamd.port}`, rspamd)
  }
  if (wanted.includes('spamd') && existsSync('/usr/sbin/spamd')) {
    const spamd = await startSpamd()
    add('spamd', 'SPAMD_URL', `tcp://127.0.0.1:${spamd.port}`, spamd)
  }
  return { env, cases }
}

/** @param profile where the process leaves a profile of its CPU */
async function startRelays(wanted: Wanted, profile: string | undefined) {
  const child = fork(join(import.meta.dirname, 'parts/scanned-relay.ts'), {
    execArgv: profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [],
  })
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', code => reject(new Error(`the relays ended with ${code}`)))
  })
  ended.catch(() => {})
  const ask = <T>(message: Wanted | string): Promise<T> => {
    const answer = new Promise<T>(resolve => {
      child.once('message', (value: unknown) => resolve(value as T))
    })
    child.send(message)
    return Promise.race([answer, ended])
  }
  return {
    ports: await ask<Record<string, number>>(wanted),
    used: (name: string) => ask<Used>(name),
    async stop() {
      child.disconnect()
      await ended.catch(() => {})
    },
  }
}

function table(title: string, figures: ReadonlyMap<string, Figures[]>): string {
  const rows = [...figures].map(([name, list]) => {
    const median = (of: (one: Figures) => number) => at(list.map(of), 0.5)
    return [
      name,
      median(one => one.rate).toFixed(0),
      median(one => one.part).toFixed(2),
      median(one => one.cpu).toFixed(2),
      `${median(one => one.p50).toFixed(1)} / ${median(one => one.p99).toFixed(1)}`,
      `${median(one => one.scan50).toFixed(2)} / ${median(one => one.scan99).toFixed(1)}`,
    ]
  })
  const head = ['steps', 'messages/s', '× none', 'CPU ms', '250 p50 / p99 ms', 'scan p50 / p99 ms']
  const lines = [head, head.map((_, n) => (n ? '---:' : '---')), ...rows].map(row => `| ${row.join(' | ')} |`)
  return `\n${title}\n\n${lines.join('\n')}\n`
}

/** A quantile; 0 of nothing. */
function at(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}

const print = (line: string) => process.stdout.write(`${line}\n`)
