/** The examples that the standards publish: RFC 7208 appendix A (SPF), RFC 8463 appendix A (DKIM). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DnsServer, startDns, txt } from '../../../e2e/servers/dns.ts'
import { createDns } from '../../dns/dns.ts'
import { silentLog } from '../../observe/log.ts'
import { contextOf, subjectOf } from '../testing/subject.ts'
import { createSpf } from './spf.ts'
import { authenticationStep } from './step.ts'

const REVERSE = {
  '2.0.192.in-addr.arpa.': [
    '10 PTR example.com.',
    '11 PTR example.com.',
    '65 PTR amy.example.com.',
    '66 PTR bob.example.com.',
    '129 PTR mail-a.example.com.',
    '130 PTR mail-b.example.com.',
    '140 PTR mail-c.example.org.',
  ].join('\n'),
  '0.0.10.in-addr.arpa.': '4 PTR bob.example.com.',
  'example.org.': '@ MX 10 mail-c\nmail-c A 192.0.2.140',
}
const HOSTS = [
  '@ MX 10 mail-a',
  '@ MX 20 mail-b',
  '@ A 192.0.2.10',
  '@ A 192.0.2.11',
  'amy A 192.0.2.65',
  'bob A 192.0.2.66',
  'mail-a A 192.0.2.129',
  'mail-b A 192.0.2.130',
  'www CNAME example.com.',
]
const ADDRESSES = [
  '192.0.2.10',
  '192.0.2.11',
  '192.0.2.65',
  '192.0.2.66',
  '192.0.2.129',
  '192.0.2.130',
  '192.0.2.131',
  '192.0.2.140',
  '192.0.2.141',
  '10.0.0.4',
]

async function passing(record: string, more: string[], senders: string[], ips: string[]): Promise<string[]> {
  const zone = [...HOSTS, `@ ${txt(record)}`, ...more].join('\n')
  const server = await startDns({ ...REVERSE, 'example.com.': zone })
  const dns = createDns({ servers: [server.address] })
  const spf = createSpf(dns, 'mx.here.test', 5_000, Date.now)
  try {
    const passed: string[] = []
    for (const sender of senders) {
      for (const ip of ips) {
        const { result } = await spf({ ip, sender, helo: 'client.example.com' })
        expect([record, ip, sender, ['pass', 'fail'].includes(result)]).toEqual([record, ip, sender, true])
        if (result === 'pass') passed.push(senders.length > 1 ? `${sender} ${ip}` : ip)
      }
    }
    return passed
  } finally {
    dns.close()
    await server.close()
  }
}

describe('RFC 7208 appendix A.1', () => {
  test.each([
    ['v=spf1 +all', ADDRESSES],
    ['v=spf1 a -all', ['192.0.2.10', '192.0.2.11']],
    ['v=spf1 a:example.org -all', []],
    ['v=spf1 mx -all', ['192.0.2.129', '192.0.2.130']],
    ['v=spf1 mx:example.org -all', ['192.0.2.140']],
    ['v=spf1 mx mx:example.org -all', ['192.0.2.129', '192.0.2.130', '192.0.2.140']],
    [
      'v=spf1 mx/30 mx:example.org/30 -all',
      ['192.0.2.129', '192.0.2.130', '192.0.2.131', '192.0.2.140', '192.0.2.141'],
    ],
    [
      'v=spf1 ptr -all',
      ['192.0.2.10', '192.0.2.11', '192.0.2.65', '192.0.2.66', '192.0.2.129', '192.0.2.130'],
    ],
    [
      'v=spf1 ip4:192.0.2.128/28 -all',
      ['192.0.2.129', '192.0.2.130', '192.0.2.131', '192.0.2.140', '192.0.2.141'],
    ],
  ])('%s', async (record, expected) => {
    expect(await passing(record, [], ['x@example.com'], ADDRESSES)).toEqual(expected)
  })
})

test('RFC 7208 appendix A.4: people with networks of their own', async () => {
  const record = 'v=spf1 mx include:mobile-users._spf.%{d} include:remote-users._spf.%{d} -all'
  const users = [
    `mobile-users._spf ${txt('v=spf1 exists:%{l1r+}.%{d}')}`,
    'mary.mobile-users._spf A 127.0.0.2',
    'fred.mobile-users._spf A 127.0.0.2',
    `remote-users._spf ${txt('v=spf1 exists:%{ir}.%{l1r+}.%{d}')}`,
    '15.15.168.192.joel.remote-users._spf A 127.0.0.2',
    '16.15.168.192.joel.remote-users._spf A 127.0.0.2',
  ]
  const ips = ['192.168.15.15', '192.168.15.17']
  const senders = ['mary@example.com', 'joel@example.com', 'eve@example.com']
  expect(await passing(record, users, senders, ips)).toEqual([
    'mary@example.com 192.168.15.15',
    'mary@example.com 192.168.15.17',
    'joel@example.com 192.168.15.15',
  ])
})

describe('RFC 8463 appendix A', () => {
  let server: DnsServer
  beforeAll(async () => {
    const rsa =
      'MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB'
    server = await startDns({
      'example.com.': [
        `brisbane._domainkey.football ${txt('v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=')}`,
        `test._domainkey.football ${txt(`v=DKIM1; k=rsa; p=${rsa}`)}`,
        `_dmarc.football ${txt('v=DMARC1; p=reject')}`,
      ].join('\n'),
    })
  })
  afterAll(() => server?.close())

  const message = `DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
`.replace(/\n/g, '\r\n')

  test('both signatures pass, and neither on a changed message', async () => {
    const dns = createDns({ servers: [server.address] })
    const step = authenticationStep({ hostname: 'mx.here.test', dns, log: silentLog })
    const given = { sender: 'joe@football.example.com', address: '203.0.113.5' }
    const right = await step.run(subjectOf(message, given), contextOf())
    const text = right.addFields?.join('').replace(/\r\n\s+/g, ' ') ?? ''
    expect(text).toMatch(
      /dkim=pass header\.d=football\.example\.com header\.s=brisbane header\.a=ed25519-sha256/,
    )
    expect(text).toMatch(/dkim=pass header\.d=football\.example\.com header\.s=test header\.a=rsa-sha256/)
    expect(right.findings).toMatchObject([{ reason: 'sender-proven' }])
    const changed = await step.run(subjectOf(message.replace('dinner', 'supper'), given), contextOf())
    expect(changed.findings).toMatchObject([{ type: 'dmarc', wish: 'reject' }])
    dns.close()
  })
})
