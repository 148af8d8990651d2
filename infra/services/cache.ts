/**
 * Where things are kept that can always be made or fetched again: beside the packages when we may write
 * there, else in the home folder, else in the machine's temporary folder.
 */
import { accessSync, constants, mkdirSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** The cache folder, made when it is missing. */
export function cacheFolder(): string {
  const candidates = [
    join(root, 'node_modules/.cache/restante'),
    join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'restante'),
    join(tmpdir(), `restante-${userInfo().uid}`),
  ]
  for (const folder of candidates) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o755 })
      accessSync(folder, constants.W_OK | constants.X_OK)
      return folder
    } catch {
      // The next one, then.
    }
  }
  throw new Error(`no folder to keep downloads in: tried ${candidates.join(', ')}`)
}
