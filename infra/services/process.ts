/**
 * What can be known of a process that we may not have started: does it live, is it ours, has it ended.
 *
 * A server of ours can outlive us (kill -9) and be met again at the next start, so servers are handled by
 * process id, never by a ChildProcess alone.
 */
import { readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Alive, and not merely waiting to be reaped: a container's first process often reaps nobody. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  try {
    // proc(5): the state follows the name, which stands in brackets and may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z'
  } catch (error) {
    // No /proc at all (macOS) proves nothing; a vanished entry proves the end.
    return process.platform !== 'linux' || (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

/**
 * Whether a process works in `folder`: how a database server is known, since it enters its data folder.
 * A process id alone tells little: after a reboot it may be anybody's.
 *
 * @returns undefined where that can't be known (macOS, a process of another user)
 */
export function worksIn(pid: number, folder: string): boolean | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder)
  } catch {
    return undefined
  }
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** @returns whether the process was gone within `limit` ms */
export async function gone(pid: number, limit: number): Promise<boolean> {
  const deadline = Date.now() + limit
  while (alive(pid)) {
    if (Date.now() > deadline) return false
    await sleep(25)
  }
  return true
}

/** Ends a process: `polite` first, SIGKILL after `patience` ms. Resolves when it is gone. */
export async function end(pid: number, polite: NodeJS.Signals, patience: number): Promise<void> {
  signal(pid, polite)
  if (await gone(pid, patience)) return
  signal(pid, 'SIGKILL')
  await gone(pid, 5_000)
}
