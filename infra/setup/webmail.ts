/**
 * The webmail's build, made when what it is made of has changed: the hash of its sources, core's and the
 * package list is kept beside it, written last, so that an interrupted build is made again.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { cacheFolder } from '../services/cache.ts'
import { waitLock } from '../services/lock.ts'
import { capture } from './command.ts'

const root = join(import.meta.dirname, '../..')
const stamp = join(root, 'webmail/.next/restante-sources')
/** Longest wait for a build that another command makes, in ms. */
const OTHER_BUILD_LIMIT = 600_000

const SKIPPED = /(^|\/)(node_modules|\.next|\.turbo|next-env\.d\.ts)(\/|$)|\.test\.tsx?$|\.tsbuildinfo$/

/** Hash over names and contents of all that goes into the build. */
export function sourceHash(folder = root): string {
  const hash = createHash('sha256')
  const visit = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const full = join(path, entry.name)
      const name = relative(folder, full)
      if (SKIPPED.test(name)) continue
      if (entry.isDirectory()) visit(full)
      else hash.update(`${name}\0`).update(readFileSync(full)).update('\0')
    }
  }
  visit(join(folder, 'webmail'))
  visit(join(folder, 'core'))
  hash.update(readFileSync(join(folder, 'package-lock.json')))
  return hash.digest('hex')
}

function isCurrent(hash: string): boolean {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hash
}

/** Builds the webmail when it is stale. Ends the process with what the build said when it fails. */
export async function buildWebmail(): Promise<void> {
  if (isCurrent(sourceHash())) return
  const lock = await waitLock(join(cacheFolder(), 'webmail-build.lock'), OTHER_BUILD_LIMIT)
  try {
    const hash = sourceHash()
    if (isCurrent(hash)) return
    console.log('building the webmail, this takes a minute')
    const next = createRequire(join(root, 'webmail/package.json')).resolve('next/dist/bin/next')
    const started = Date.now()
    const environment = { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' } as const
    const { code, output } = await capture(
      process.execPath,
      [next, 'build'],
      environment,
      join(root, 'webmail'),
    )
    if (code !== 0) {
      process.stderr.write(`${output}\nthe webmail can't be built: see above\n`)
      process.exit(1)
    }
    writeFileSync(stamp, hash)
    console.log(`built the webmail in ${Math.round((Date.now() - started) / 1000)} s`)
  } finally {
    lock?.release()
  }
}
