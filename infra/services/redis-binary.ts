/**
 * Finds a real Redis server: one on PATH, else Debian's package unpacked into the cache. No npm package
 * ships one that starts on Debian 12, and a reimplementation would not be what is run in production.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from './cache.ts'
import { hasApt, libraryPath, unpackDebian } from './debian.ts'
import { findProgram } from './guard.ts'

const run = promisify(execFile)

export type RedisBinary = { program: string; environment: Record<string, string> }

/** BullMQ needs commands of 6.2. Valkey counts on from Redis 7.2. */
const OLDEST = [6, 2] as const

/** What Debian's and Ubuntu's package needs, under all the names it has had. */
const LIBRARIES = [
  'redis-tools',
  'libjemalloc2',
  'liblzf1',
  'libatomic1',
  'libssl3',
  'libssl3t64',
  'liblua5.1-0',
]

/** @throws Error that says all that was tried and what to do */
export async function findRedis(say: (line: string) => void): Promise<RedisBinary> {
  const tried: string[] = []
  for (const name of ['redis-server', 'valkey-server']) {
    const program = findProgram(name)
    if (!program) continue
    const version = await versionOf({ program, environment: {} })
    if (version && (version[0] > OLDEST[0] || (version[0] === OLDEST[0] && version[1] >= OLDEST[1]))) {
      return { program, environment: {} }
    }
    tried.push(`${program} is ${version ? version.join('.') : 'no working server'}, 6.2 is needed`)
  }
  if (tried.length === 0) tried.push('no redis-server or valkey-server on PATH')
  if (hasApt()) {
    try {
      const folder = join(cacheFolder(), 'redis')
      await unpackDebian(['redis-server'], LIBRARIES, folder, say)
      const unpacked = {
        program: join(folder, 'usr/bin/redis-server'),
        environment: { LD_LIBRARY_PATH: libraryPath(folder) },
      }
      if (existsSync(unpacked.program) && (await versionOf(unpacked))) return unpacked
      tried.push(`the one unpacked in ${folder} does not start (remove that folder to fetch it again)`)
    } catch (error) {
      tried.push(`its Debian package could not be fetched (${(error as Error).message})`)
    }
  } else {
    tried.push('no apt-get to fetch its package with')
  }
  const install =
    process.platform === 'darwin' ? 'install it with: brew install redis' : 'install redis-server or valkey'
  throw new Error(`no Redis server: ${tried.join('; ')}. Either ${install}, or set REDIS_URL`)
}

async function versionOf(binary: RedisBinary): Promise<[number, number] | undefined> {
  try {
    const { stdout } = await run(binary.program, ['--version'], {
      env: { ...process.env, ...binary.environment },
    })
    const match = /\bv=(\d+)\.(\d+)/.exec(stdout)
    return match ? [Number(match[1]), Number(match[2])] : undefined
  } catch {
    return undefined
  }
}
