import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FieldFilter, fieldLine, scannedContent, scannedStream } from './fields.ts'
import type { RemovedField } from './types.ts'

const filtered = (text: string, remove: RemovedField[], size = Number.POSITIVE_INFINITY) => {
  const filter = new FieldFilter(remove)
  const bytes = Buffer.from(text, 'latin1')
  const out: Buffer[] = []
  for (let at = 0; at < bytes.length; at += Math.min(size, bytes.length))
    out.push(...filter.push(bytes.subarray(at, at + Math.min(size, bytes.length))))
  return Buffer.concat([...out, ...filter.end()]).toString('latin1')
}

const message = [
  'A: 1',
  'X-Spam-Flag: NO',
  'B: 1',
  'A: 2',
  '\tfolded',
  'x-spam-status : No,',
  ' folded: too',
  'A: 3',
  '',
  'A: in the body',
  'X-Spam-Flag: in the body',
  '',
].join('\r\n')

describe.each([1, 3, 17, 1_000])('in chunks of %i', size => {
  test('forged marks of ours go, the rest stays byte for byte', () => {
    expect(filtered(message, [], size)).toBe(
      message.replace('X-Spam-Flag: NO\r\n', '').replace('x-spam-status : No,\r\n folded: too\r\n', ''),
    )
  })

  test('a field goes by its place, with its folded lines', () => {
    const rest = message.replace('X-Spam-Flag: NO\r\n', '').replace(/x-spam-status[\s\S]*too\r\n/, '')
    expect(filtered(message, [{ name: 'a', index: 1 }], size)).toBe(rest.replace('A: 2\r\n\tfolded\r\n', ''))
    expect(filtered(message, [{ name: 'A', index: 'all' }], size)).toBe(
      rest.replace(/^(?:A: \d\r\n(?:\tfolded\r\n)?)|(?<=\r\n)A: \d\r\n(?:\tfolded\r\n)?/g, ''),
    )
    expect(filtered(message, [{ name: 'A', index: 9 }], size)).toBe(rest)
  })

  test.each([
    '',
    'A',
    'A: 1',
    'A: 1\r',
    '\r\n',
    '\r',
    'no field at all\r\nA: 1\r\n',
    `${'x'.repeat(500)}: 1\r\n\r\n`,
  ])('%j stays as it is', text => {
    expect(filtered(text, [{ name: 'B', index: 0 }], size)).toBe(text)
  })
})

test('however it is cut, the same comes out', () => {
  const line = fc.constantFrom(
    'A: 1\r\n',
    'X-Spam-Flag: x\r\n',
    ' more\r\n',
    '\r\n',
    'junk\r\n',
    'B:\n',
    '\r',
    ':\r\n',
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.integer({ min: 1, max: 20 }), (lines, size) => {
      const text = lines.join('')
      const remove = [{ name: 'a', index: 1 }]
      expect(filtered(text, remove, size)).toBe(filtered(text, remove))
    }),
  )
})

test('trace, then what the scan adds, then the message, whole or as a stream', async () => {
  const scanned = { addFields: ['X-A: 1\r\n', 'X-B: 2\r\n'], removeFields: [{ name: 'B', index: 0 }] }
  const whole = scannedContent(Buffer.from(message), 'Received: x\r\n', scanned).toString()
  expect(whole).toMatch(/^Received: x\r\nX-A: 1\r\nX-B: 2\r\nA: 1\r\nA: 2/)
  async function* pieces() {
    for (const byte of Buffer.from(message)) yield Buffer.from([byte])
  }
  const chunks: Buffer[] = []
  for await (const chunk of scannedStream(pieces(), 'Received: x\r\n', scanned)) chunks.push(chunk)
  expect(Buffer.concat(chunks).toString()).toBe(whole)
})

test.each([
  ['X-A', 'b', 'X-A: b\r\n'],
  ['X-A', 'b\nc', 'X-A: b\r\n\tc\r\n'],
  ['X-A', 'b\r\n\r\nbody', 'X-A: b\r\n\tbody\r\n'],
  ['X-A', 'b\r\n\tc', 'X-A: b\r\n\tc\r\n'],
  ['X-A', 'b\0c', 'X-A: bc\r\n'],
  ['X A', 'b', undefined],
  ['X-A:', 'b', undefined],
  ['', 'b', undefined],
  ['X-A', ' \r\n ', undefined],
])('the field %j with %j', (name, value, line) => {
  expect(fieldLine(name, value)).toBe(line)
})
