import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readProxyHeader } from './proxy-header.ts'

const binary = (command: number, family: number, rest: number[] | Buffer, length = rest.length) =>
  Buffer.concat([
    Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
    Buffer.from([command, family, length >> 8, length & 255]),
    Buffer.from(rest),
  ])
const v4 = [192, 0, 2, 7, 10, 0, 0, 1, 0xdc, 0x04, 0, 25]
const v6 = Buffer.from(`20010db8000000000000000000000007${'0'.repeat(31)}1dc040019`, 'hex')

test.each([
  ['PROXY TCP4 192.0.2.7 10.0.0.1 56324 25\r\n', '192.0.2.7', 56_324],
  ['PROXY TCP6 2001:db8::7 ::1 56324 25\r\n', '2001:db8::7', 56_324],
  ['PROXY UNKNOWN\r\n', undefined, undefined],
  ['PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n', undefined, undefined],
  [binary(0x21, 0x11, v4), '192.0.2.7', 56_324],
  [binary(0x21, 0x11, [...v4, 4, 0, 1, 9]), '192.0.2.7', 56_324],
  [binary(0x21, 0x21, v6), '2001:db8::7', 56_324],
  [binary(0x20, 0x00, []), undefined, undefined],
  [binary(0x20, 0x11, v4), undefined, undefined],
  [binary(0x21, 0x31, Buffer.alloc(216)), undefined, undefined],
])('%j says %s', (text, address, port) => {
  const header = Buffer.from(text as string)
  const read = readProxyHeader(Buffer.concat([header, Buffer.from('EHLO x\r\n')]))
  expect(read).toEqual({
    type: 'header',
    length: header.length,
    ...(address !== undefined && { source: { address, port } }),
  })
  for (let cut = 0; cut < header.length; cut++)
    expect(readProxyHeader(header.subarray(0, cut))).toEqual({ type: 'incomplete' })
})

test.each([
  'EHLO x\r\n',
  'PROXY\r\n',
  'PROXY TCP4 192.0.2.7 10.0.0.1 56324\r\n',
  'PROXY TCP4 2001:db8::7 ::1 56324 25\r\n',
  'PROXY TCP4 192.0.2.7 10.0.0.1 99999 25\r\n',
  'PROXY TCP4 192.0.2.7 10.0.0.1 56324 25 x\r\n',
  'PROXY TCP4 evil\t 10.0.0.1 1 25\r\n',
  `PROXY TCP4 ${'1'.repeat(200)}`,
  binary(0x11, 0x11, v4),
  binary(0x22, 0x11, v4),
  binary(0x21, 0x11, v4.slice(0, 8)),
  binary(0x21, 0x11, [], 60_000),
])('%j is no header', text => {
  expect(readProxyHeader(Buffer.from(text as string))).toEqual({ type: 'invalid' })
})

test('any bytes are read without an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, signed) => {
      const start = signed ? Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1') : Buffer.alloc(0)
      expect(['incomplete', 'invalid', 'header']).toContain(
        readProxyHeader(Buffer.concat([start, bytes])).type,
      )
    }),
  )
})
