/**
 * An installation from its backup, on a machine that has none.
 *
 * The file is read to its end before anything is written, so a damaged one, or a wrong key, changes nothing. The
 * schema is made as the backup's version had it, filled, and then brought up to date like any older one.
 */
import type { Settings } from '@restante/core/config/settings.ts'
import type { Db } from '@restante/core/db/connection.ts'
import { knownMigrations, migrate } from '@restante/core/db/migrate.ts'
import { BackupError, type Key, type Part, readArchive } from './archive.ts'
import { openStore, putContent } from './contents.ts'
import { isEmpty, load, prepare } from './tables.ts'

export type Inside = { version: string; migrations: number[]; secret: string; environment: string }

/** Reads the whole file. @throws BackupError when a byte is wrong, or it is of a newer version */
export async function examine(file: string, key: Key): Promise<Inside> {
  const inside: Inside = { version: '', migrations: [], secret: '', environment: '' }
  let last: Part | undefined
  for await (const { part, blocks } of readArchive(file, key)) {
    last = part
    if (part.type === 'installation') {
      inside.version = part.version as string
      inside.migrations = part.migrations as number[]
    } else if (part.type === 'secret' || part.type === 'environment') {
      const bytes: Buffer[] = []
      for await (const block of blocks) bytes.push(block)
      inside[part.type] = Buffer.concat(bytes).toString('utf8')
    }
  }
  if (last?.type !== 'end' || !inside.secret) throw new BackupError(`${file} is not whole`)
  const known = new Set(knownMigrations())
  if (inside.migrations.some(number => !known.has(number))) {
    throw new BackupError(`${file} was made by a newer version (${inside.version}): upgrade first`)
  }
  return inside
}

export type Restored = { rows: number; segments: number; large: number }

/**
 * Puts the content of an examined file into an empty database and an empty spool.
 *
 * @throws Error in one line when either is not empty; nothing was changed then
 */
export async function restoreInto(
  file: string,
  key: Key,
  inside: Inside,
  { db, settings }: { db: Db; settings: Pick<Settings, 'SPOOL_URL'> },
): Promise<Restored> {
  if (!(await isEmpty(db))) throw new Error('the database is not empty: restore into a new one')
  const store = await openStore(settings.SPOOL_URL, 'restore')
  try {
    if ((await store.list()).length > 0 || (await store.listLarge()).length > 0)
      throw new Error(`the spool ${settings.SPOOL_URL.replace(/:\/\/[^@/]*@/, '://')} is not empty`)
    await migrate(db, new Set(inside.migrations))
    const restored: Restored = { rows: 0, segments: 0, large: 0 }
    await db.transaction().execute(async tx => {
      const finish = await prepare(tx)
      for await (const read of readArchive(file, key)) {
        const { type } = read.part
        if (type === 'table' || type === 'sequences') restored.rows += await load(tx, read)
        else if (type === 'segment' || type === 'large') {
          await putContent(store, read)
          restored[type === 'segment' ? 'segments' : 'large']++
        }
      }
      await finish()
    })
    await migrate(db)
    return restored
  } finally {
    await store.close()
  }
}
