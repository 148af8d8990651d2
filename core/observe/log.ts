/**
 * The log: one JSON line an event on stderr, each with a stable `event` code and, where there is one, the
 * message's id. Never the content of a message, never a password.
 */
import { pino } from 'pino'

export type Log = {
  debug(fields: Fields): void
  info(fields: Fields): void
  warn(fields: Fields): void
  error(fields: Fields): void
}
export type Fields = { event: string; error?: unknown } & Record<string, unknown>

/** @param part the process's name: relay, worker, webmail, up */
export function createLog(part: string, level = 'info'): Log {
  const logger = pino(
    {
      level,
      base: { part },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: pino.stdSerializers.err },
      formatters: { level: label => ({ level: label }) },
    },
    pino.destination({ fd: 2, sync: true }),
  )
  return {
    debug: fields => logger.debug(fields),
    info: fields => logger.info(fields),
    warn: fields => logger.warn(fields),
    error: fields => logger.error(fields),
  }
}

/** A log that says nothing, for tests and for the command line. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
