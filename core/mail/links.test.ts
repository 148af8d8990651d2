import { domainToUnicode } from 'node:url'
import { expect, test } from 'vitest'
import { linkWarning } from './links.ts'

const warn = (href: string, text: string) => linkWarning(href, text, domainToUnicode)

test('a link that shows its own place, or words, needs no remark', () => {
  for (const [href, text] of [
    ['https://www.example.org/a', 'example.org'],
    ['https://shop.example.org/', 'https://example.org/basket'],
    ['https://elsewhere.example/', 'Read more'],
    ['https://elsewhere.example/', 'It costs 3.50'],
    ['mailto:ann@example.org', 'bank.example'],
    ['https://пример.рф/', 'Пример'],
  ] as const) {
    expect([href, text, warn(href, text)]).toEqual([href, text, null])
  }
})

test('a link that names one place and leads to another says where it leads', () => {
  expect(warn('https://evil.example/login', 'https://www.bank.example/login')).toEqual({
    kind: 'elsewhere',
    host: 'evil.example',
  })
  expect(warn('https://bank.example@evil.example/', 'Your account')?.host).toBe('evil.example')
  expect(warn('https://bank.example.evil.example/', 'bank.example')?.kind).toBe('elsewhere')
})

test('letters of another alphabet that look like Latin ones are told, in the form that DNS has', () => {
  // The first letter is Cyrillic.
  expect(warn('https://аpple.com/', 'apple.com')).toEqual({ kind: 'alike', host: 'xn--pple-43d.com' })
  // All letters are.
  expect(warn('https://аррӏе.com/', 'Sign in')?.kind).toBe('alike')
})

test('nothing that is written as a link breaks it', () => {
  for (const href of ['https://', 'http://[', 'javascript:alert(1)', '', 'https://%00/']) {
    expect(warn(href, 'bank.example')).toBe(null)
  }
})
