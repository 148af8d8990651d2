import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { lockFile } from './lock.ts'
import { until } from './testing/messages.ts'

const folder = mkdtempSync(join(tmpdir(), 'restante-lock-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a lock is held once, and free again when it is released', () => {
  const path = join(folder, 'a.lock')
  const lock = lockFile(path)
  expect(lock).toBeDefined()
  expect(lockFile(path)).toBeUndefined()
  lock!.release()
  const again = lockFile(path)
  expect(again).toBeDefined()
  again!.release()
})

test('a lock of another process is free at once when that process is killed, and not before', async () => {
  const path = join(folder, 'b.lock')
  const script = `
    const { lockFile } = await import(${JSON.stringify(join(import.meta.dirname, 'lock.ts'))})
    if (lockFile(${JSON.stringify(path)})) process.stdout.write('held')
    setInterval(() => {}, 1000)
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script])
  let said = ''
  child.stdout.on('data', text => {
    said += text
  })
  await until(() => said === 'held', 'the lock held by the child')
  expect(lockFile(path)).toBeUndefined()
  child.kill('SIGSTOP')
  expect(lockFile(path)).toBeUndefined()
  child.kill('SIGKILL')
  await until(() => {
    const lock = lockFile(path)
    lock?.release()
    return lock !== undefined
  }, 'the lock free')
})
