/**
 * The life of one process: start, serve, drain at SIGTERM or SIGINT, exit 0 within ten seconds.
 *
 * An exception that nobody caught ends the process with 1 after one log line: the supervisor starts it anew,
 * and nothing that was promised depends on a process living on.
 */
import { loadSettings, type Settings, SettingsError } from '../config/settings.ts'
import { createLog, type Log } from './log.ts'

export type Part = { close(): Promise<void> }

/** Longest drain, in ms. Below the supervisor's own limit for its children, which leaves the databases time. */
const DRAIN_LIMIT = 7_000

export async function runProcess(
  name: string,
  start: (settings: Settings, log: Log) => Promise<Part>,
): Promise<void> {
  let settings: Settings
  try {
    settings = loadSettings()
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(2)
  }
  const log = createLog(name, settings.LOG_LEVEL)
  const die = (event: string) => (error: unknown) => {
    log.error({ event, error })
    process.exit(1)
  }
  process.on('uncaughtException', die('process.uncaught'))
  process.on('unhandledRejection', die('process.unhandled'))

  let part: Part | undefined
  let ending = false
  const end = (signal: string) => {
    if (ending) return
    ending = true
    log.info({ event: 'process.draining', signal })
    setTimeout(() => {
      log.warn({ event: 'process.drain-timeout' })
      process.exit(0)
    }, DRAIN_LIMIT).unref()
    void (part?.close() ?? Promise.resolve())
      .catch(error => log.error({ event: 'process.close-failed', error }))
      .then(() => process.exit(0))
  }
  process.on('SIGTERM', () => end('SIGTERM'))
  process.on('SIGINT', () => end('SIGINT'))
  // The supervisor's channel breaks when it is killed: nobody would restart or end us any more.
  if (process.channel) process.on('disconnect', () => end('disconnect'))
  try {
    part = await start(settings, log)
    if (ending) await part.close()
    else log.info({ event: 'process.ready' })
  } catch (error) {
    die('process.start-failed')(error)
  }
}
