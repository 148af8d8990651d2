import { expect, test } from 'vitest'
import { proxyHeader } from './proxy-protocol.ts'

const ends = { localAddress: '10.0.0.1', localPort: 40_000, remoteAddress: '10.0.0.2', remotePort: 25 }

test.each([
  ['203.0.113.9', ends, 'PROXY TCP4 203.0.113.9 10.0.0.2 40000 25\r\n'],
  ['::ffff:203.0.113.9', ends, 'PROXY TCP4 203.0.113.9 10.0.0.2 40000 25\r\n'],
  ['2001:db8::9', ends, 'PROXY TCP6 2001:db8::9 :: 40000 25\r\n'],
  [null, ends, 'PROXY TCP4 10.0.0.1 10.0.0.2 40000 25\r\n'],
  [null, {}, 'PROXY UNKNOWN\r\n'],
])('version 1 for %s', (client, at, expected) => {
  expect(proxyHeader('proxy', client, at).toString()).toBe(expected)
})

const signature = '0d0a0d0a000d0a515549540a'
test.each([
  ['203.0.113.9', `${signature}2111000ccb0071090a0000029c400019`],
  ['2001:db8::9', `${signature}2121002420010db8000000000000000000000009${'0'.repeat(32)}9c400019`],
  [null, `${signature}20000000`],
])('version 2 for %s', (client, expected) => {
  expect(proxyHeader('proxy2', client, ends).toString('hex')).toBe(expected)
})
