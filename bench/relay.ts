/**
 * `npm run bench relay`: Restante and Debian's Postfix, each as a relay in front of an smtp-sink of its own, on the same
 * machine in the same run, in turn.
 *
 * Everything that production has is on at Restante: recipients from the directory, the spool with encryption
 * and group commit, ingest, records, the webmail's rows. Postfix relays without a recipient check. The load
 * comes from Postfix's own smtp-source; the wait for the 250 is measured by a client of ours at ten sessions.
 *
 *   --sessions 1,10,50  --sizes 4096,65536  --messages 1000  --rounds 3  --shapes many,one  --quick  --profile DIR
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startGateway } from '@restante/e2e/gateway.ts'
import { addOrganization } from '@restante/e2e/organization.ts'
import { freePort } from '@restante/e2e/ports.ts'
import { SmtpClient } from '@restante/e2e/smtp.ts'
import { cpuByName, tree } from './parts/cpu.ts'
import { startPostfixRelay } from './parts/postfix.ts'
import { type Sink, startSink } from './parts/sink.ts'
import { type Load, sendLoad } from './parts/source.ts'

const RECIPIENT = 'anna@bench.example'
const WARM_UP: Case = { size: 4096, sessions: 10, shape: 'many', messages: 2_000 }

/** What is measured. */
type Subject = {
  name: string
  port: number
  sink: Sink
  /** CPU seconds used so far, by process. */
  cpu(): Map<string, number>
}
type Case = Omit<Load, 'recipient'>
type Figures = { accepted: number; relayed: number; cpu: Map<string, number> }

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      sessions: { type: 'string', default: '1,10,50' },
      sizes: { type: 'string', default: '4096,65536' },
      shapes: { type: 'string', default: 'many,one' },
      messages: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '3' },
      quick: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  })
  const numbers = (list: string) => list.split(',').map(Number)
  const rounds = values.quick ? 1 : Number(values.rounds)
  const folder = mkdtempSync(join(tmpdir(), 'restante-bench-'))
  const stops: (() => Promise<void>)[] = [async () => rmSync(folder, { recursive: true, force: true })]
  const stopAll = async () => {
    for (const stop of stops.splice(0).reverse()) await stop().catch(error => print(String(error)))
  }
  process.once('SIGINT', () => void stopAll().finally(() => process.exit(130)))
  try {
    const sinks = [
      await startSink(await freePort(), join(folder, 'sink-restante')),
      await startSink(await freePort(), join(folder, 'sink-postfix')),
    ] as const
    stops.push(...sinks.map(sink => sink.stop))
    const postfix = await startPostfixRelay(join(folder, 'postfix'), await freePort(), sinks[1].port)
    stops.push(postfix.stop)
    const gateway = await startGateway({
      env: {
        LOG_LEVEL: 'warn',
        ...(values.profile && { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${values.profile}` }),
      },
    })
    stops.push(gateway.remove)
    await addOrganization(gateway, {
      name: 'Bench',
      domain: 'bench.example',
      backends: [`smtp://127.0.0.1:${sinks[0].port}?tls=none`],
      people: [{ name: 'anna' }],
    })
    const subjects: Subject[] = [
      {
        name: 'restante',
        port: gateway.ports.relay,
        sink: sinks[0],
        cpu: () =>
          cpuByName(
            tree(process => process.argv.includes(gateway.data) || gatewayPids(gateway).has(process.pid)),
            process =>
              /(relay|worker|webmail|up)\/main/.exec(process.argv)?.[1] ?? process.name.split(' ')[0]!,
          ),
      },
      {
        name: 'postfix',
        port: postfix.port,
        sink: sinks[1],
        cpu: () =>
          cpuByName(
            tree(process => process.pid === postfix.masterPid),
            process => process.name,
          ),
      },
    ]
    // Neither begins as it was just started: caches, compiled code, connections, processes.
    for (const subject of subjects) await measure(subject, WARM_UP)
    for (const size of numbers(values.sizes)) {
      for (const shape of values.shapes.split(',') as Load['shape'][]) {
        for (const sessions of numbers(values.sessions)) {
          const messages = Math.round(
            (Number(values.messages) * (values.quick ? 0.3 : 1)) / (size > 16_384 ? 3 : 1),
          )
          await compare(subjects, { size, sessions, shape, messages }, rounds)
        }
      }
    }
    for (const subject of subjects) await latency(subject)
  } finally {
    await stopAll()
  }
}

function gatewayPids(gateway: {
  pids(part: 'relay' | 'worker' | 'webmail' | 'redis' | 'postgres'): number[]
}) {
  const parts = ['relay', 'worker', 'webmail', 'redis', 'postgres'] as const
  return new Set(parts.flatMap(part => gateway.pids(part)))
}

/** Rounds in turn, and the medians with their ratio. */
async function compare(subjects: Subject[], load: Case, rounds: number): Promise<void> {
  const figures = new Map<string, Figures[]>(subjects.map(subject => [subject.name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const subject of round % 2 ? subjects.toReversed() : subjects) {
      figures.get(subject.name)?.push(await measure(subject, load))
    }
  }
  const [ours, theirs] = subjects.map(subject => figures.get(subject.name) ?? []) as [Figures[], Figures[]]
  const accepted = [median(ours.map(f => f.accepted)), median(theirs.map(f => f.accepted))] as const
  const relayed = [median(ours.map(f => f.relayed)), median(theirs.map(f => f.relayed))] as const
  const shape = load.shape === 'many' ? 'many a connection' : 'one a connection'
  print(`${load.size} B, ${load.sessions} sessions, ${shape}, ${load.messages} messages`)
  print(
    `  accepted/s  restante ${fixed(accepted[0])}  postfix ${fixed(accepted[1])}  × ${(accepted[0] / accepted[1]).toFixed(2)}`,
  )
  print(
    `  relayed/s   restante ${fixed(relayed[0])}  postfix ${fixed(relayed[1])}  × ${(relayed[0] / relayed[1]).toFixed(2)}`,
  )
  for (const [name, list] of [
    ['restante', ours],
    ['postfix', theirs],
  ] as const) {
    const names = new Set(list.flatMap(f => [...f.cpu.keys()]))
    const parts = [...names]
      .map(part => [part, median(list.map(f => f.cpu.get(part) ?? 0))] as const)
      .filter(([, ms]) => ms >= 0.01)
      .sort((a, b) => b[1] - a[1])
    const sum = parts.reduce((total, [, ms]) => total + ms, 0)
    print(
      `  CPU ms/message  ${name} ${sum.toFixed(2)}  (${parts.map(([part, ms]) => `${part} ${ms.toFixed(2)}`).join(', ')})`,
    )
  }
}

async function measure(subject: Subject, load: Case): Promise<Figures> {
  const before = subject.sink.count()
  const cpuBefore = subject.cpu()
  const start = performance.now()
  await sendLoad(subject.port, { ...load, recipient: RECIPIENT })
  const accepted = (performance.now() - start) / 1000
  const deadline = performance.now() + 120_000
  while (subject.sink.count() - before < load.messages && performance.now() < deadline) {
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  const got = subject.sink.count() - before
  if (got < load.messages)
    print(`  ${subject.name}: only ${got} of ${load.messages} arrived within two minutes`)
  const relayed = (performance.now() - start) / 1000
  const cpu = new Map<string, number>()
  for (const [name, seconds] of subject.cpu()) {
    cpu.set(name, ((seconds - (cpuBefore.get(name) ?? 0)) * 1000) / load.messages)
  }
  return { accepted: load.messages / accepted, relayed: got / relayed, cpu }
}

/** The wait from the last byte of DATA to its 250, at ten sessions of 4 KiB. */
async function latency(subject: Subject): Promise<void> {
  const waits: number[] = []
  const content = `Subject: bench\r\nFrom: sender@outside.example\r\nTo: ${RECIPIENT}\r\n\r\n${'x'.repeat(70).concat('\r\n').repeat(55)}`
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      const client = await SmtpClient.open(subject.port)
      for (let n = 0; n < 50; n++) {
        await client.command('MAIL FROM:<sender@outside.example>')
        await client.command(`RCPT TO:<${RECIPIENT}>`)
        await client.command('DATA')
        const start = performance.now()
        const answer = client.reply()
        client.socket.write(`${content}\r\n.\r\n`)
        await answer
        waits.push(performance.now() - start)
      }
      client.quit()
    }),
  )
  waits.sort((a, b) => a - b)
  const at = (part: number) => waits[Math.min(waits.length - 1, Math.floor(waits.length * part))]!.toFixed(1)
  print(`250 after DATA, 10 sessions of 4 KiB: ${subject.name} p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`)
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const fixed = (value: number) => value.toFixed(0).padStart(5)
const print = (line: string) => process.stdout.write(`${line}\n`)
