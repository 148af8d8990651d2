/**
 * A lock that tells whether a writer lives: held by a process, ended by the kernel when that process ends,
 * however it ends.
 *
 * Node has no flock, but its SQLite takes a real lock on a file (fcntl). A file with a process number in it
 * was left: numbers are used again, and two containers that share the folder don't see each other's.
 * A listening Unix socket was left: its path may have 107 bytes at most. The files stay empty.
 */
import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'

export type Lock = { release(): void }

/** SQLITE_BUSY: somebody else holds it. */
const BUSY = 5
/** The handles of held locks: one that was garbage collected would let its lock go. */
const held = new Set<DatabaseSync>()

/** Takes the lock on a file, which is made when missing; undefined when another process or handle has it. */
export function lockFile(path: string): Lock | undefined {
  // Not imported by name: bundlers that don't know this module would trip over it.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  const database = new DatabaseSync(path)
  try {
    database.exec('pragma journal_mode = memory; begin exclusive')
    // Between our opening the file and our locking it, somebody may have removed it as a stale one.
    statSync(path)
  } catch (error) {
    database.close()
    const { errcode, code } = error as { errcode?: number; code?: string }
    if (errcode === BUSY || code === 'ENOENT') return undefined
    throw error
  }
  held.add(database)
  return {
    release() {
      if (held.delete(database)) database.close()
    },
  }
}
