/**
 * The way to PostgreSQL: a bounded pool behind Kysely.
 *
 * A lost server is an ordinary event here: idle connections that break are dropped and logged by the caller's
 * `onError`, queries reject, and nothing else happens. Whoever must survive it (relay, ingest) catches and
 * tries again.
 */
import { Kysely, PostgresDialect, type Transaction } from 'kysely'
import pg from 'pg'
import type { Tables } from './schema.ts'

export type Db = Kysely<Tables>
/** A connection or a transaction: functions that write take this, so that they compose. */
export type Executor = Db | Transaction<Tables>

// int8 as number: modseqs, offsets and counts stay far below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

export type ConnectOptions = {
  /** Connections at most. */
  max?: number
  /** Shown in pg_stat_activity. */
  name?: string
  onError?: (error: Error) => void
}

/** Opens a pool. Nothing is dialed until the first query. */
export function connect(url: string, options: ConnectOptions = {}): Db {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 10,
    application_name: options.name ?? 'restante',
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 60_000,
    keepAlive: true,
  })
  pool.on('error', error => options.onError?.(error))
  // The pool listens to idle connections only. One that is lost between two queries of a transaction would
  // end the process with an unhandled 'error'; its next query rejects anyway.
  pool.on('connect', client => client.on('error', error => options.onError?.(error)))
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
}
