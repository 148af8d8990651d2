/**
 * A lock on a data folder that the operating system lifts when its holder dies, however it dies.
 *
 * Node has no flock(2), but SQLite comes with it and locks its file by fcntl(2): an open exclusive
 * transaction on an empty database is a lock. A file with a process id in it was considered and left: after
 * a kill -9 and a reboot the number may belong to somebody else, and two starters can both find it stale.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'

export type Lock = { release(): void }

/** Takes the lock, or returns undefined when another process has it. */
export function tryLock(file: string): Lock | undefined {
  mkdirSync(dirname(file), { recursive: true })
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    // MEMORY: the lock must leave no journal behind that the next holder would have to roll back.
    database.exec('pragma journal_mode = memory; begin exclusive')
  } catch (error) {
    database.close()
    const message = error instanceof Error ? error.message : ''
    if (/locked|busy/i.test(message)) return undefined
    throw error
  }
  return { release: () => database.close() }
}

/** Waits for the lock; undefined when it was not to be had within `limit` ms. */
export async function waitLock(file: string, limit: number): Promise<Lock | undefined> {
  const deadline = Date.now() + limit
  for (;;) {
    const lock = tryLock(file)
    if (lock || Date.now() > deadline) return lock
    await sleep(50)
  }
}
