/**
 * The database as text, a row a block, and back. PostgreSQL's own text of a row is exact for every type; the
 * columns are named beside it, so that a table whose columns stand in another order takes it as well.
 *
 * `dump` reads one moment of the whole database, while it is written to. `load` fills tables that are there and
 * empty, in one transaction: keys between tables are taken off meanwhile and proved when they are put back.
 */
import type { Db } from '@restante/core/db/connection.ts'
import type { Tables } from '@restante/core/db/schema.ts'
import { sql, type Transaction } from 'kysely'
import type { Part, ReadPart, WritePart } from './archive.ts'

type Tx = Transaction<Tables>

/** Rows fetched, or put in, at once; and bytes after which fewer are. */
const ROWS = 2_000
const BYTES = 4 * 1024 * 1024

/** Runs `work` on one moment of the database. */
export function atOneMoment<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work)
}

/** The numbers of the migrations that the database has. */
export async function migrationsOf(db: Db | Tx): Promise<number[]> {
  const { rows } = await sql<{ number: number }>`select number from schema_migration order by number`.execute(
    db,
  )
  return rows.map(row => row.number)
}

async function tableNames(db: Db | Tx): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select tablename as name from pg_tables
    where schemaname = 'public' and tablename <> 'schema_migration' order by 1`.execute(db)
  return rows.map(row => row.name)
}

export async function isEmpty(db: Db): Promise<boolean> {
  const { rows } = await sql`select 1 from pg_tables where schemaname = 'public' limit 1`.execute(db)
  return rows.length === 0
}

/** Writes every table and sequence. @returns rows written */
export async function dump(tx: Tx, write: WritePart): Promise<{ tables: number; rows: number }> {
  const names = await tableNames(tx)
  let count = 0
  for (const name of names) {
    const { rows: columns } = await sql<{ name: string }>`select attname as name from pg_attribute
      where attrelid = ${`public.${name}`}::regclass and attnum > 0 and not attisdropped and attgenerated = ''
      order by attnum`.execute(tx)
    const part: Part = { type: 'table', name, columns: columns.map(column => column.name) }
    await write(part, async block => {
      const list = sql.join(columns.map(column => sql.ref(column.name)))
      await sql`declare rows no scroll cursor for
        select row(${list})::text as line from ${sql.table(name)}`.execute(tx)
      for (;;) {
        const { rows } = await sql<{ line: string }>`fetch ${sql.lit(ROWS)} from rows`.execute(tx)
        for (const { line } of rows) await block(Buffer.from(line, 'utf8'))
        count += rows.length
        if (rows.length < ROWS) break
      }
      await sql`close rows`.execute(tx)
    })
  }
  const { rows: sequences } = await sql<{ name: string; last: string | null }>`
    select sequencename as name, last_value::text as last from pg_sequences where schemaname = 'public'`.execute(
    tx,
  )
  await write({ type: 'sequences', sequences }, async () => {})
  return { tables: names.length, rows: count }
}

/** Empties every table and takes off what would stand in the way of rows that come in any order. */
export async function prepare(tx: Tx): Promise<() => Promise<void>> {
  const names = await tableNames(tx)
  const { rows: keys } = await sql<{ place: string; name: string; text: string }>`
    select conrelid::regclass::text as place, conname as name, pg_get_constraintdef(oid) as text
    from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace`.execute(tx)
  for (const { place, name } of keys) {
    await sql`alter table ${sql.raw(place)} drop constraint ${sql.ref(name)}`.execute(tx)
  }
  for (const name of names) await sql`alter table ${sql.table(name)} disable trigger user`.execute(tx)
  if (names.length > 0) await sql`truncate ${sql.join(names.map(name => sql.table(name)))}`.execute(tx)
  return async () => {
    for (const name of names) await sql`alter table ${sql.table(name)} enable trigger user`.execute(tx)
    for (const { place, name, text } of keys) {
      await sql`alter table ${sql.raw(place)} add constraint ${sql.ref(name)} ${sql.raw(text)}`.execute(tx)
    }
  }
}

/** Takes one part of type `table` or `sequences`. @returns rows put in */
export async function load(tx: Tx, { part, blocks }: ReadPart): Promise<number> {
  if (part.type === 'sequences') {
    for (const { name, last } of part.sequences as { name: string; last: string | null }[]) {
      if (last !== null) await sql`select setval(${`public.${name}`}::regclass, ${last}::bigint)`.execute(tx)
    }
    return 0
  }
  const table = sql.table(part.name as string)
  const columns = sql.join((part.columns as string[]).map(name => sql.ref(name)))
  await sql`create temporary table restored_row on commit drop as
    select ${columns} from ${table} with no data`.execute(tx)
  let count = 0
  let lines: string[] = []
  let size = 0
  const flush = async () => {
    // The fence (offset 0) has each row read once, not once for each of its columns.
    await sql`insert into ${table} (${columns}) overriding system value
      select (read.line).* from unnest(${lines}::text[]) as given (line),
      lateral (select given.line::pg_temp.restored_row as line offset 0) as read`.execute(tx)
    count += lines.length
    lines = []
    size = 0
  }
  for await (const bytes of blocks) {
    lines.push(bytes.toString('utf8'))
    size += bytes.length
    if (lines.length >= ROWS || size >= BYTES) await flush()
  }
  if (lines.length > 0) await flush()
  await sql`drop table restored_row`.execute(tx)
  return count
}
