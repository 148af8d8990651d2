/** Real processes on a real disk, killed with -9 in the middle of appending. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { silentLog } from '../observe/log.ts'
import { openSpool } from './open.ts'
import { content, inventory, readWhole, seeded } from './testing/messages.ts'

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 12)
const folder = mkdtempSync(join(tmpdir(), 'restante-crash-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test(`everything acknowledged is there after ${ROUNDS} times kill -9`, {
  timeout: ROUNDS * 10_000,
}, async () => {
  const secretKey = randomBytes(32)
  const acknowledged = new Map<string, { seed: number; length: number }>()
  const random = seeded(Date.now())
  for (let round = 0; round < ROUNDS; round += 1) {
    const script = join(import.meta.dirname, 'testing/append-forever.ts')
    const child = spawn(process.execPath, [script, folder, secretKey.toString('hex'), String(round)])
    let output = ''
    let errors = ''
    let first = () => {}
    const began = new Promise<void>(resolve => {
      first = resolve
    })
    child.stdout.on('data', text => {
      output += text
      first()
    })
    child.stderr.on('data', text => {
      errors += text
    })
    const ended = new Promise(resolve => child.once('close', resolve))
    await Promise.race([began, ended])
    await new Promise(resolve => setTimeout(resolve, random() * 150))
    child.kill('SIGKILL')
    await ended
    expect(errors).toBe('')
    // A last line that was cut was acknowledged as well, but we don't know which.
    for (const line of output.split('\n').slice(0, -1)) {
      const [id, seed, length] = line.split(' ') as [string, string, string]
      acknowledged.set(id, { seed: Number(seed), length: Number(length) })
    }
  }
  expect(acknowledged.size).toBeGreaterThan(ROUNDS * 8)
  const log = silentLog
  const spool = await openSpool({ url: `file:${folder}`, secretKey, encrypt: true, writer: 'worker', log })
  const found = await inventory(spool)
  expect(found.damage).toEqual([])
  expect((await spool.segments()).filter(({ closed }) => !closed)).toEqual([])
  expect([...acknowledged.keys()].filter(id => !found.places.has(id))).toEqual([])
  for (const [id, { seed, length }] of acknowledged) {
    const bytes = await readWhole(spool, found.places.get(id)!)
    expect(bytes.equals(content(length, seed))).toBe(true)
  }
  await spool.close()
})
