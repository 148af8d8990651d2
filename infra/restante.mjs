#!/usr/bin/env node
/**
 * The `restante` command as npm installs it: any Node that can run this hands over to the pinned one, which
 * runs the TypeScript as it is.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const main = join(root, 'infra/cli/main.ts')
const pinned = join(root, 'node_modules/.bin/node')

if (process.versions.node.split('.')[0] === '24') {
  // Already the right one: no second process.
  await import(main)
} else if (existsSync(pinned)) {
  const child = spawn(pinned, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 1 : (code ?? 1)
  })
} else {
  process.stderr.write('restante is not set up yet: run npm ci in its folder\n')
  process.exitCode = 1
}
