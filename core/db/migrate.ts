/**
 * Brings the schema up to date. Migrations are numbered, run in order, each in a transaction with its record;
 * an advisory lock keeps two processes that start together apart. A crash leaves whole migrations only.
 */
import { sql } from 'kysely'
import type { Db } from './connection.ts'
import { sql as first } from './migrations/0001-first.ts'

const migrations: readonly { number: number; name: string; sql: string }[] = [
  { number: 1, name: 'first', sql: first },
]

/** Any number that nothing else in the database uses. */
const LOCK = 7_346_210_01

/** @returns how many migrations were applied */
export async function migrate(db: Db): Promise<number> {
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
      if (newest > migrations.length) {
        throw new Error(
          `the database is at schema ${newest}, this version knows ${migrations.length}: upgrade`,
        )
      }
      let count = 0
      for (const migration of migrations) {
        if (applied.has(migration.number)) continue
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
