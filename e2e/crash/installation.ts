/**
 * A gateway in its parts, so that each can be stopped at a state and killed on its own: relay and worker as
 * processes of ours, PostgreSQL and Redis as the embedded ones, all with durable settings. No supervisor: this
 * starts what died, when the round is over.
 *
 * Everything is killed by its own id or group. All of it ends with `close`, or when this process dies.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import { loadSettings } from '@restante/core/config/settings.ts'
import { connect } from '@restante/core/db/connection.ts'
import { migrate } from '@restante/core/db/migrate.ts'
import type { Breakpoint, State } from '@restante/core/spool/states.ts'
import { startPostgres } from '@restante/infra/services/postgres.ts'
import { startRedis } from '@restante/infra/services/redis.ts'
import type { RunningServer } from '@restante/infra/services/server.ts'
import { environmentOf, gatewayPorts, type Ports } from '../gateway.ts'
import { until } from '../until.ts'
import type { Victim } from './rounds.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const SCRIPTS = {
  relay: 'relay/main.ts',
  worker: 'worker/main.ts',
  compaction: 'e2e/crash/compact.ts',
} as const

export type ProcessName = keyof typeof SCRIPTS

export class Installation {
  readonly folder: string
  readonly ports: Ports
  readonly #more: NodeJS.ProcessEnv
  readonly #processes = new Map<ProcessName, ChildProcess>()
  redis: RunningServer | undefined
  postgres: RunningServer | undefined
  /** Processes that ended though nobody killed them. */
  readonly deaths: string[] = []

  private constructor(folder: string, ports: Ports, more: NodeJS.ProcessEnv) {
    this.folder = folder
    this.ports = ports
    this.#more = more
  }

  /** @param folder an empty one, which stays the caller's */
  static async create(folder: string, more: NodeJS.ProcessEnv = {}): Promise<Installation> {
    const installation = new Installation(folder, await gatewayPorts(), more)
    mkdirSync(installation.data, { recursive: true })
    await installation.#startServers()
    const db = connect(installation.postgres!.url, { max: 1 })
    await migrate(db)
    await db.destroy()
    return installation
  }

  get data(): string {
    return join(this.folder, 'data')
  }

  get environment(): NodeJS.ProcessEnv {
    return environmentOf(this.data, this.ports, {
      DATABASE_URL: this.postgres?.url,
      REDIS_URL: this.redis?.url,
      NODE_COMPILE_CACHE: join(this.folder, 'compile-cache'),
      LOG_LEVEL: 'info',
      SPOOL_MINIMUM_FREE: '0',
      ...this.#more,
    })
  }

  get spool(): { url: string; secretKey: Buffer } {
    const settings = loadSettings(this.environment, this.folder)
    return { url: settings.SPOOL_URL, secretKey: deriveKey(loadSecret(settings), 'spool') }
  }

  get sealKey(): Buffer {
    return deriveKey(loadSecret(loadSettings(this.environment, this.folder)), 'stored-secrets')
  }

  /** Starts whatever does not run. */
  async startAll(): Promise<void> {
    await this.#startServers()
    this.start('relay')
    this.start('worker')
  }

  async #startServers(): Promise<void> {
    const options = { data: this.data, say: () => {} }
    const before = [this.redis?.url, this.postgres?.url]
    const [redis, postgres] = await Promise.all([
      this.redis ?? startRedis(options),
      this.postgres ?? startPostgres(options),
    ])
    this.redis = redis
    this.postgres = postgres
    const moved = before.some((url, n) => url && url !== [redis.url, postgres.url][n])
    // Somebody took the port meanwhile: what uses it has to be told, which takes a start.
    if (moved) await this.kill(['relay', 'worker'])
  }

  start(name: ProcessName, words: string[] = []): void {
    if (this.#processes.has(name)) return
    const log = openSync(join(this.folder, 'log'), 'a')
    const child = spawn(process.execPath, [join(ROOT, SCRIPTS[name]), ...words], {
      cwd: this.folder,
      env: { ...this.environment, RESTANTE_BREAKPOINTS: 'on' },
      stdio: ['ignore', log, log, 'ipc'],
      // A group of its own.
      detached: true,
    })
    closeSync(log)
    this.#processes.set(name, child)
    child.on('error', () => {})
    child.once('exit', (code, signal) => {
      if (this.#processes.get(name) === child) {
        this.#processes.delete(name)
        if (name !== 'compaction' || code !== 0) this.deaths.push(`${name}: ${signal ?? `exit ${code}`}`)
      }
    })
  }

  runs(name: ProcessName): boolean {
    return this.#processes.has(name)
  }

  /** The process stops itself when a message comes to that state for the `passes`th time from now. */
  arm(name: ProcessName, state: State, passes: number): void {
    const breakpoint: Breakpoint = { state: `${state}`, passes }
    this.#processes.get(name)?.send(breakpoint, () => {})
  }

  /** Waits until it has stopped itself. @returns false when it did not within `limit` ms, or has ended */
  async stopped(name: ProcessName, limit: number): Promise<boolean> {
    const deadline = Date.now() + limit
    while (Date.now() < deadline) {
      const pid = this.#processes.get(name)?.pid
      if (pid === undefined) return false
      if (stateOf(pid) === 'T') return true
      await new Promise(done => setTimeout(done, 10))
    }
    return false
  }

  resume(name: ProcessName): void {
    this.#processes.get(name)?.kill('SIGCONT')
  }

  /** kill -9 to each and all it has made, first all signals, then waits until they are gone. */
  async kill(victims: readonly (Victim | 'compaction')[]): Promise<void> {
    const pids = victims.flatMap(victim => this.#pidsOf(victim))
    for (const victim of victims) {
      if (victim === 'redis') this.redis = undefined
      else if (victim === 'postgres' || victim === 'postmaster') this.postgres = undefined
      else this.#processes.delete(victim)
    }
    for (const pid of pids) signal(pid)
    await until(
      'they are dead',
      () => pids.every(pid => stateOf(pid) === undefined || stateOf(pid) === 'Z'),
      {
        every: 10,
      },
    )
  }

  #pidsOf(victim: Victim | 'compaction'): number[] {
    switch (victim) {
      case 'redis':
        return this.redis ? [this.redis.pid] : []
      case 'postmaster':
        return this.postgres ? [this.postgres.pid] : []
      case 'postgres':
        return this.postgres ? [this.postgres.pid, ...childrenOf(this.postgres.pid)] : []
      default: {
        const pid = this.#processes.get(victim)?.pid
        return pid === undefined ? [] : [pid]
      }
    }
  }

  log(lines = 60): string {
    return readFileSync(join(this.folder, 'log'), 'utf8').split('\n').slice(-lines).join('\n')
  }

  async close(): Promise<void> {
    await this.kill(['compaction', 'worker', 'relay'])
    await Promise.all([this.redis?.close(), this.postgres?.close()])
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself in between.
  }
}

/** proc(5)'s letter; undefined when there is no such process. */
function stateOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
  } catch {
    return undefined
  }
}

/** PostgreSQL's processes: each has a group of its own, but the same parent. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(name => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent
      } catch {
        return false
      }
    })
    .map(Number)
}
