/** Mutated archives: whatever stands in them, the look ends, within its limits, and says the same in any chunks. */
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { inspect } from './inspection.ts'
import { inChunks, message, PROGRAM, rar4, rar5, SEVEN_ZIP, tar, text, withFile, zip } from './testing.ts'

const inner = zip([{ name: 'inner.txt', content: 'inner'.repeat(50) }])
const SAMPLES: [name: string, bytes: Buffer][] = [
  [
    'a.zip',
    zip([
      { name: 'a.txt', content: 'abc'.repeat(100) },
      { name: 'b.zip', content: inner, streamed: true },
      { name: 'c', content: 'x', stored: true },
    ]),
  ],
  [
    'a.tar',
    tar([
      { name: 'a.txt', content: 'abc' },
      { name: 'b.zip', content: inner },
    ]),
  ],
  ['a.tgz', gzipSync(tar([{ name: 'a.txt', content: 'abc' }]))],
  [
    'a.rar',
    rar4([
      { name: 'a.txt', content: 'abc', stored: true },
      { name: 'b.zip', content: inner, stored: true },
    ]),
  ],
  [
    'a.rar',
    rar5([
      { name: 'a.txt', content: 'abc', stored: true },
      { name: 'b.zip', content: inner, stored: true },
    ]),
  ],
  ['a.7z', SEVEN_ZIP],
  ['a.eml', message([text, { header: ['Content-Type: application/zip'], body: inner }])],
  ['winmail.dat', Buffer.concat([Buffer.from('789f3e220100', 'hex'), PROGRAM])],
]

const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
  how: fc.constantFrom('overwrite' as const, 'insert' as const, 'cut' as const, 'repeat' as const),
})

function mutate(bytes: Buffer, changes: readonly { at: number; bytes: Uint8Array; how: string }[]): Buffer {
  let result = Buffer.from(bytes)
  for (const change of changes) {
    const at = Math.floor(change.at * result.length)
    const before = result.subarray(0, at)
    if (change.how === 'overwrite')
      result = Buffer.concat([before, change.bytes, result.subarray(at + change.bytes.length)])
    else if (change.how === 'insert') result = Buffer.concat([before, change.bytes, result.subarray(at)])
    else if (change.how === 'cut') result = Buffer.concat([before, result.subarray(at + change.bytes[0]!)])
    else result = Buffer.concat([before, before.subarray(-200), result.subarray(at)])
  }
  return result
}

it.each(SAMPLES.map(([name, bytes], at) => [`${name} (${at})`, name, bytes] as const))(
  'a mutated %s, seed 4',
  async (_, name, bytes) => {
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 6 }), async changes => {
        const raw = withFile(name, mutate(bytes, changes))
        const whole = await inspect([raw])
        expect(whole.length).toBeLessThan(100)
        for (const size of [17, 1000]) expect(await inspect(inChunks(raw, size))).toEqual(whole)
      }),
      { numRuns: 150, seed: 4 },
    )
  },
)
