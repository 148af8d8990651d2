/** infra/setup.mjs on a clone as it came, with an npm that only writes down that it was called. */
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let clone = ''
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'restante-clone-'))
  mkdirSync(join(clone, 'infra/setup'), { recursive: true })
  copyFileSync(join(import.meta.dirname, '../setup.mjs'), join(clone, 'infra/setup.mjs'))
  writeFileSync(
    join(clone, 'infra/setup/main.ts'),
    'console.log("went on with", process.argv.slice(2).join(" "))',
  )
  lock('1.0.0')
  // Installs what the lock file says, and the pinned Node.
  writeFileSync(
    join(clone, 'npm.js'),
    `const { cpSync, mkdirSync, symlinkSync } = require('node:fs')
     console.log('npm', process.argv.slice(2).join(' '))
     mkdirSync('node_modules/.bin', { recursive: true })
     cpSync('package-lock.json', 'node_modules/.package-lock.json')
     try { symlinkSync(process.execPath, 'node_modules/.bin/node') } catch {}`,
  )
})
afterEach(() => rmSync(clone, { recursive: true, force: true }))

function lock(version: string): void {
  const packages = {
    '': {},
    'node_modules/thing': { version },
    'node_modules/for-another-platform': { version: '2.0.0', optional: true },
    'node_modules/@restante/core': { link: true, resolved: 'core' },
  }
  writeFileSync(join(clone, 'package-lock.json'), JSON.stringify({ packages }))
}

function setup(...words: string[]): Promise<string> {
  const env = { ...process.env, npm_execpath: join(clone, 'npm.js') }
  return new Promise(resolve => {
    execFile(process.execPath, [join(clone, 'infra/setup.mjs'), ...words], { env }, (_, stdout) =>
      resolve(stdout),
    )
  })
}

const npmCi = 'npm ci --ignore-scripts --no-audit --no-fund --loglevel=error'

test('packages are installed once, and again when the lock file changed', async () => {
  const first = await setup('start')
  expect(first).toContain('packages are not installed')
  expect(first).toContain(npmCi)
  expect(first).toMatch(/went on with start\n$/)
  expect(await setup('test', 'core/spool')).toBe('went on with test core/spool\n')
  lock('1.0.1')
  expect(await setup('start')).toContain('thing has changed')
})

test('a package for another platform is not missed', async () => {
  await setup('start')
  const packages = { 'node_modules/thing': { version: '1.0.0' } }
  writeFileSync(join(clone, 'node_modules/.package-lock.json'), JSON.stringify({ packages }))
  expect(await setup('start')).toBe('went on with start\n')
})

test('an installation that was interrupted is made again', async () => {
  mkdirSync(join(clone, 'node_modules/.bin'), { recursive: true })
  symlinkSync(process.execPath, join(clone, 'node_modules/.bin/node'))
  expect(await setup('start')).toContain(npmCi)
})
