/**
 * `npm run bench outbound`: messages a second that go out, to a smarthost and to a hundred destinations, beside
 * Debian's Postfix on the same machine in the same run, in turn.
 *
 * A mail server of the organization hands them in, by its address, on the submission port; Restante completes, spools
 * and records each, asks DNS for its destination (a real server, Knot), and sends it on. Postfix takes the same
 * from the same client and has its routes in a table, without DNS. Each destination is a smtp-sink with an address
 * of its own.
 *
 *   --messages 2000  --sessions 10  --rounds 3  --destinations 100  --quick  --only smarthost|destinations
 *   --sign          with DKIM, an RSA key of 2048 bits (Postfix never signs)
 *   --profile DIR   where each process of ours leaves a profile of its CPU
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startGateway } from '@restante/e2e/gateway.ts'
import { addOrganization } from '@restante/e2e/organization.ts'
import { freePort } from '@restante/e2e/ports.ts'
import { startDns } from '@restante/e2e/servers/dns.ts'
import { SmtpClient } from '@restante/e2e/smtp.ts'
import { cpuOfGateway, cpuOfPostfix } from './parts/cpu.ts'
import { startPostfixRelay } from './parts/postfix.ts'
import { type Sink, startSink } from './parts/sink.ts'

const SENDER = 'anna@bench.test'
const BODY = `${'x'.repeat(70)}\r\n`.repeat(55)
/** Until a changed smarthost counts, in ms (worker/outbound). */
const TAKEN_UP = 6_000

type Cpu = Map<string, number>
type Subject = {
  name: string
  port: number
  accepted: number[]
  sent: number[]
  /** Seconds so far, by process. */
  seconds: () => Cpu
  /** ms a message. */
  cpu: Cpu[]
}

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      messages: { type: 'string', default: '2000' },
      sessions: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '3' },
      destinations: { type: 'string', default: '100' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      sign: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  })
  const messages = Math.round(Number(values.messages) * (values.quick ? 0.5 : 1))
  const rounds = values.quick ? 1 : Number(values.rounds)
  const sessions = Number(values.sessions)
  const domains = Array.from({ length: Number(values.destinations) }, (_, n) => `d${n}.test`)
  const folder = mkdtempSync(join(tmpdir(), 'restante-bench-'))
  const stops: (() => Promise<void>)[] = [async () => rmSync(folder, { recursive: true, force: true })]
  const stopAll = async () => {
    for (const stop of stops.splice(0).reverse()) await stop().catch(error => print(String(error)))
  }
  process.once('SIGINT', () => void stopAll().finally(() => process.exit(130)))
  try {
    const port = await freePort()
    const address = (n: number) => `127.0.${1 + Math.floor(n / 250)}.${1 + (n % 250)}`
    const sinks: Sink[] = []
    for (const [n] of domains.entries()) {
      const sink = await startSink(port, join(folder, `sink-${n}`), address(n))
      stops.push(sink.stop)
      sinks.push(sink)
    }
    const smarthost = await startSink(await freePort(), join(folder, 'smarthost'))
    stops.push(smarthost.stop)
    const dns = await startDns(
      Object.fromEntries(domains.map((name, n) => [`${name}.`, `@ MX 10 mx\nmx A ${address(n)}`])),
    )
    stops.push(dns.close)
    const routes = domains.map((name, n) => `{ ${name} = smtp:[${address(n)}]:${port} }`).join(', ')
    const postfix = await startPostfixRelay(join(folder, 'postfix'), await freePort(), smarthost.port, [
      `transport_maps = inline:{ ${routes} }`,
    ])
    stops.push(postfix.stop)
    const gateway = await startGateway({
      env: {
        LOG_LEVEL: 'warn',
        DNS_SERVERS: dns.address,
        OUTBOUND_PORT: String(port),
        OUTBOUND_PRIVATE: 'allow',
        ...(values.profile && { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${values.profile}` }),
      },
    })
    stops.push(gateway.remove)
    await addOrganization(gateway, {
      name: 'Bench',
      domain: 'bench.test',
      backends: ['smtp://127.0.0.1:9?tls=none'],
      people: [{ name: 'anna' }],
    })
    await gateway.cli(['client', 'add', 'Bench', 'source', '--network', '127.0.0.1/32'])
    if (values.sign) {
      const { selector } = await gateway.cli<{ selector: string }>(['dkim', 'add', 'bench.test'])
      await gateway.cli(['dkim', 'activate', 'bench.test', selector])
    }

    const subjects = () =>
      [
        { name: 'restante', port: gateway.ports.submission, seconds: () => cpuOfGateway(gateway) },
        { name: 'postfix', port: postfix.port, seconds: () => cpuOfPostfix(postfix.masterPid) },
      ].map((one): Subject => ({ ...one, accepted: [], sent: [], cpu: [] }))
    const compare = async (name: string, to: (n: number) => string, ends: readonly Sink[]) => {
      const all = subjects()
      // Neither begins as it was just started.
      for (const subject of all) await measure(subject, { messages: 500, sessions, to, ends }, false)
      for (let round = 0; round < rounds; round++) {
        for (const subject of round % 2 ? all.toReversed() : all) {
          await measure(subject, { messages, sessions, to, ends }, true)
        }
      }
      tell(`${name}: ${messages} messages of 4 KiB, ${sessions} sessions`, all)
    }
    if (values.only !== 'smarthost') {
      await compare(`${domains.length} destinations`, n => `x@${domains[n % domains.length]}`, sinks)
    }
    if (values.only === 'destinations') return
    await gateway.cli(['org', 'set', 'Bench', '--smarthost', `smtp://127.0.0.1:${smarthost.port}?tls=none`])
    await sleep(TAKEN_UP)
    await compare('a smarthost', () => 'x@elsewhere.test', [smarthost])
  } finally {
    await stopAll()
  }
}

type Load = { messages: number; sessions: number; to: (n: number) => string; ends: readonly Sink[] }

async function measure(subject: Subject, load: Load, counts: boolean): Promise<void> {
  const arrived = () => load.ends.reduce((sum, sink) => sum + sink.count(), 0)
  const before = arrived()
  const cpuBefore = subject.seconds()
  const start = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: load.sessions }, async () => {
      const client = await SmtpClient.open(subject.port)
      for (let n = next++; n < load.messages; n = next++) {
        const to = load.to(n)
        const content = `Subject: bench ${n}\r\nFrom: ${SENDER}\r\nTo: ${to}\r\n\r\n${BODY}`
        const reply = await client.send(SENDER, [to], content)
        if (reply.code !== 250) throw new Error(`${subject.name}: ${reply.code} ${reply.text}`)
      }
      client.quit()
    }),
  )
  const accepted = (performance.now() - start) / 1000
  const deadline = performance.now() + 180_000
  while (arrived() - before < load.messages && performance.now() < deadline) await sleep(10)
  const got = arrived() - before
  if (got < load.messages) print(`  ${subject.name}: only ${got} of ${load.messages} arrived`)
  if (!counts) return
  subject.accepted.push(load.messages / accepted)
  subject.sent.push((got * 1000) / (performance.now() - start))
  const cpu = [...subject.seconds()].map(
    ([name, seconds]) => [name, ((seconds - (cpuBefore.get(name) ?? 0)) * 1000) / load.messages] as const,
  )
  subject.cpu.push(new Map(cpu))
}

function tell(name: string, [ours, theirs]: readonly Subject[]): void {
  if (!ours || !theirs) return
  print(name)
  for (const what of ['accepted', 'sent'] as const) {
    const [a, b] = [median(ours[what]), median(theirs[what])]
    print(
      `  ${what.padEnd(8)}/s  restante ${a.toFixed(0).padStart(5)}  postfix ${b.toFixed(0).padStart(5)}  × ${(a / b).toFixed(2)}`,
    )
  }
  for (const { name: whose, cpu } of [ours, theirs]) {
    const names = new Set(cpu.flatMap(one => [...one.keys()]))
    const parts = [...names]
      .map(part => [part, median(cpu.map(one => one.get(part) ?? 0))] as const)
      .filter(([, ms]) => ms >= 0.01)
      .sort((a, b) => b[1] - a[1])
    const sum = parts.reduce((total, [, ms]) => total + ms, 0)
    const each = parts.map(([part, ms]) => `${part} ${ms.toFixed(2)}`).join(', ')
    print(`  CPU ms/message  ${whose} ${sum.toFixed(2)}  (${each})`)
  }
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const print = (line: string) => process.stdout.write(`${line}\n`)
