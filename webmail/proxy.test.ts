import { NextRequest } from 'next/server.js'
import { expect, test } from 'vitest'
import { config, proxy } from './proxy.ts'

const policyOf = (url = 'http://localhost:3000/') =>
  proxy(new NextRequest(url)).headers.get('content-security-policy') ?? ''

test('each response has a nonce of its own and allows no inline script', () => {
  const [first, second] = [policyOf(), policyOf()]
  const nonce = (policy: string) => /script-src [^;]*'nonce-([^']+)'/.exec(policy)?.[1]
  expect(nonce(first)).toMatch(/^[\w+/]{24}$/)
  expect(nonce(first)).not.toBe(nonce(second))
  expect(/script-src [^;]*/.exec(first)?.[0]).not.toContain('unsafe')
  expect(first).toContain("frame-ancestors 'none'")
})

test('only what came over https asks for https', () => {
  const over = (url: string) => proxy(new NextRequest(url)).headers.get('strict-transport-security')
  expect(over('http://localhost:3000/')).toBe(null)
  expect(over('https://mail.example.org/')).toMatch(/max-age=\d+/)
})

test.each([
  ['/', true],
  ['/sign-in', true],
  ['/admin', true],
  ['/message/a/b/body', false],
  ['/jmap/api', false],
  ['/.well-known/jmap', false],
  ['/_next/static/x.js', false],
])('%s goes through the proxy: %s', (path, expected) => {
  expect(new RegExp(`^${config.matcher[0]}$`).test(path)).toBe(expected)
})
