import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { readdir, readlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, describe, expect, test } from 'vitest'
import { IN_MEMORY, stage, sweepStaging } from './staged.ts'

const folder = mkdtempSync(join(tmpdir(), 'restante-staged-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const all = async (stream: Readable) => {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
const pattern = (length: number) => Buffer.alloc(length, 'a line of text\r\n')

describe.each([true, false])('encrypted: %s', encrypt => {
  test.each([0, 1, IN_MEMORY - 1, IN_MEMORY, IN_MEMORY + 1, 5_000_001])(
    '%i bytes come out as they went in, as often as asked, to several at once',
    async size => {
      const bytes = pattern(size)
      const staged = await stage(pieces(bytes, 77_777), { folder, encrypt })
      expect(staged.size).toBe(size)
      expect(staged.bytes !== undefined).toBe(size < IN_MEMORY)
      const read = await Promise.all([all(staged.content()), all(staged.content())])
      for (const one of [...read, await all(staged.content())]) expect(one.equals(bytes)).toBe(true)
      await staged.close()
    },
  )
})

test('a long one has no name on the disk, and gives its file up', async () => {
  const open = async () => {
    const files = await readdir('/proc/self/fd')
    const names = await Promise.all(files.map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
    return names.filter(name => name.startsWith(folder)).length
  }
  const staged = await stage(pieces(pattern(IN_MEMORY), 60_000), { folder, encrypt: true })
  expect(readdirSync(folder)).toEqual([])
  if (process.platform === 'linux') expect(await open()).toBe(1)
  await staged.close()
  if (process.platform === 'linux') expect(await open()).toBe(0)
  await expect(all(staged.content())).rejects.toThrow()
})

test('content that breaks off leaves nothing', async () => {
  async function* broken() {
    yield pattern(2 * IN_MEMORY)
    throw new Error('gone')
  }
  await expect(stage(broken(), { folder, encrypt: true })).rejects.toThrow('gone')
  expect(readdirSync(folder)).toEqual([])
})

test('what is left of another time is swept, and the folder made', async () => {
  const missing = join(folder, 'deeper/staging')
  await sweepStaging(missing)
  const staged = await stage(pieces(pattern(IN_MEMORY), 60_000), {
    folder: join(folder, 'new'),
    encrypt: true,
  })
  await staged.close()
})
