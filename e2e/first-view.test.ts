/**
 * The first view works over a slow line: its script is under 200 kB compressed, by the manifests of Next's build. What a
 * build's first view need not have is loaded later (webmail/mail/desk.tsx).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const BUILD = join(import.meta.dirname, '../webmail/.next')
const PAGE = '/(mail)/page'
const LIMIT = 200_000

type Manifest = { entryJSFiles: Record<string, string[]> }

/** What a browser loads for the page: what every page needs, the layout's, its own, and those that stand by for errors. */
function scriptsOf(page: string): string[] {
  const { rootMainFiles } = JSON.parse(readFileSync(join(BUILD, 'build-manifest.json'), 'utf8')) as {
    rootMainFiles: string[]
  }
  // A script that sets a global.
  const made: { globalThis?: { __RSC_MANIFEST?: Record<string, Manifest> } } = {}
  made.globalThis = made as NonNullable<typeof made.globalThis>
  runInNewContext(readFileSync(join(BUILD, `server/app${page}_client-reference-manifest.js`), 'utf8'), made)
  const entries = made.globalThis.__RSC_MANIFEST?.[page]?.entryJSFiles ?? {}
  return [...new Set([...rootMainFiles, ...Object.values(entries).flat()])]
}

test('the script of the first view is under 200 kB compressed', () => {
  const scripts = scriptsOf(PAGE)
  const own = scripts.length
  // React, Next, the layout and the page are some files at least: else the manifests say something else by now.
  expect(own).toBeGreaterThan(8)
  const sizes = scripts.map(file => gzipSync(readFileSync(join(BUILD, file)), { level: 9 }).length)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  console.log(`first view: ${(total / 1000).toFixed(1)} kB in ${own} files`)
  expect(total).toBeGreaterThan(100_000)
  expect(total).toBeLessThan(LIMIT)
})
