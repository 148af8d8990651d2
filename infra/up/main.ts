/**
 * The gateway as one command: the embedded servers where no others are named, the schema, then relay, worker
 * and webmail, kept running until SIGTERM.
 *
 * People read its lines on stdout; the log of all parts is on stderr. One gateway a data folder: the second
 * is refused. It keeps nothing itself, so it may be killed at any moment: its children end by themselves
 * when it is gone, and the next start takes over what is left.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadSecret } from '@restante/core/config/secret.ts'
import { loadSettings, type Settings, SettingsError } from '@restante/core/config/settings.ts'
import { connect } from '@restante/core/db/connection.ts'
import { migrate } from '@restante/core/db/migrate.ts'
import { createLog, type Log } from '@restante/core/observe/log.ts'
import { compileCache, fillCompileCache } from '@restante/core/observe/node-options.ts'
import { tryLock } from '../services/lock.ts'
import { portTaken } from '../services/port.ts'
import { Child } from './child.ts'
import { healthUrls, waitReady } from './ready.ts'
import { keepServices } from './services.ts'

/** Longest drain of the children, in ms: above their own 7 s, and below 10 s with the servers' end. */
const CHILD_PATIENCE = 7_500
/** After this long without all parts serving people are told which one is missing, in ms. */
const READY_LIMIT = 60_000

const PARTS = ['relay', 'worker', 'webmail'] as const

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Ends the start with one line: nothing was begun that would have to be undone. */
function refuse(message: string, code = 1): never {
  process.stderr.write(`${message.split('\n')[0]}\n`)
  process.exit(code)
}

/** @param patience in ms: the processes of a killed gateway need a moment to give their ports up */
async function checkPorts(settings: Settings, patience: number): Promise<void> {
  const { RELAY_HOST, METRICS_HOST, METRICS_PORT } = settings
  const wanted: [string, number, string][] = [
    ['RELAY_PORT', settings.RELAY_PORT, RELAY_HOST],
    ['SUBMISSION_PORT', settings.SUBMISSION_PORT, RELAY_HOST],
    ['SUBMISSIONS_PORT', settings.SUBMISSIONS_PORT, RELAY_HOST],
    ['WEBMAIL_PORT', settings.WEBMAIL_PORT, settings.WEBMAIL_HOST ?? '0.0.0.0'],
    ['METRICS_PORT', METRICS_PORT, METRICS_HOST],
    ['METRICS_PORT + 1', METRICS_PORT + 1, METRICS_HOST],
  ]
  for (const [name, port, host] of wanted) {
    const problem = await portTaken(port, host, patience)
    if (problem) refuse(`${name} ${port}: ${problem}`)
  }
}

async function main(): Promise<void> {
  let settings: Settings
  try {
    settings = loadSettings()
  } catch (error) {
    if (error instanceof SettingsError) refuse(error.message, 2)
    throw error
  }
  const log = createLog('up', settings.LOG_LEVEL)
  const data = settings.RESTANTE_DATA
  try {
    mkdirSync(join(data, 'run'), { recursive: true, mode: 0o750 })
  } catch (error) {
    refuse(`RESTANTE_DATA ${data}: ${(error as Error).message}`)
  }
  const lock = tryLock(join(data, 'run/gateway.lock'))
  const pidFile = join(data, 'run/gateway.pid')
  if (!lock) {
    refuse(`another gateway runs on ${data} (process ${readPid(pidFile)}): end it, or set RESTANTE_DATA`)
  }
  // The file of a gateway that ended well is gone.
  const wasKilled = existsSync(pidFile)
  if (wasKilled) say('the last run was killed, picking up from there')
  writeFileSync(pidFile, `${process.pid}\n`)
  await checkPorts(settings, wasKilled ? 10_000 : 500)

  let ending: Promise<void> | undefined
  const closers: (() => Promise<void>)[] = []
  let begun: Promise<void> | undefined
  const closeAll = async () => {
    for (let close = closers.pop(); close; close = closers.pop()) {
      await close().catch(error => log.error({ event: 'up.close-failed', error }))
    }
  }
  const end = (code: number) => {
    ending ??= (async () => {
      say('ending: finishing what is under way')
      await closeAll()
      // What was just being started when the signal came.
      await Promise.race([begun, sleep(CHILD_PATIENCE, undefined, { ref: false })])
      await closeAll()
      rmSync(pidFile, { force: true })
      lock.release()
      say('ended')
      process.exit(code)
    })()
  }
  process.on('SIGTERM', () => end(0))
  process.on('SIGINT', () => end(0))
  // Started with a channel, we belong to somebody, and end with them.
  if (process.channel) process.on('disconnect', () => end(0))
  // Whoever reads our lines may go away before us.
  process.stdout.on('error', () => {})

  begun = begin(settings, log, closers, () => ending !== undefined).catch(error => {
    process.stderr.write(`${(error as Error).message.split('\n')[0]}\n`)
    log.debug({ event: 'up.start-failed', error })
    end(1)
  })
  await begun
}

async function begin(
  settings: Settings,
  log: Log,
  closers: (() => Promise<void>)[],
  ending: () => boolean,
): Promise<void> {
  const children: Child[] = []
  loadSecret(settings)
  if (!settings.DATABASE_URL || !settings.REDIS_URL) say('starting the databases')
  const root = join(import.meta.dirname, '../..')
  const cache = process.env.NODE_COMPILE_CACHE ?? compileCache(root, settings.RESTANTE_DATA)
  // While the databases start.
  const filled = fillCompileCache(cache, join(root, 'relay/main.ts'))
  const environmentOf = (urls: { databaseUrl: string; redisUrl: string }): NodeJS.ProcessEnv => ({
    ...process.env,
    DATABASE_URL: urls.databaseUrl,
    REDIS_URL: urls.redisUrl,
    NODE_COMPILE_CACHE: cache,
  })
  const services = await keepServices(settings, say, log, urls => {
    for (const child of children) {
      child.setEnvironment(environmentOf(urls))
      child.restart()
    }
  })
  closers.push(() => services.close())
  if (ending()) return

  const db = connect(services.databaseUrl, { max: 1, name: 'restante-up' })
  try {
    const count = await migrate(db)
    if (count > 0) say(`brought the database schema up to date (${count} migration${count > 1 ? 's' : ''})`)
  } finally {
    await db.destroy()
  }
  if (ending()) return

  await filled
  if (ending()) return
  say('starting relay, worker and webmail')
  for (const name of PARTS) {
    children.push(new Child({ name, environment: environmentOf(services), say, log }))
  }
  closers.push(async () => {
    await Promise.all(children.map(child => child.end(CHILD_PATIENCE)))
  })
  for (const child of children) child.start()

  const missing = await waitReady(healthUrls(settings), READY_LIMIT, ending)
  if (ending()) return
  if (missing.length > 0) {
    for (const { name, reason } of missing) say(`${name} does not serve yet: ${reason}`)
    await waitReady(healthUrls(settings), Number.POSITIVE_INFINITY, ending)
    if (ending()) return
  }
  say(
    `ready: webmail ${settings.PUBLIC_URL}, SMTP on port ${settings.RELAY_PORT}, data in ${settings.RESTANTE_DATA}`,
  )
}

function readPid(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return 'unknown'
  }
}

await main()
