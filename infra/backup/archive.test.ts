import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BackupError, type Key, readArchive, readHeader, writeArchive } from './archive.ts'

const folder = mkdtempSync(join(tmpdir(), 'restante-archive-'))
const file = join(folder, 'a.backup')
const key: Key = { type: 'secret', text: 'a secret' }
/** Does not shrink, and takes several chunks. */
const big = Buffer.from(Array.from({ length: 700_000 }, (_, at) => (at * at * 31 + (at >> 7)) & 255))

async function read(path: string, wanted = key) {
  const parts: { part: object; bytes: Buffer[] }[] = []
  for await (const { part, blocks } of readArchive(path, wanted)) {
    const bytes: Buffer[] = []
    for await (const block of blocks) bytes.push(block)
    parts.push({ part, bytes })
  }
  return parts
}

beforeAll(async () => {
  await writeArchive(file, key, new Date(0), async write => {
    await write({ type: 'first', name: 'Zoë\n' }, async block => {
      await block(Buffer.from('one'))
      await block(Buffer.alloc(0))
      await block(Buffer.from('two'))
    })
    await write({ type: 'big' }, block => block(big))
    await write({ type: 'end' }, async () => {})
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('what was written is read, block by block', async () => {
  const parts = await read(file)
  expect(parts.map(({ part }) => part)).toEqual([
    { type: 'first', name: 'Zoë\n' },
    { type: 'big' },
    { type: 'end' },
  ])
  expect(parts[0]?.bytes.map(String)).toEqual(['one', 'two'])
  expect(Buffer.concat(parts[1]?.bytes ?? []).equals(big)).toBe(true)
})

test('a reader may leave blocks unread', async () => {
  const types: string[] = []
  for await (const { part } of readArchive(file, key)) types.push(part.type)
  expect(types).toEqual(['first', 'big', 'end'])
})

test('nothing of it can be read in the file, but when it was made and what opens it', async () => {
  expect(readFileSync(file).includes('first')).toBe(false)
  expect(await readHeader(file)).toMatchObject({ key: 'secret', made: '1970-01-01T00:00:00.000Z' })
})

test('a passphrase opens what was written with it, and nothing else does', async () => {
  const other = join(folder, 'passphrase.backup')
  const words: Key = { type: 'passphrase', text: 'correct horse battery' }
  await writeArchive(other, words, new Date(0), write => write({ type: 'end' }, async () => {}))
  expect(await read(other, words)).toHaveLength(1)
  await expect(read(other, { ...words, text: 'incorrect horse' })).rejects.toThrow(
    'does not open with this passphrase',
  )
  await expect(read(file, { type: 'secret', text: 'another' })).rejects.toThrow(
    'does not open with this secret',
  )
})

describe('a file that is not as it was written is refused', () => {
  const bytes = () => readFileSync(file)
  const changed = (at: number) => {
    const all = bytes()
    all[at] = (all[at] ?? 0) ^ 1
    return all
  }
  test.each<[string, () => Buffer]>([
    ['with a bit of its header turned', () => changed(40)],
    ['with a bit of its middle turned', () => changed(Math.floor(bytes().length / 2))],
    ['with its last bit turned', () => changed(bytes().length - 1)],
    ['cut in the middle', () => bytes().subarray(0, bytes().length / 2)],
    ['cut by a byte', () => bytes().subarray(0, -1)],
    ['with a byte more', () => Buffer.concat([bytes(), Buffer.from('x')])],
    ['of another kind', () => Buffer.from('From: a@b.example\n\nHello\n')],
    ['that is empty', () => Buffer.alloc(0)],
  ])('%s', async (name, make) => {
    const path = join(folder, `${name}.backup`)
    writeFileSync(path, make())
    await expect(read(path)).rejects.toThrow(BackupError)
  })
})

test('one that could not be written leaves nothing', async () => {
  const path = join(folder, 'broken.backup')
  const failing = writeArchive(path, key, new Date(0), async write => {
    await write({ type: 'big' }, block => block(big))
    throw new Error('the database went away')
  })
  await expect(failing).rejects.toThrow('the database went away')
  expect(() => readFileSync(path)).toThrow()
  expect(() => readFileSync(`${path}.part`)).toThrow()
})
