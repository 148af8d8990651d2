import { expect, test } from 'vitest'
import { parseNetworks } from './networks.ts'

test.each([
  ['127.0.0.0/8, ::1', '127.9.9.9', true],
  ['127.0.0.0/8, ::1', '::1', true],
  ['127.0.0.0/8, ::1', '::ffff:127.0.0.1', true],
  ['127.0.0.0/8, ::1', '128.0.0.1', false],
  ['2001:db8::/32', '2001:db8:1::2', true],
  ['2001:db8::/32', '2001:db9::2', false],
  ['192.0.2.7', '192.0.2.7', true],
  ['192.0.2.7', '192.0.2.8', false],
  ['0.0.0.0/0', '203.0.113.1', true],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['', '127.0.0.1', false],
  ['10.0.0.0/8', 'unknown', false],
])('in %j is %s: %s', (text, address, expected) => {
  expect(parseNetworks(text).has(address)).toBe(expected)
})

test.each(['10.0.0.0/33', '10.0.0/8', 'localhost', '10.0.0.0/8/8', '::/129', '10.0.0.0/', '10.0.0.0/x'])(
  '%s is no network',
  text => {
    expect(() => parseNetworks(text)).toThrow(/ is not a network like /)
  },
)
