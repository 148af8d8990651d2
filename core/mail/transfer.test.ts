import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeText } from './charset.ts'
import { decodeTransfer, transferDecoder } from './transfer.ts'

const cases: [string, string, string, string][] = [
  ['base64 with line ends in the middle', 'base64', 'SGVs\r\nbG8=\r\n', 'Hello'],
  ['base64 without padding', 'base64', 'SGVsbG8', 'Hello'],
  ['base64 with strange characters', 'base64', 'SG*V!s bG8=', 'Hello'],
  ['quoted-printable octets', 'quoted-printable', 'caf=C3=A9', 'café'],
  ['quoted-printable in lower case', 'Quoted-Printable', 'caf=c3=a9', 'café'],
  ['a soft line break', 'quoted-printable', 'one=\r\ntwo', 'onetwo'],
  ['a soft line break with white space after it', 'quoted-printable', 'one= \t\r\ntwo', 'onetwo'],
  ['white space before a line end', 'quoted-printable', 'one  \r\ntwo\t\n', 'one\r\ntwo\n'],
  ['a broken escape', 'quoted-printable', '1=2 =XY =', '1=2 =XY '],
  ['an escape cut at the end', 'quoted-printable', 'a=4', 'a=4'],
  ['nothing to decode', '8bit', 'café =41', 'café =41'],
]

describe('transfer encodings', () => {
  test.each(cases)('%s', (_, encoding, input, expected) => {
    expect(decodeTransfer(Buffer.from(input), encoding).toString()).toBe(expected)
    for (const size of [1, 3, 17]) {
      const decoder = transferDecoder(encoding)
      const parts: Buffer[] = []
      const bytes = Buffer.from(input)
      for (let at = 0; at < bytes.length; at += size) parts.push(decoder.push(bytes.subarray(at, at + size)))
      parts.push(decoder.end())
      expect(Buffer.concat(parts).toString()).toBe(expected)
    }
  })

  test('base64 gives back any octets, however they are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.integer({ min: 1, max: 80 }), (octets, size) => {
        const encoded = Buffer.from(Buffer.from(octets).toString('base64'))
        expect(pushed('base64', encoded, size)).toEqual(Buffer.from(octets))
      }),
    )
  })

  test('quoted-printable gives the same however any octets are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('=', 'A', '4', ' ', '\t', '\r', '\n', 'x', '\xff', '=\r\n', '=3D'), {
          maxLength: 200,
        }),
        fc.integer({ min: 1, max: 20 }),
        (pieces, size) => {
          const bytes = Buffer.from(pieces.join(''), 'latin1')
          expect(pushed('quoted-printable', bytes, size)).toEqual(decodeTransfer(bytes, 'quoted-printable'))
        },
      ),
    )
  })
})

describe('charsets', () => {
  const texts: [string | null, number[], string][] = [
    ['utf-8', [0xc3, 0xa9], 'é'],
    ['iso-8859-1', [0xe9], 'é'],
    ['"ISO-8859-15"', [0xa4], '€'],
    [null, [0xc3, 0xa9], 'é'],
    [null, [0xe9], 'é'],
    ['no-such-charset', [0x61, 0xe9], 'aé'],
    ['iso-2022-jp', [0x1b, 0x24, 0x42, 0x24, 0x22, 0x1b, 0x28, 0x42], 'あ'],
    ['utf-7', [...Buffer.from('+AOk-')], 'é'],
    ['utf-8', [0x61, 0x00, 0x62], 'ab'],
  ]
  test.each(texts)('%s of %j is %s', (charset, bytes, expected) => {
    expect(decodeText(Buffer.from(bytes), charset).value).toBe(expected)
  })

  test('any octets in any charset become text that a database takes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.oneof(fc.constantFrom('utf-7', 'utf-16le', 'gb18030', 'x', '', 'big5'), fc.string()),
        (octets, charset) => {
          const { value } = decodeText(Buffer.from(octets), charset)
          expect(value.isWellFormed()).toBe(true)
          expect(value).not.toContain('\u0000')
        },
      ),
    )
  })
})

function pushed(encoding: string, bytes: Buffer, size: number): Buffer {
  const decoder = transferDecoder(encoding)
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) parts.push(decoder.push(bytes.subarray(at, at + size)))
  return Buffer.concat([...parts, decoder.end()])
}
