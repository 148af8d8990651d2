/**
 * As whom PostgreSQL runs: it refuses to be root.
 *
 * As an ordinary user it runs as that user. As root there are two ways, tried in this order:
 * 1. a user namespace in which our user is called nobody: no privilege at all, and the data stays root's;
 * 2. the user nobody with one capability, CAP_DAC_OVERRIDE: where namespaces are forbidden (containers), or
 *    where the data lies in somebody else's closed folder. Without the capability nobody could not enter
 *    /root or a home folder. Data that was somebody else's is handed over, and stays nobody's.
 */
import { execFile } from 'node:child_process'
import { chownSync, lchownSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from './guard.ts'

const run = promisify(execFile)

/** The uid and gid of nobody, by the custom of every Linux. */
const NOBODY = 65534

export type Launcher = {
  /** What stands before the command. */
  prefix: readonly string[]
  /** Whose the data folder must be; undefined: whoever we are. */
  owner: number | undefined
}

/**
 * Finds a way that works here, by trying it.
 *
 * @param program must be executable that way, with this environment
 * @param folder must be writable that way
 * @throws Error that says what was tried
 */
export async function findLauncher(
  program: string,
  environment: NodeJS.ProcessEnv,
  folder: string,
): Promise<Launcher> {
  if (process.getuid?.() !== 0) return { prefix: [], owner: undefined }
  const unshare = findProgram('unshare')
  const setpriv = findProgram('setpriv')
  const ways: Launcher[] = []
  if (unshare) {
    const prefix = [unshare, '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`]
    ways.push({ prefix, owner: 0 })
  }
  if (setpriv) {
    const capability = '-all,+dac_override'
    const who = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
    ways.push({
      prefix: [setpriv, ...who, `--inh-caps=${capability}`, `--ambient-caps=${capability}`],
      owner: NOBODY,
    })
  }
  const failures: string[] = []
  for (const way of ways) {
    try {
      const test = '[ -x "$1" ] && [ -w "$2" ] && exec "$1" --version'
      const [command = '', ...words] = [...way.prefix, '/bin/sh', '-c', test, 'sh', program, folder]
      await run(command, words, { cwd: '/', env: environment })
      return way
    } catch (error) {
      const words = (error as { stderr?: string }).stderr?.trim().split('\n')[0]
      failures.push(`${way.prefix[0]}: ${words || 'may not enter the data folder'}`)
    }
  }
  throw new Error(
    `PostgreSQL does not run as root, and no other way works here (${failures.join('; ') || 'no unshare, no setpriv'}). Run as an ordinary user, or set DATABASE_URL`,
  )
}

/** Hands a folder over to the launcher's user when it is somebody else's: root's data, or that of a user who ran it before. */
export function handOver(folder: string, launcher: Launcher): void {
  if (launcher.owner === undefined || statSync(folder).uid === launcher.owner) return
  const { owner } = launcher
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    lchownSync(join(entry.parentPath, entry.name), owner, owner)
  }
  // Last, so that a crash in the middle is met again.
  chownSync(folder, owner, owner)
}
