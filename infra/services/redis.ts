/**
 * The embedded Redis: a real server on loopback, with a password, its data in `<data>/redis`, AOF and
 * noeviction.
 *
 * The caller holds the data folder's service lock, so nobody else starts one here meanwhile. A server left
 * over from a killed gateway is taken over when it answers and ended when it does not. Redis is a view: an
 * append-only file that it can't read any more is set aside and it starts empty, since a reconciler adds
 * from PostgreSQL what should be there.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { withDeathSignal } from './guard.ts'
import { freePort } from './port.ts'
import { alive, end, worksIn } from './process.ts'
import { findRedis, type RedisBinary } from './redis-binary.ts'
import { openServerLog, type RunningServer, type ServerOptions, watchEnd } from './server.ts'

/** Longest that loading the append-only file may take, in ms. */
const LOAD_LIMIT = 120_000

type State = { pid: number; port: number; password: string }

export async function startRedis(options: ServerOptions): Promise<RunningServer> {
  const folder = join(options.data, 'redis')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const last = readState(folder)
  const ours = last && alive(last.pid) ? worksIn(last.pid, join(folder, 'data')) : false
  if (last && ours !== false) {
    if (await answers(last, 10_000)) {
      options.say('Redis of an earlier run is still there, taking it over')
      return server(last, true)
    }
    if (ours) await end(last.pid, 'SIGTERM', 5_000)
  }
  const binary = await findRedis(options.say)
  const state = { port: last?.port ?? 0, password: last?.password ?? randomBytes(24).toString('base64url') }
  const failures: string[] = []
  for (let attempt = 0; attempt < 4; attempt++) {
    const port = await freePort(attempt === 0 ? state.port : 0)
    const started = await launch(binary, folder, { ...options, port, password: state.password })
    if (started.type === 'running') {
      writeFileSync(join(folder, 'server.json'), JSON.stringify(started.state), { mode: 0o600 })
      return server(started.state, false)
    }
    failures.push(started.reason)
    if (/append only|AOF|base file|Bad file format|Wrong signature|reading the/i.test(started.reason)) {
      const aside = join(folder, `damaged-${new Date().toISOString().replaceAll(':', '')}`)
      renameSync(join(folder, 'data'), aside)
      options.say(`Redis could not read its file; it is kept in ${aside} and Redis starts empty`)
    }
  }
  throw new Error(`Redis does not start: ${failures.at(-1)} (see ${join(options.data, 'log/redis.log')})`)
}

type Launched = { type: 'running'; state: State } | { type: 'failed'; reason: string }

async function launch(
  binary: RedisBinary,
  folder: string,
  options: ServerOptions & { port: number; password: string },
): Promise<Launched> {
  mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 })
  const configuration = join(folder, 'redis.conf')
  // A file and not arguments: the password must not be seen in the list of processes.
  writeFileSync(
    configuration,
    `${[
      'bind 127.0.0.1',
      `port ${options.port}`,
      `requirepass ${options.password}`,
      `dir ${JSON.stringify(join(folder, 'data'))}`,
      `appendonly ${options.durable === false ? 'no' : 'yes'}`,
      'appendfsync everysec',
      'aof-load-truncated yes',
      'save ""',
      'maxmemory-policy noeviction',
      'daemonize no',
      'protected-mode yes',
    ].join('\n')}\n`,
    { mode: 0o600 },
  )
  const log = openServerLog(join(options.data, 'log/redis.log'))
  const logStart = sizeOf(options.data)
  const [program = '', ...words] = [...withDeathSignal('TERM'), binary.program, configuration]
  const child = spawn(program, words, {
    stdio: ['ignore', log, log],
    // Its own session: Ctrl-C in a terminal must reach it through us, after those who still need it.
    detached: true,
    env: { PATH: process.env.PATH, LC_ALL: 'C', ...binary.environment },
  })
  closeSync(log)
  child.unref()
  let over: string | undefined
  child.once('error', error => {
    over = error.message
  })
  child.once('exit', code => {
    over ??= `it ended with ${code}`
  })
  const state = { pid: child.pid ?? 0, port: options.port, password: options.password }
  const deadline = Date.now() + LOAD_LIMIT
  while (over === undefined) {
    if (await answers(state, 0)) return { type: 'running', state }
    if (Date.now() > deadline) {
      await end(state.pid, 'SIGKILL', 0)
      over = `no answer within ${LOAD_LIMIT / 1000} s`
    }
    await sleep(20)
  }
  return { type: 'failed', reason: lastWords(options.data, logStart) || over }
}

function server(state: State, adopted: boolean): RunningServer {
  return {
    url: `redis://:${state.password}@127.0.0.1:${state.port}`,
    port: state.port,
    pid: state.pid,
    adopted,
    ended: watchEnd(state.pid),
    close: (patience = 8_000) => end(state.pid, 'SIGTERM', patience),
  }
}

function readState(folder: string): State | undefined {
  try {
    const value = JSON.parse(readFileSync(join(folder, 'server.json'), 'utf8')) as Partial<State>
    const { pid, port, password } = value
    return pid && port && password ? { pid, port, password } : undefined
  } catch {
    return undefined
  }
}

/** Whether the server answers with our password, within `limit` ms (0: one try). */
async function answers(state: State, limit: number): Promise<boolean> {
  const deadline = Date.now() + limit
  for (;;) {
    const client = new Redis({
      host: '127.0.0.1',
      port: state.port,
      password: state.password,
      lazyConnect: true,
      retryStrategy: () => null,
      connectTimeout: 1_000,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
    })
    client.on('error', () => {})
    try {
      await client.connect()
      if ((await client.ping()) === 'PONG') return true
    } catch {
      // Not yet, or not ours.
    } finally {
      client.disconnect()
    }
    if (Date.now() >= deadline || !alive(state.pid)) return false
    await sleep(50)
  }
}

function sizeOf(data: string): number {
  try {
    return readFileSync(join(data, 'log/redis.log')).length
  } catch {
    return 0
  }
}

/** The line of the log, since `start`, that says why it ended. */
function lastWords(data: string, start: number): string {
  const lines = readFileSync(join(data, 'log/redis.log')).subarray(start).toString('utf8').trim().split('\n')
  return (lines.findLast(line => /# |fatal|error/i.test(line)) ?? '').replace(/^.*? # /, '')
}
