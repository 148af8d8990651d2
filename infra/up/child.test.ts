/** A kept process, with real processes. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@restante/core/observe/log.ts'
import { afterAll, expect, test } from 'vitest'
import { alive, gone } from '../services/process.ts'
import { Child, pauseAfter } from './child.ts'

const folder = mkdtempSync(join(tmpdir(), 'restante-child-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const lifecycle = JSON.stringify(join(import.meta.dirname, '../../core/observe/lifecycle.ts'))
const service = join(folder, 'service.ts')
writeFileSync(
  service,
  `import { appendFileSync } from 'node:fs'
   import { runProcess } from ${lifecycle}
   await runProcess('service', async () => {
     appendFileSync(process.env.PID_FILE ?? '', process.pid + '\\n')
     const timer = setInterval(() => {}, 1000)
     return { async close() { clearInterval(timer) } }
   })`,
)

function pids(file: string): number[] {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').filter(Boolean).map(Number)
  } catch {
    return []
  }
}
const environment = (file: string) => ({ ...process.env, PID_FILE: file, LOG_LEVEL: 'silent' })

test('the pause between starts doubles up to ten seconds', () => {
  expect([1, 2, 3, 4, 5, 50].map(pauseAfter)).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
})

test('a process that is killed is started again, and ends when it is told to', async () => {
  const file = join(folder, 'killed')
  const said: string[] = []
  const child = new Child({
    name: 'service',
    environment: environment(file),
    say: line => said.push(line),
    log: silentLog,
    script: service,
  })
  child.start()
  await expect.poll(() => pids(file), { timeout: 10_000 }).toHaveLength(1)
  process.kill(pids(file)[0] ?? 0, 'SIGKILL')
  await expect.poll(() => pids(file), { timeout: 10_000 }).toHaveLength(2)
  expect(said).toEqual(['service ended unexpectedly (SIGKILL), starting it again in 1 s'])
  const second = pids(file)[1] ?? 0
  await child.end(5_000)
  expect(alive(second)).toBe(false)
})

test('a process whose supervisor is killed ends by itself', async () => {
  const file = join(folder, 'orphan')
  const parent = join(folder, 'parent.ts')
  writeFileSync(
    parent,
    `import { Child } from ${JSON.stringify(join(import.meta.dirname, 'child.ts'))}
     const log = { debug() {}, info() {}, warn() {}, error() {} }
     new Child({ name: 'service', environment: process.env, say() {}, log, script: ${JSON.stringify(service)} }).start()`,
  )
  const supervisor = spawn(process.execPath, [parent], { env: environment(file), stdio: 'inherit' })
  await expect.poll(() => pids(file), { timeout: 10_000 }).toHaveLength(1)
  supervisor.kill('SIGKILL')
  expect(await gone(pids(file)[0] ?? 0, 5_000)).toBe(true)
})
