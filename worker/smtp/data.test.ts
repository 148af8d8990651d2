import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DataEncoder } from './data.ts'

function encode(content: Buffer | string, size = 1_000_000): string {
  const bytes = Buffer.from(content as string)
  const encoder = new DataEncoder()
  const out: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) out.push(encoder.encode(bytes.subarray(at, at + size)))
  return Buffer.concat([...out, encoder.end()]).toString('latin1')
}

test.each([
  ['nothing', '', '\r\n.\r\n'],
  ['a line', 'a\r\n', 'a\r\n.\r\n'],
  ['a last line without its end', 'a', 'a\r\n.\r\n'],
  ['a CR at the very end', 'a\r', 'a\r\n.\r\n'],
  ['dots at the beginning of lines', '.\r\n..\r\na.\r\n', '..\r\n...\r\na.\r\n.\r\n'],
  ['a bare LF', 'a\nb\r\n', 'a\r\nb\r\n.\r\n'],
  ['a bare CR', 'a\rb\r\n', 'a\r\nb\r\n.\r\n'],
  ['CR CR LF', 'a\r\r\nb\r\n', 'a\r\n\r\nb\r\n.\r\n'],
  ['an end hidden behind a bare LF', 'a\n.\nb\r\n', 'a\r\n..\r\nb\r\n.\r\n'],
  ['an end hidden behind a bare CR', 'a\r\n.\rb\r\n', 'a\r\n..\r\nb\r\n.\r\n'],
  ['an end hidden between the two', 'a\r.\r\n\r\n', 'a\r\n..\r\n\r\n.\r\n'],
])('%s', (_, content, expected) => {
  for (const size of [1, 3, 17, 1_000]) expect(encode(content, size)).toBe(expected)
})

test('whatever goes in, there is one end, no bare CR or LF, and a reader gets lines that were sent', () => {
  const bytes = fc
    .array(fc.constantFrom(13, 10, 46, 65, 0, 255), { maxLength: 60 })
    .map(list => Buffer.from(list))
  fc.assert(
    fc.property(bytes, fc.constantFrom(1, 3, 17), (content, size) => {
      const sent = encode(content, size)
      expect(sent).toBe(encode(content))
      expect(sent.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
      expect(sent.startsWith('.\r\n') ? 0 : sent.indexOf('\r\n.\r\n') + 2).toBe(sent.length - 3)
      const read = sent.slice(0, -3).replace(/(^|\r\n)\./g, '$1')
      const text = content.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n')
      expect(read).toBe(text.endsWith('\r\n') ? text : `${text}\r\n`)
    }),
    { numRuns: 2_000 },
  )
})
