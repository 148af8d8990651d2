/**
 * How a server process is started so that it does not outlive us: on Linux the kernel sends it a signal
 * when we die (prctl PR_SET_PDEATHSIG, through setpriv). Elsewhere it lives on and the next start takes it
 * over.
 */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The first program of that name on PATH, or in the folders that a root's PATH has and a user's lacks. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin']
  return folders
    .filter(Boolean)
    .map(folder => join(folder, name))
    .find(file => existsSync(file))
}

/** The words to put before a command so that it gets `signal` (a name without SIG) when we die. */
export function withDeathSignal(signal: 'INT' | 'TERM' | 'KILL'): string[] {
  const setpriv = process.platform === 'linux' ? findProgram('setpriv') : undefined
  return setpriv ? [setpriv, '--pdeathsig', signal] : []
}
