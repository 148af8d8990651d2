import { expect, test } from 'vitest'
import { localPath } from './local-path.ts'

test.each([
  ['', '/'],
  ['/admin?x=1', '/admin?x=1'],
  ['https://example.org/', '/'],
  ['//example.org/', '/'],
  ['/\\example.org', '/'],
  ['javascript:alert(1)', '/'],
  ['/\texample', '/example'],
])('after sign-in %j leads to %j', (wanted, expected) => {
  expect(localPath(wanted)).toBe(expected)
})
