/**
 * A whole gateway as its users start it: `infra/up/main.ts` with a data folder and ports of its own, and the
 * `restante` command beside it.
 *
 * All that it starts is found by its data folder or as a child of it, and ended by id. A test file that fails
 * leaves its log in the message (`log()`); the folder goes with `remove()`.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePorts } from './ports.ts'
import { processesOf } from './processes.ts'
import { type Daemon, startDaemon, tail } from './servers/daemon.ts'
import { until } from './until.ts'

const ROOT = resolve(import.meta.dirname, '..')

export type Ports = {
  relay: number
  submission: number
  submissions: number
  webmail: number
  metrics: number
}
export type Part = 'relay' | 'worker' | 'webmail' | 'redis' | 'postgres'
export type Ran = { code: number | null; stdout: string; stderr: string }

export type Gateway = {
  data: string
  ports: Ports
  /** Where browsers find it. */
  url: string
  start(): Promise<void>
  /** SIGTERM. @returns its exit code */
  stop(): Promise<number | null>
  /** SIGKILL to the supervisor, as the machine's memory killer would; what it started is left to itself. */
  crash(): Promise<void>
  /** kill -9 to one part; the supervisor starts it anew. @returns the ids it ended */
  kill(part: Part): number[]
  pids(part: Part): number[]
  /** `restante …`: exit code and output as they are. */
  run(args: string[], input?: string): Promise<Ran>
  /** `restante … --json`, which must succeed. */
  cli<T = Record<string, unknown>>(args: string[], input?: string): Promise<T>
  health(part: 'relay' | 'worker' | 'webmail'): Promise<{ status: number; body: Record<string, unknown> }>
  /** The end of its log. */
  log(lines?: number): string
  remove(): Promise<void>
}

/** The environment of one gateway: nothing of ours leaks in from outside, ports and folder are its own. */
export function environmentOf(data: string, ports: Ports, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const outside = Object.entries(process.env).filter(
    ([name]) =>
      !/^(RESTANTE_|RELAY_|SUBMISSION|WEBMAIL_|SPOOL_|METRICS_|RSPAMD_|SPAMD_|CLAMD_|TELL_|REDIS_URL|DATABASE_URL|VITEST|NODE_ENV)/.test(
        name,
      ),
  )
  return {
    ...Object.fromEntries(outside),
    RESTANTE_DATA: data,
    RESTANTE_HOSTNAME: 'mx.example.net',
    // How full the disk is on which the tests run is not what they are about.
    SPOOL_MINIMUM_FREE: '0',
    RELAY_HOST: '127.0.0.1',
    RELAY_PORT: String(ports.relay),
    SUBMISSION_PORT: String(ports.submission),
    SUBMISSIONS_PORT: String(ports.submissions),
    WEBMAIL_PORT: String(ports.webmail),
    METRICS_PORT: String(ports.metrics),
    PUBLIC_URL: `http://127.0.0.1:${ports.webmail}`,
    ...more,
  }
}

export async function gatewayPorts(): Promise<Ports> {
  const [relay, submission, submissions, webmail, metrics] = (await freePorts(6)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return { relay, submission, submissions, webmail, metrics }
}

/** Runs a command to its end. */
export function runCommand(
  command: string,
  args: string[],
  options: { env: NodeJS.ProcessEnv; cwd: string; input?: string; seconds?: number },
): Promise<Ran> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { env: options.env, cwd: options.cwd, stdio: 'pipe' })
    const ran: Ran = { code: null, stdout: '', stderr: '' }
    child.stdout.on('data', chunk => {
      ran.stdout += chunk
    })
    child.stderr.on('data', chunk => {
      ran.stderr += chunk
    })
    const late = setTimeout(() => child.kill('SIGKILL'), (options.seconds ?? 60) * 1000)
    child.once('error', fail)
    child.once('close', code => {
      clearTimeout(late)
      done({ ...ran, code })
    })
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}

/** Starts a gateway and waits until every part says that it serves. */
export async function startGateway(
  options: {
    env?: NodeJS.ProcessEnv
    ports?: Ports
    /** Work on its empty data folder, before its first start. */
    before?: (gateway: Pick<Gateway, 'data' | 'run' | 'cli'>) => Promise<void>
  } = {},
): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'restante-'))
  // Not the data folder itself: working there would let a .env in it count.
  const data = join(folder, 'data')
  mkdirSync(data)
  const ports = options.ports ?? (await gatewayPorts())
  const env = environmentOf(data, ports, options.env)
  const log = join(folder, 'log')
  let daemon: Daemon | undefined

  const healthPort = { relay: ports.metrics, worker: ports.metrics + 1, webmail: ports.webmail }
  const gateway: Gateway = {
    data,
    ports,
    url: `http://127.0.0.1:${ports.webmail}`,
    async start() {
      if (daemon?.running()) return
      daemon = await startDaemon(process.execPath, [join(ROOT, 'infra/up/main.ts')], {
        log,
        env,
        cwd: folder,
        seconds: 90,
        ready: async () => {
          const parts = ['relay', 'worker', 'webmail'] as const
          const states = await Promise.all(parts.map(part => gateway.health(part)))
          return states.every(({ status }) => status === 200)
        },
      })
    },
    async stop() {
      return (await daemon?.stop()) ?? null
    },
    async crash() {
      if (!daemon?.running()) return
      process.kill(daemon.pid, 'SIGKILL')
      await until('the supervisor has gone', () => !daemon?.running())
    },
    pids: part => processesOf(data, daemon?.pid ?? 0, part),
    kill(part) {
      const pids = gateway.pids(part)
      for (const pid of pids) {
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // It ended by itself in between.
        }
      }
      return pids
    },
    run: (args, input) =>
      runCommand(process.execPath, [join(ROOT, 'infra/restante.mjs'), ...args], { env, cwd: folder, input }),
    async cli<T>(args: string[], input?: string): Promise<T> {
      const ran = await gateway.run([...args, '--json'], input)
      if (ran.code !== 0)
        throw new Error(`restante ${args.join(' ')}: ${ran.code} ${ran.stderr}${ran.stdout}`)
      return JSON.parse(ran.stdout) as T
    },
    async health(part) {
      const response = await fetch(`http://127.0.0.1:${healthPort[part]}/healthz`, {
        signal: AbortSignal.timeout(5_000),
      })
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
    log: (lines = 80) => tail(log, lines),
    async remove() {
      await daemon?.stop().catch(() => {})
      await daemon?.kill()
      for (const part of ['relay', 'worker', 'webmail', 'redis', 'postgres'] as const) gateway.kill(part)
      await until('its embedded servers have gone', () => gateway.pids('postgres').length === 0)
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
    },
  }
  try {
    await options.before?.(gateway)
    await gateway.start()
  } catch (error) {
    await gateway.remove()
    throw error
  }
  return gateway
}
