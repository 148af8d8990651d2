/**
 * One file that holds an installation: the database, the spool, the secret and the settings. Made while the
 * gateway runs and takes mail; what is answered with 250 before it begins is in it.
 */
import type { Settings } from '@restante/core/config/settings.ts'
import type { Db } from '@restante/core/db/connection.ts'
import { type Key, writeArchive } from './archive.ts'
import { type Copied, copyContents, openStore } from './contents.ts'
import { atOneMoment, dump, migrationsOf } from './tables.ts'

export type BackupInput = {
  db: Db
  settings: Pick<Settings, 'SPOOL_URL'>
  secret: string
  /** Of Restante. */
  version: string
  /** Lines of an .env: what is set here. */
  environment: string
  now: Date
}

export type BackedUp = Copied & { file: string; size: number; tables: number; rows: number }

/** @throws Error in one line when compaction does not make way, or the file can't be written */
export async function backUp(file: string, key: Key, input: BackupInput): Promise<BackedUp> {
  const store = await openStore(input.settings.SPOOL_URL, 'backup')
  try {
    const only = await store.exclusive('compaction')
    if (!only) throw new Error('the spool is being compacted: try again in some minutes')
    try {
      let found: Omit<BackedUp, 'file' | 'size'> | undefined
      const size = await writeArchive(file, key, input.now, async write => {
        found = await atOneMoment(input.db, async tx => {
          await write(
            { type: 'installation', version: input.version, migrations: await migrationsOf(tx) },
            async () => {},
          )
          await write({ type: 'secret' }, block => block(Buffer.from(input.secret)))
          await write({ type: 'environment' }, block => block(Buffer.from(input.environment)))
          const database = await dump(tx, write)
          return { ...database, ...(await copyContents(store, write)) }
        })
        await write({ type: 'end' }, async () => {})
      })
      if (!found) throw new Error('nothing was written')
      return { file, size, ...found }
    } finally {
      await only.release()
    }
  } finally {
    await store.close()
  }
}
