import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { domainOf, normalizeAddress, normalizeDomain, parseAddress, splitTag } from './addresses.ts'

describe('a domain name', () => {
  test.each([
    ['example.com', 'example.com'],
    ['EXAMPLE.Com.', 'example.com'],
    [' example.com ', 'example.com'],
    ['español.example', 'xn--espaol-zwa.example'],
    ['XN--ESPAOL-ZWA.example', 'xn--espaol-zwa.example'],
    ['faß.example', 'xn--fa-hia.example'],
    ['localhost', 'localhost'],
    ['a-b.c1.example', 'a-b.c1.example'],
  ])('%j becomes %j', (text, expected) => {
    expect(normalizeDomain(text)).toBe(expected)
  })

  test.each([
    '',
    '.',
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '[127.0.0.1]',
    '[IPv6:::1]',
    'ex%61mple.com',
    'example.com:25',
    'a..b',
    '-a.example',
    'a-.example',
    'under_score.example',
    'a b.example',
    'a@b.example',
    `${'a'.repeat(64)}.example`,
    `${'abcdefg.'.repeat(40)}example`,
    'a/b.example',
  ])('%j is none', text => {
    expect(normalizeDomain(text)).toBeNull()
  })
})

describe('an address', () => {
  test.each([
    ['Anna@Example.com', 'anna@example.com'],
    ['anna+News@example.com', 'anna+news@example.com'],
    ['"anna"@example.com', 'anna@example.com'],
    ['"a\\nna"@example.com', 'anna@example.com'],
    ['anna.@example.com', 'anna.@example.com'],
    ["o'neil!#$%&*/=?^_`{|}~-@example.com", "o'neil!#$%&*/=?^_`{|}~-@example.com"],
    ['Jose\u0301@example.com', 'jos\u00e9@example.com'],
    ['ANNA@ESPAÑOL.example', 'anna@xn--espaol-zwa.example'],
  ])('%j becomes %j', (text, expected) => {
    expect(normalizeAddress(text)).toBe(expected)
  })

  test.each([
    '',
    'anna',
    '@example.com',
    'anna@',
    'anna@127.0.0.1',
    'anna@[127.0.0.1]',
    'an na@example.com',
    'a@b@example.com',
    '<anna@example.com>',
    'an\u0000na@example.com',
    'anna\r\n@example.com',
    `${'a'.repeat(129)}@example.com`,
  ])('%j is none', text => {
    expect(normalizeAddress(text)).toBeNull()
  })

  test('normalizing a second time changes nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.string(), fc.string({ unit: 'grapheme' })), text => {
        const once = normalizeAddress(text)
        if (once !== null) expect(normalizeAddress(once)).toBe(once)
      }),
    )
  })

  test('its domain is found for envelope addresses, and is empty for the null sender', () => {
    expect(domainOf('Anna@EXAMPLE.com')).toBe('example.com')
    expect(domainOf('')).toBe('')
    expect(domainOf('postmaster')).toBe('')
    expect(parseAddress('a@b.example')).toEqual({ local: 'a', domain: 'b.example', address: 'a@b.example' })
  })
})

test.each([
  ['anna', { base: 'anna' }],
  ['anna+news', { base: 'anna', tag: 'news' }],
  ['anna+a+b', { base: 'anna', tag: 'a+b' }],
  ['anna+', { base: 'anna', tag: '' }],
  ['+anna', { base: '+anna' }],
])('the tag of %j', (local, expected) => {
  expect(splitTag(local)).toEqual(expected)
})
