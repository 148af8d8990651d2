/**
 * The embedded PostgreSQL: a real server on loopback, scram password, no Unix socket (its path would be
 * limited to 107 bytes, and a data folder may lie deep), data in `<data>/postgres/<major>`.
 *
 * The caller holds the data folder's service lock, so nobody else starts one here meanwhile. A server left
 * over from a killed gateway is taken over; one that is just ending is waited for. The cluster is made under
 * another name and renamed, so what stands under its name is whole.
 */
import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { withDeathSignal } from './guard.ts'
import { findLauncher, handOver, type Launcher } from './launcher.ts'
import { freePort } from './port.ts'
import { findPostgres, type PostgresBinary } from './postgres-binary.ts'
import { alive, end, gone, signal, worksIn } from './process.ts'
import { openServerLog, type RunningServer, type ServerOptions, watchEnd } from './server.ts'

const run = promisify(execFile)

const USER = 'restante'
const DATABASE = 'restante'
/** Longest that the recovery after a crash may take before we call it failed, in ms. */
const RECOVERY_LIMIT = 300_000
/** Longest that an ending server of an earlier run is waited for, in ms. */
const ENDING_LIMIT = 30_000

export async function startPostgres(options: ServerOptions): Promise<RunningServer> {
  const folder = join(options.data, 'postgres')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const binary = findPostgres(join(folder, 'lib'))
  const cluster = join(folder, String(binary.major))
  const password = keptPassword(join(folder, 'password'))

  const earlier = await adopt(cluster, password)
  if (earlier) {
    options.say('PostgreSQL of an earlier run is still there, taking it over')
    return server(earlier, password, true)
  }
  const launcher = await findLauncher(binary.postgres, environmentFor(binary), folder)
  if (launcher.owner !== undefined) handOver(folder, launcher)
  if (!existsSync(cluster)) await initialise(binary, launcher, folder, cluster, options)
  const lastPort = readPort(join(folder, 'port'))
  let failure = ''
  for (let attempt = 0; attempt < 4; attempt++) {
    const port = await freePort(attempt === 0 ? lastPort : 0)
    const started = await launch(binary, launcher, cluster, { ...options, port, password })
    if (started.type === 'running') {
      writeFileSync(join(folder, 'port'), `${port}\n`)
      await makeDatabase(port, password)
      return server({ pid: started.pid, port }, password, false)
    }
    failure = started.reason
    // Processes of a killed server need a moment to notice.
    if (/shared memory block.*in use|lock file/i.test(failure)) await sleep(1_000)
  }
  throw new Error(`PostgreSQL does not start: ${failure} (see ${join(options.data, 'log/postgres.log')})`)
}

function keptPassword(file: string): string {
  if (!existsSync(file)) {
    writeFileSync(`${file}.new`, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }
  return readFileSync(file, 'utf8').trim()
}

function readPort(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8')) || 0
  } catch {
    return 0
  }
}

type Known = { pid: number; port: number }

/** What a running server wrote into postmaster.pid: its process id on line 1, its port on line 4. */
function readPidFile(cluster: string): Known | undefined {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')
    const pid = Number(lines[0])
    return pid > 0 ? { pid, port: Number(lines[3]) || 0 } : undefined
  } catch {
    return undefined
  }
}

/** The server that runs on this cluster already, if it serves. Clears away what only looks like one. */
async function adopt(cluster: string, password: string): Promise<Known | undefined> {
  const known = readPidFile(cluster)
  if (!known || !alive(known.pid)) return undefined
  const ours = worksIn(known.pid, cluster)
  if (ours === false) {
    // The number went to another process, and PostgreSQL would take that one for a server.
    rmSync(join(cluster, 'postmaster.pid'))
    return undefined
  }
  const deadline = Date.now() + ENDING_LIMIT
  while (Date.now() < deadline && alive(known.pid)) {
    const state = await ask(known.port, password)
    if (state === 'serving') return known
    if (state === 'ending' && (await gone(known.pid, ENDING_LIMIT))) return undefined
    await sleep(100)
  }
  if (ours) await end(known.pid, 'SIGINT', 10_000)
  return undefined
}

async function initialise(
  binary: PostgresBinary,
  launcher: Launcher,
  folder: string,
  cluster: string,
  options: ServerOptions,
): Promise<void> {
  const other = readdirSync(folder).find(name => /^\d+$/.test(name))
  if (other) {
    throw new Error(
      `${join(folder, other)} holds data of PostgreSQL ${other}, this version brings ${binary.major}: use the Restante that made it, or set DATABASE_URL`,
    )
  }
  options.say('making the PostgreSQL database')
  const fresh = join(folder, 'new')
  rmSync(fresh, { recursive: true, force: true })
  const [program = '', ...words] = [
    ...launcher.prefix,
    binary.initdb,
    `--pgdata=${fresh}`,
    `--username=${USER}`,
    '--auth=scram-sha-256',
    `--pwfile=${join(folder, 'password')}`,
    '--encoding=UTF8',
    // macOS has no such locale; there the sorting of names is ASCII's.
    `--locale=${process.platform === 'darwin' ? 'C' : 'C.UTF-8'}`,
    '--no-instructions',
    ...(options.durable === false ? ['--no-sync'] : []),
  ]
  try {
    await run(program, words, { env: environmentFor(binary), cwd: '/' })
  } catch (error) {
    const text = (error as { stderr?: string }).stderr?.trim() || (error as Error).message
    throw new Error(`PostgreSQL's initdb failed: ${text.split('\n')[0]}`)
  }
  renameSync(fresh, cluster)
}

/** A clean environment: PGDATA, PGPORT and their like of the caller's must not leak in. */
function environmentFor(binary: PostgresBinary): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', ...binary.environment }
}

type Launched = { type: 'running'; pid: number } | { type: 'failed'; reason: string }

async function launch(
  binary: PostgresBinary,
  launcher: Launcher,
  cluster: string,
  options: ServerOptions & { port: number; password: string },
): Promise<Launched> {
  chmodSync(cluster, 0o700)
  const logFile = join(options.data, 'log/postgres.log')
  const log = openServerLog(logFile)
  const logStart = readFileSync(logFile).length
  const settings = {
    listen_addresses: '127.0.0.1',
    port: options.port,
    unix_socket_directories: '',
    max_connections: 200,
    log_line_prefix: '%m [%p] ',
    jit: 'off',
    ...(options.durable === false
      ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
      : {}),
  }
  const [program = '', ...words] = [
    ...launcher.prefix,
    // SIGINT is PostgreSQL's fast shutdown: sessions are cut, everything is written.
    ...withDeathSignal('INT'),
    binary.postgres,
    '-D',
    cluster,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
  const child = spawn(program, words, {
    stdio: ['ignore', log, log],
    cwd: '/',
    // Its own session: Ctrl-C in a terminal must reach it through us, after those who still need it.
    detached: true,
    env: environmentFor(binary),
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
  const deadline = Date.now() + RECOVERY_LIMIT
  let told = Date.now() + 3_000
  while (over === undefined) {
    if ((await ask(options.port, options.password)) === 'serving') {
      return { type: 'running', pid: child.pid ?? 0 }
    }
    if (Date.now() > told) {
      options.say('PostgreSQL is recovering from a crash, waiting for it')
      told = Number.POSITIVE_INFINITY
    }
    if (Date.now() > deadline) {
      await end(child.pid ?? 0, 'SIGQUIT', 5_000)
      over = `no answer within ${RECOVERY_LIMIT / 1000} s`
    }
    await sleep(20)
  }
  const lines = readFileSync(logFile).subarray(logStart).toString('utf8').trim().split('\n')
  const words2 = lines.findLast(line => /FATAL|PANIC|error/i.test(line))
  return { type: 'failed', reason: words2?.replace(/^.*?(FATAL|PANIC):\s*/, '') || over }
}

/** Asks the server how it is. `ending`: it shuts down. `unreachable`: it isn't there, or not ready yet. */
async function ask(port: number, password: string): Promise<'serving' | 'ending' | 'unreachable'> {
  const client = new pg.Client({ ...address(port, password), connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return 'serving'
  } catch (error) {
    // cannot_connect_now is sent while starting and while ending; only the words differ.
    return /shutting down/.test((error as Error).message) ? 'ending' : 'unreachable'
  } finally {
    await client.end().catch(() => {})
  }
}

function address(port: number, password: string) {
  return { host: '127.0.0.1', port, user: USER, password, database: 'postgres' }
}

async function makeDatabase(port: number, password: string): Promise<void> {
  const client = new pg.Client(address(port, password))
  await client.connect()
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [DATABASE])
    if (found.rowCount === 0) await client.query(`create database ${DATABASE}`)
  } finally {
    await client.end()
  }
}

function server(known: Known, password: string, adopted: boolean): RunningServer {
  return {
    url: `postgres://${USER}:${password}@127.0.0.1:${known.port}/${DATABASE}`,
    port: known.port,
    pid: known.pid,
    adopted,
    ended: watchEnd(known.pid),
    async close(patience = 8_000) {
      signal(known.pid, 'SIGINT')
      if (await gone(known.pid, patience)) return
      // Immediate shutdown: the next start recovers from the log.
      await end(known.pid, 'SIGQUIT', 1_000)
    },
  }
}
