/**
 * How Node is started for the gateway's processes: small, and quick to start.
 *
 * The young generation at 4 or 8 MiB a half instead of 16: the processor's cache holds it, and less is left behind
 * after a load. V8's collector without helper threads: where all processors have work they wait for each other,
 * which was about a sixth of what relay and worker used. In the relay that holds for the young generation alone:
 * without any helpers it weighed 17 MiB more, and 80 more with large messages on their way. The compile cache keeps the types stripped and the code
 * compiled from one start to the next: half the time, 25 MB less, for then the stripper is not loaded at all. Its
 * entries are found by the source's content, so a stale one is never used.
 */
import { spawn } from 'node:child_process'
import { accessSync, constants, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Arguments for Node, of the parts that are started with some. */
export const NODE_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  relay: ['--max-semi-space-size=4', '--no-parallel-scavenge'],
  worker: ['--max-semi-space-size=8', '--single-threaded-gc'],
}

/**
 * The folder for NODE_COMPILE_CACHE: beside the packages, where all gateways of this installation share it,
 * or else the data folder's own. Never a folder that others may write to: what lies there is run.
 *
 * @param root of the installation, with its node_modules
 */
export function compileCache(root: string, data: string): string {
  const shared = join(root, 'node_modules/.cache/restante')
  try {
    mkdirSync(shared, { recursive: true, mode: 0o700 })
    accessSync(shared, constants.W_OK)
    return shared
  } catch {
    return join(data, 'run/compile-cache')
  }
}

/**
 * Fills an empty compile cache, so that the first start of all is as small as the later ones: `main` is
 * started with a setting that it refuses, by which time it has loaded all its modules. Never rejects: it is a
 * matter of memory, and only once.
 */
export function fillCompileCache(folder: string, main: string): Promise<void> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (readdirSync(folder).length > 0) return Promise.resolve()
  } catch {
    return Promise.resolve()
  }
  return new Promise(resolve => {
    const child = spawn(process.execPath, [main], {
      stdio: 'ignore',
      timeout: 20_000,
      env: { ...process.env, RELAY_PORT: 'refused', NODE_COMPILE_CACHE: folder },
    })
    child.once('error', () => resolve())
    child.once('close', () => resolve())
  })
}
