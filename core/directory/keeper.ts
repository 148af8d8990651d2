/**
 * Keeps a process's directory fresh: read at the start, again at each hint (NOTIFY directory) and every 30 s,
 * written to disk when it changed. While PostgreSQL is away the last one stays in use, from memory or, at a
 * start, from disk.
 *
 * Until the first one is there `ready` is false; whoever answers strangers must then say "later", never "no".
 */
import { connect, type Db } from '../db/connection.ts'
import { type Listener, listen } from '../db/notify.ts'
import type { Log } from '../observe/log.ts'
import {
  Directory,
  emptySnapshot,
  loadSnapshot,
  readDirectory,
  type SnapshotData,
  saveSnapshot,
} from './snapshot.ts'

export type DirectoryKeeper = {
  /** The directory as last read. Take it anew for each decision. */
  readonly current: Directory
  /** Whether there is one at all, from the database or from disk. */
  readonly ready: boolean
  /** Milliseconds since the database last confirmed it. */
  readonly age: number
  /** Reads it now; false when the database is away. */
  refresh(): Promise<boolean>
  close(): Promise<void>
}

export type KeeperOptions = {
  /** Opened from databaseUrl, and closed again, when absent. */
  db?: Db
  databaseUrl: string
  /** `<data>/snapshot/directory.json`. Without it nothing is kept on disk. */
  file?: string
  /** Opens the backends' URLs, for who asks them for recipients. Whoever writes the file must give it. */
  sealKey?: Buffer
  log: Log
  /** Milliseconds between reads without a hint. */
  interval?: number
  now?: () => number
}

const INTERVAL = 30_000
/** After a failure, sooner than that. */
const RETRY = 1_000
/** The first reads too: a change made before LISTEN took effect sent its hint to nobody. */
const EARLY_READS = 3

/** Resolves when there is a directory, or when neither database nor disk has one (`ready` is false then). */
export async function keepDirectory(options: KeeperOptions): Promise<DirectoryKeeper> {
  const { log, file, interval = INTERVAL, now = Date.now } = options
  const db = options.db ?? connect(options.databaseUrl, { max: 1, name: 'restante-directory' })
  let current = new Directory(emptySnapshot)
  let ready = false
  let content = ''
  let confirmedAt = 0
  let away = false
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<boolean> | undefined
  let next: Promise<boolean> | undefined
  let reads = 0

  const contentOf = (data: SnapshotData) =>
    JSON.stringify([data.domains, data.addresses, data.lists, data.forwards])

  async function read(): Promise<boolean> {
    try {
      const startedAt = now()
      const data = await readDirectory(db, options.sealKey)
      confirmedAt = startedAt
      const next = contentOf(data)
      if (!ready || next !== content) {
        current = new Directory(data)
        content = next
        ready = true
        if (file)
          await saveSnapshot(file, data).catch(error => log.error({ event: 'directory.save-failed', error }))
      }
      if (away) log.info({ event: 'directory.back' })
      away = false
      return true
    } catch (error) {
      if (!away && !closed) log.warn({ event: 'directory.database-away', error, age: now() - confirmedAt })
      away = true
      return false
    }
  }

  function start(): Promise<boolean> {
    clearTimeout(timer)
    running = read().finally(() => {
      running = undefined
      if (closed) return
      timer = setTimeout(
        () => void refresh(),
        reads++ < EARLY_READS || away ? Math.min(RETRY, interval) : interval,
      )
      timer.unref()
    })
    return running
  }

  /** One read at a time; hints that come during one ask for one more after it, however many they are. */
  function refresh(): Promise<boolean> {
    if (!running) return start()
    next ??= running.then(() => {
      next = undefined
      return running ?? start()
    })
    return next
  }

  // Disk first: a database that hangs must not keep the relay from answering.
  const saved = file ? await loadSnapshot(file) : null
  if (saved) {
    current = new Directory(saved)
    content = contentOf(saved)
    confirmedAt = Date.parse(saved.readAt)
    ready = true
  }
  const first = refresh()
  if (!saved) await first
  else await Promise.race([first, new Promise(resolve => setTimeout(resolve, 2_000).unref())])
  const listener: Listener = listen(
    options.databaseUrl,
    ['directory'],
    () => void refresh(),
    () => void refresh(),
  )
  return {
    get current() {
      return current
    },
    get ready() {
      return ready
    },
    get age() {
      return now() - confirmedAt
    },
    refresh,
    async close() {
      closed = true
      clearTimeout(timer)
      await listener.close()
      await running?.catch(() => {})
      if (!options.db) await db.destroy()
    },
  }
}
