import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { decodeLarge, LargeEncoder } from './large.ts'
import { content, inPieces } from './testing/messages.ts'

const key = randomBytes(32)
const CHUNK = 65536
const HEADER = 64

async function encode(plain: Buffer, piece: number, encrypt: boolean, id = 'a'): Promise<Buffer> {
  const encoder = new LargeEncoder(key, id, encrypt)
  const stored = [encoder.header()]
  for await (const bytes of inPieces(plain, piece)) stored.push(...encoder.push(bytes))
  stored.push(...encoder.end())
  expect(encoder.size).toBe(plain.length)
  return Buffer.concat(stored)
}

async function decode(stored: Buffer, piece: number, size: number, id = 'a'): Promise<Buffer> {
  const plain: Buffer[] = []
  for await (const bytes of decodeLarge(inPieces(stored, piece), key, id, size)) plain.push(bytes)
  return Buffer.concat(plain)
}

describe.each([true, false])('a large content, encrypted: %s', encrypt => {
  const overhead = encrypt ? 16 : 4

  test.each([0, 1, 17, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5])(
    'of %i bytes comes out as it went in',
    async size => {
      const plain = content(size)
      for (const [inPiece, outPiece] of [
        [size || 1, size + 1000],
        [1000, 17],
        [70_001, 65_536],
        [CHUNK, CHUNK + overhead],
      ] as const) {
        const out = await decode(await encode(plain, inPiece, encrypt), outPiece, size)
        expect(out.equals(plain)).toBe(true)
      }
    },
  )

  test.each([1, 3])('in pieces of %i bytes comes out as it went in', async piece => {
    const plain = content(CHUNK + 10)
    const out = await decode(await encode(plain, piece, encrypt), piece, plain.length)
    expect(out.equals(plain)).toBe(true)
  })

  test('cut anywhere is refused', async () => {
    const plain = content(2 * CHUNK + 100)
    const stored = await encode(plain, 9999, encrypt)
    const step = CHUNK + overhead
    const cuts = [0, 1, HEADER - 1, HEADER, HEADER + 1, HEADER + step - 1, HEADER + step, HEADER + 2 * step]
    for (const cut of [...cuts, stored.length - 1]) {
      await expect(decode(stored.subarray(0, cut), 4096, plain.length)).rejects.toMatchObject({
        code: 'damaged',
      })
    }
  })

  test('cut at the end of a chunk is refused even when the size is made to fit', async () => {
    const stored = await encode(content(2 * CHUNK), 9999, encrypt)
    const cut = stored.subarray(0, HEADER + CHUNK + overhead)
    await expect(decode(cut, 4096, CHUNK)).rejects.toMatchObject({ code: 'damaged' })
  })

  test('with chunks exchanged, or bytes behind it, is refused', async () => {
    const stored = await encode(content(3 * CHUNK), 9999, encrypt)
    const step = CHUNK + overhead
    const chunk = (n: number) => stored.subarray(HEADER + n * step, HEADER + (n + 1) * step)
    const swapped = Buffer.concat([stored.subarray(0, HEADER), chunk(1), chunk(0), chunk(2)])
    await expect(decode(swapped, 4096, 3 * CHUNK)).rejects.toMatchObject({ code: 'damaged' })
    const longer = Buffer.concat([stored, Buffer.from('x')])
    await expect(decode(longer, 4096, 3 * CHUNK)).rejects.toMatchObject({ code: 'damaged' })
  })

  test('with a changed byte gives out nothing from its chunk on', async () => {
    const plain = content(2 * CHUNK)
    const stored = await encode(plain, 9999, encrypt)
    for (const at of [0, 20, 62, HEADER, HEADER + CHUNK, stored.length - 1]) {
      const bad = Buffer.from(stored)
      bad[at]! ^= 1
      const out: Buffer[] = []
      const reading = (async () => {
        for await (const bytes of decodeLarge(inPieces(bad, 5000), key, 'a', plain.length)) out.push(bytes)
      })()
      await expect(reading).rejects.toMatchObject({ name: 'SpoolError' })
      const got = Buffer.concat(out)
      expect(got.equals(plain.subarray(0, got.length))).toBe(true)
    }
  })
})

test('an encrypted large content under the id of another is refused', async () => {
  const stored = await encode(content(CHUNK), 9999, true, 'a')
  await expect(decode(stored, 4096, CHUNK, 'b')).rejects.toMatchObject({ code: 'damaged' })
})
