import { expect, test } from 'vitest'
import { downloadHeaders } from './jmap-download.ts'

const of = (type: string, inline: boolean, name = 'x') => downloadHeaders({ type, name, size: null, inline })

test.each([
  ['image/png', true, 'inline'],
  ['image/png', false, 'attachment'],
  ['image/svg+xml', true, 'attachment'],
  ['text/html', true, 'attachment'],
  ['application/pdf', true, 'inline'],
])('%s wanted inline: %s, is served %s', (type, inline, expected) => {
  expect(of(type, inline)['content-disposition']).toMatch(new RegExp(`^${expected};`))
})

test('nothing but a PDF escapes the sandbox', () => {
  expect(of('image/png', true)['content-security-policy']).toMatch(/; sandbox$/)
  expect(of('application/pdf', false)['content-security-policy']).toMatch(/; sandbox$/)
  expect(of('application/pdf', true)['content-security-policy']).not.toMatch(/sandbox/)
})

test('a name can not break out of its header', () => {
  expect(of('text/plain', false, 'a"b\r\nX: y/ç.txt')['content-disposition']).toBe(
    `attachment; filename="a_b__X: y__.txt"; filename*=UTF-8''a%22b__X%3A%20y_%C3%A7.txt`,
  )
})
