/** What redis.ts and postgres.ts give back: a server of ours that answers. */
import { mkdirSync, openSync, statSync, truncateSync } from 'node:fs'
import { dirname } from 'node:path'
import { alive } from './process.ts'

export type RunningServer = {
  /** With user and password. */
  url: string
  port: number
  pid: number
  /** It ran already, left over from a gateway that was killed. */
  adopted: boolean
  /** Resolves when the process has ended, whoever ended it. */
  ended: Promise<void>
  /** Ends it in its own polite way, by force after `patience` ms (8 s unless told). */
  close(patience?: number): Promise<void>
}

export type ServerOptions = {
  /** The gateway's data folder. */
  data: string
  /** Tells people what is being done. */
  say: (line: string) => void
  /** false gives up durability for speed: for tests only. */
  durable?: boolean
}

/** Resolves when a process that may not be our child has ended. */
export function watchEnd(pid: number): Promise<void> {
  return new Promise(resolve => {
    const timer = setInterval(() => {
      if (alive(pid)) return
      clearInterval(timer)
      resolve()
    }, 500)
    timer.unref()
  })
}

/** Longest log of a server, in bytes, before it begins anew at the next start. */
const LOG_LIMIT = 10 * 1024 * 1024

/** Opens a server's log for appending. */
export function openServerLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true })
  try {
    if (statSync(file).size > LOG_LIMIT) truncateSync(file)
  } catch {
    // The first start.
  }
  return openSync(file, 'a', 0o600)
}
