/**
 * Brings the schema up to date. Migrations are numbered, run in order, each in a transaction with its record;
 * an advisory lock keeps two processes that start together apart. A crash leaves whole migrations only.
 */
import { sql } from 'kysely'
import type { Db } from './connection.ts'
import { sql as first } from './migrations/0001-first.ts'
import { sql as scan } from './migrations/0002-scan.ts'
import { sql as ldap } from './migrations/0003-ldap.ts'
import { sql as lighterWrites } from './migrations/0004-lighter-writes.ts'
import { sql as restore } from './migrations/0005-restore.ts'
import { sql as periods } from './migrations/0006-periods.ts'
import { sql as watched } from './migrations/0008-watched.ts'
import { sql as outgoing } from './migrations/0009-outgoing.ts'
import { sql as telling } from './migrations/0010-telling.ts'
import { sql as leases } from './migrations/0011-leases.ts'
import { sql as folders } from './migrations/0013-folders.ts'
import { sql as waysOut } from './migrations/0014-ways-out.ts'
import { sql as signIn } from './migrations/0015-sign-in.ts'
import { sql as reading } from './migrations/0016-reading.ts'
import { sql as clientSettings } from './migrations/0018-client-settings.ts'
import { sql as sendLater } from './migrations/0019-send-later.ts'
import { sql as signatures } from './migrations/0020-signatures.ts'

const migrations: readonly { number: number; name: string; sql: string }[] = [
  { number: 1, name: 'first', sql: first },
  { number: 2, name: 'scan', sql: scan },
  { number: 3, name: 'ldap', sql: ldap },
  { number: 4, name: 'lighter-writes', sql: lighterWrites },
  { number: 5, name: 'restore', sql: restore },
  { number: 6, name: 'periods', sql: periods },
  { number: 8, name: 'watched', sql: watched },
  { number: 9, name: 'outgoing', sql: outgoing },
  { number: 10, name: 'telling', sql: telling },
  { number: 11, name: 'leases', sql: leases },
  { number: 13, name: 'folders', sql: folders },
  { number: 14, name: 'ways-out', sql: waysOut },
  { number: 15, name: 'sign-in', sql: signIn },
  { number: 16, name: 'reading', sql: reading },
  { number: 18, name: 'client-settings', sql: clientSettings },
  { number: 19, name: 'send-later', sql: sendLater },
  { number: 20, name: 'signatures', sql: signatures },
]

/** Any number that nothing else in the database uses. */
const LOCK = 7_346_210_01

/** The numbers of the migrations of this version. */
export const knownMigrations = (): number[] => migrations.map(migration => migration.number)

/**
 * @param only these alone: a schema as an older version had it, for its backup
 * @returns how many migrations were applied
 */
export async function migrate(db: Db, only?: ReadonlySet<number>): Promise<number> {
  return await db.connection().execute(async connection => {
    await sql`select pg_advisory_lock(${sql.lit(LOCK)})`.execute(connection)
    try {
      await sql`create table if not exists schema_migration (
        number int primary key, name text not null, applied_at timestamptz not null default now())`.execute(
        connection,
      )
      const done = await sql<{ number: number }>`select number from schema_migration`.execute(connection)
      const applied = new Set(done.rows.map(row => row.number))
      const newest = Math.max(0, ...applied)
      const known = Math.max(...migrations.map(migration => migration.number))
      if (newest > known) {
        throw new Error(`the database is at schema ${newest}, this version knows ${known}: upgrade`)
      }
      let count = 0
      for (const migration of migrations) {
        if (applied.has(migration.number) || only?.has(migration.number) === false) continue
        await connection.transaction().execute(async transaction => {
          await sql.raw(migration.sql).execute(transaction)
          await sql`insert into schema_migration (number, name) values (${migration.number}, ${migration.name})`.execute(
            transaction,
          )
        })
        count++
      }
      return count
    } finally {
      await sql`select pg_advisory_unlock(${sql.lit(LOCK)})`.execute(connection)
    }
  })
}

/** How many migrations this version knows and the database does not have yet. Changes nothing. */
export async function pendingMigrations(db: Db): Promise<number> {
  const known = await sql<{ there: boolean }>`
    select to_regclass('schema_migration') is not null as there`.execute(db)
  if (!known.rows[0]?.there) return migrations.length
  const done = await sql<{ number: number }>`select number from schema_migration`.execute(db)
  const applied = new Set(done.rows.map(row => row.number))
  return migrations.filter(migration => !applied.has(migration.number)).length
}
