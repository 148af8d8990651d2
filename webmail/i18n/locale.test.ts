import { expect, test } from 'vitest'
import { negotiate } from './locale.ts'

test.each([
  ['nothing asked gives English', null, 'en'],
  ['a region is passed over', 'ca-ES', 'ca'],
  ['weight goes before order', 'de;q=1, en;q=0.4, it;q=0.8', 'it'],
  ['order decides among equals', 'es, ca', 'es'],
  ['a weight of nought is a refusal', 'it;q=0, es;q=0.1', 'es'],
  ['unknown languages give English', 'de-CH, fr;q=0.9', 'en'],
])('%s', (_, header, expected) => {
  expect(negotiate(header)).toBe(expected)
})
