/**
 * `npm run bench down`: how long until a dead mail server is known to be down. Each of `--servers` (6 unless told)
 * is an smtp-sink and a backend of its own, half of them with a message a second, half with none; every second one is
 * killed (its port refuses), the others are stopped (SIGSTOP: they accept and say nothing), each at a moment of
 * its own within the 30 s between two probes. Prints seconds until `restante backend status` says `down`; it is asked four
 * times a second at most.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Gateway, startGateway } from '@restante/e2e/gateway.ts'
import { addOrganization } from '@restante/e2e/organization.ts'
import { answers, freePort } from '@restante/e2e/ports.ts'
import { until } from '@restante/e2e/until.ts'
import { untilKnown } from '@restante/e2e/watch.ts'
import { sendNumbered } from './parts/numbered.ts'

/** s between two probes of a server that nothing is sent to. */
const PROBES = 30
/** s after which a server counts as not found out. */
const LIMIT = 120

type Server = {
  domain: string
  child: ChildProcess
  traffic: boolean
  signal: 'SIGKILL' | 'SIGSTOP'
  diedAt: number
  downAt: number
}

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { servers: { type: 'string', default: '6' } } })
  const gateway = await startGateway({ env: { LOG_LEVEL: 'warn' } })
  const servers: Server[] = []
  let running = true
  try {
    for (let n = 0; n < Number(values.servers); n++) servers.push(await addServer(gateway, n))
    const traffic = servers
      .filter(server => server.traffic)
      .map(server => keepSending(gateway, server, () => running))
    // Past the first probes, which come all at once.
    await sleep(PROBES * 1000)
    await Promise.all([
      watch(gateway, servers),
      ...servers.map(async (server, n) => {
        await sleep((PROBES * 1000 * n) / servers.length)
        server.child.kill(server.signal)
        server.diedAt = Date.now()
      }),
    ])
    running = false
    await Promise.all(traffic)
    for (const withTraffic of [true, false]) {
      for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
        const times = servers
          .filter(server => server.traffic === withTraffic && server.signal === signal)
          .map(server => (server.downAt > 0 ? ((server.downAt - server.diedAt) / 1000).toFixed(1) : 'never'))
        if (times.length === 0) continue
        const what = `${signal === 'SIGKILL' ? 'killed' : 'stopped'}, ${withTraffic ? 'a message a second' : 'no traffic'}`
        process.stdout.write(`${what.padEnd(28)} down after ${times.join(', ')} s\n`)
      }
    }
  } finally {
    running = false
    for (const { child } of servers) child.kill('SIGKILL')
    await gateway.remove()
  }
}

async function addServer(gateway: Gateway, n: number): Promise<Server> {
  const port = await freePort()
  const domain = `d${n}.example`
  const asRoot = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child = spawn('smtp-sink', [...asRoot, `127.0.0.1:${port}`, '100'], { stdio: 'ignore' })
  await until('the sink listens', () => answers(port))
  await addOrganization(gateway, {
    name: domain,
    domain,
    backends: [`smtp://127.0.0.1:${port}?tls=none`],
    people: [{ name: 'anna' }],
  })
  await untilKnown(gateway, `anna@${domain}`)
  return {
    domain,
    child,
    traffic: n % 2 === 0,
    signal: n % 4 < 2 ? 'SIGKILL' : 'SIGSTOP',
    diedAt: 0,
    downAt: 0,
  }
}

async function keepSending(gateway: Gateway, { domain }: Server, on: () => boolean): Promise<void> {
  for (let n = 0; on(); n++) {
    await sendNumbered(gateway.ports.relay, [{ to: `anna@${domain}`, subject: String(n) }], 1_000)
    await sleep(1_000)
  }
}

async function watch(gateway: Gateway, servers: readonly Server[]): Promise<void> {
  const deadline = Date.now() + (PROBES + LIMIT) * 1000
  while (servers.some(server => server.downAt === 0) && Date.now() < deadline) {
    const states = await gateway.cli<{ name: string; health: string }[]>(['backend', 'status'])
    for (const server of servers) {
      const down = states.some(state => state.name === server.domain && state.health === 'down')
      if (down && server.diedAt > 0) server.downAt ||= Date.now()
    }
    await sleep(250)
  }
}
