import { describe, expect, test } from 'vitest'
import { describeHost, parseHost } from './backends.ts'
import { parseImap } from './imap.ts'

describe('a backend URL', () => {
  test.each([
    [
      'smtp://mail.example.com',
      { protocol: 'smtp', host: 'mail.example.com', port: 25, tls: 'opportunistic', client: 'xforward' },
    ],
    [
      'smtp://mail.example.com?client=none',
      { protocol: 'smtp', host: 'mail.example.com', port: 25, tls: 'opportunistic' },
    ],
    [
      'lmtp://mail.example.com?client=proxy2',
      { protocol: 'lmtp', host: 'mail.example.com', port: 24, tls: 'opportunistic', client: 'proxy2' },
    ],
    [
      'smtp://127.0.0.1:2500',
      { protocol: 'smtp', host: '127.0.0.1', port: 2500, tls: 'opportunistic', client: 'xforward' },
    ],
    [
      'smtp://[::1]:2500?tls=none',
      { protocol: 'smtp', host: '::1', port: 2500, tls: 'none', client: 'xforward' },
    ],
    [
      'smtps://mail.example.com',
      { protocol: 'smtp', host: 'mail.example.com', port: 465, tls: 'implicit', client: 'xforward' },
    ],
    [
      'lmtp://localhost',
      { protocol: 'lmtp', host: 'localhost', port: 24, tls: 'opportunistic', client: 'xforward' },
    ],
    [
      'smtp://us%40er:p%3Aw@mail.example.com:587?tls=required',
      {
        protocol: 'smtp',
        host: 'mail.example.com',
        port: 587,
        tls: 'required',
        client: 'xforward',
        user: 'us@er',
        password: 'p:w',
      },
    ],
    [
      'smtp://correo.español.example',
      {
        protocol: 'smtp',
        host: 'correo.xn--espaol-zwa.example',
        port: 25,
        tls: 'opportunistic',
        client: 'xforward',
      },
    ],
  ])('%s', (url, expected) => {
    expect(parseHost(url)).toEqual(expected)
  })

  test.each([
    ['mail.example.com', /must be a URL/],
    ['http://mail.example.com', /must be a URL/],
    ['smtp://', /host name/],
    ['smtp://mail.example.com/path', /path/],
    ['smtp://mail.example.com?tls=maybe', /tls must be one of/],
    ['smtp://mail.example.com?tsl=none', /unknown parameter tsl/],
    ['smtp://mail.example.com?client=me', /client must be one of xforward, xclient, proxy, proxy2, none/],
    ['smtps://mail.example.com?tls=none', /always tls=implicit/],
  ])('%s is refused', (url, message) => {
    expect(() => parseHost(url)).toThrow(message)
  })

  test('of a smarthost names no way to tell of clients', () => {
    expect(parseHost('smtp://out.example.com', 'bad-smarthost')).not.toHaveProperty('client')
    expect(() => parseHost('smtp://out.example.com?client=xclient', 'bad-smarthost')).toThrow(/unknown/)
  })

  test('is never shown with its password', () => {
    expect(() => parseHost('smtp://user:hunter2@mail.example.com?tls=x')).toThrow(/^smtp:\/\/…@mail/)
    expect(describeHost(parseHost('smtp://user:hunter2@mail.example.com:587'))).toBe(
      'smtp://mail.example.com:587',
    )
    expect(describeHost(parseHost('smtps://[::1]'))).toBe('smtps://[::1]:465')
  })
})

test.each([
  ['imaps://mail.example.com', { host: 'mail.example.com', port: 993, tls: 'implicit' }],
  ['imap://mail.example.com', { host: 'mail.example.com', port: 143, tls: 'starttls' }],
  ['imap://127.0.0.1:1143?tls=none', { host: '127.0.0.1', port: 1143, tls: 'none' }],
])('the IMAP server %s', (url, expected) => {
  expect(parseImap(url)).toEqual(expected)
})
