import { expect, test } from 'vitest'
import { clientAddress } from './client-address.ts'

test.each([
  ['a stranger is who the socket says', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['a proxy on this machine is believed', '127.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['of several entries the last counts', '10.0.0.2', '1.2.3.4, 198.51.100.1', '198.51.100.1'],
  ['a mapped address is an IPv4 address', '::ffff:203.0.113.9', undefined, '203.0.113.9'],
  ['what is no address is passed over', '127.0.0.1', 'nonsense', '127.0.0.1'],
  ['IPv6 stays IPv6', '::1', '2001:db8::7', '2001:db8::7'],
])('%s', (_, remote, forwarded, expected) => {
  expect(clientAddress(remote, forwarded)).toBe(expected)
})
