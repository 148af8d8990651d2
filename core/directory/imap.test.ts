import { expect, test } from 'vitest'
import { type ImapCredentials, loginFor, parseImap } from './imap.ts'

test.each([
  ['imaps://mail.example.com', { host: 'mail.example.com', port: 993, tls: 'implicit' }],
  ['imap://mail.example.com?tls=none', { host: 'mail.example.com', port: 143, tls: 'none' }],
  [
    'imaps://master:se%3Acret@mail.example.com:1993',
    {
      host: 'mail.example.com',
      port: 1993,
      tls: 'implicit',
      access: { type: 'authzid', user: 'master', password: 'se:cret' },
    },
  ],
  [
    'imaps://master:secret@mail.example.com?as=separator:*&name=local&verify=no',
    {
      host: 'mail.example.com',
      port: 993,
      tls: 'implicit',
      verify: false,
      access: { type: 'separator', separator: '*', user: 'master', password: 'secret' },
      name: 'local',
    },
  ],
  [
    'imaps://app:secret@outlook.example.com?as=xoauth2&token=https://login.example.com/token&scope=imap%20all',
    {
      host: 'outlook.example.com',
      port: 993,
      tls: 'implicit',
      access: {
        type: 'xoauth2',
        client: 'app',
        secret: 'secret',
        tokenUrl: 'https://login.example.com/token',
        scope: 'imap all',
      },
    },
  ],
])('%s is read', (url, expected) => {
  expect(parseImap(url)).toEqual(expected)
})

test.each([
  ['pop3://mail.example.com', 'must be a URL like'],
  ['imaps://mail.example.com?as=authzid', 'needs a user'],
  ['imaps://a:geheim@mail.example.com?as=separator:', 'needs the separator'],
  ['imaps://a:geheim@mail.example.com?as=root', 'as must be'],
  ['imaps://a:geheim@mail.example.com?as=xoauth2', 'token=https'],
  ['imaps://a:geheim@mail.example.com?as=xoauth2&token=http://login.example.com/', 'token=https'],
  ['imaps://mail.example.com?name=nick', 'name must be'],
  ['imaps://mail.example.com?foo=1', 'unknown parameter foo'],
])('%s is refused, without its password', (url, why) => {
  expect(() => parseImap(url)).toThrow(why)
  expect(() => parseImap(url)).not.toThrow('geheim')
})

test('a mailbox is opened by its own credentials before the master, and not at all without either', () => {
  const own: ImapCredentials = { kind: 'password', user: 'ann', secret: 'hers' }
  const master = parseImap('imaps://master:pw@host.example?as=separator:*&name=local')
  expect(loginFor(master, 'ann@a.example', null)).toEqual({
    type: 'password',
    user: 'ann*master',
    password: 'pw',
  })
  expect(loginFor(master, 'ann@a.example', own)).toEqual({ type: 'password', user: 'ann', password: 'hers' })
  expect(loginFor(parseImap('imaps://host.example'), 'ann@a.example', null)).toBeNull()
  expect(loginFor(parseImap('imaps://m:pw@host.example'), 'ann@a.example', null)).toEqual({
    type: 'password',
    user: 'm',
    password: 'pw',
    authzid: 'ann@a.example',
  })
})

test('a refresh token is a way only where there is a token endpoint', () => {
  const own: ImapCredentials = { kind: 'refresh-token', user: 'ann@a.example', secret: 'refresh' }
  expect(loginFor(parseImap('imaps://host.example'), 'ann@a.example', own)).toBeNull()
  const server = parseImap('imaps://app:pw@host.example?as=xoauth2&token=https://login.example/token')
  expect(loginFor(server, 'ann@a.example', own)).toMatchObject({
    type: 'token',
    user: 'ann@a.example',
    grant: { refreshToken: 'refresh', client: 'app' },
  })
})
