/** Spools as earlier releases wrote them (fixtures/, made by fixtures/make.ts) open, and can be worked with. */
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '../observe/log.ts'
import { compactSpool } from './compact.ts'
import { type Expected, FIXTURE_KEY as secretKey } from './fixtures/make.ts'
import { openSpool, openSpoolReader } from './open.ts'
import { memoryDatabase } from './testing/memory-database.ts'
import { envelope, inventory, readWhole, scanAll } from './testing/messages.ts'
import type { SpoolReader } from './types.ts'
import { verifySpool } from './verify.ts'

const fixtures = join(import.meta.dirname, 'fixtures')
const versions = readdirSync(fixtures).filter(name => /^v\d+$/.test(name))
const log = silentLog

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'restante-formats-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function contents(reader: SpoolReader): Promise<Expected['messages']> {
  const found: Expected['messages'] = []
  for (const item of await scanAll(reader)) {
    if (item.type !== 'message') continue
    const bytes = await readWhole(reader, item.location)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    found.push({ id: item.envelope.id, size: item.size, sha256, kind: item.envelope.kind })
  }
  return found.sort((a, b) => a.id.localeCompare(b.id))
}

test('there is one for each version of the format', () => {
  expect(versions).toContain('v1')
})

describe.each(versions)('a spool of format %s', version => {
  const expected = JSON.parse(readFileSync(join(fixtures, version, 'expected.json'), 'utf8')) as Expected
  const messages = expected.messages.sort((a, b) => a.id.localeCompare(b.id))
  const url = () => `file:${folder}`
  beforeEach(() => cpSync(join(fixtures, version, 'spool'), folder, { recursive: true }))

  test('is read, every byte of it', async () => {
    const reader = await openSpoolReader({ url: url(), secretKey, log })
    expect(await contents(reader)).toEqual(messages)
    expect((await inventory(reader)).notes).toEqual(expect.arrayContaining(expected.notes))
    expect((await verifySpool(reader)).damage).toEqual([])
  })

  test('is taken over from the writer that was killed, written to, and compacted', async () => {
    const spool = await openSpool({ url: url(), secretKey, encrypt: true, writer: 'relay', log })
    expect((await spool.segments()).filter(({ closed }) => !closed)).toEqual([])
    expect(await contents(spool)).toEqual(messages)
    await spool.append(envelope('new'), Buffer.from('hello'))
    await spool.close()
    const database = memoryDatabase()
    for (const [id, location] of (await inventory(spool)).places) database.know(id, location)
    database.remove('new')
    database.remove('plain')
    const { lookup, relocate, gone } = database
    const common = { url: url(), secretKey, encrypt: true, log, pause: 0 }
    const result = await compactSpool({ ...common, lookup, relocate, gone })
    expect(result.messages.dropped).toBe(2)
    const reader = await openSpoolReader({ url: url(), secretKey, log })
    expect(await contents(reader)).toEqual(messages.filter(({ id }) => id !== 'plain'))
    expect((await verifySpool(reader)).ok).toBe(true)
  })
})
