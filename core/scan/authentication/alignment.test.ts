/**
 * The cases of RFC 7489 appendix B (DMARC: what is aligned with what, and what a receiver makes of it), what a
 * signature must have to prove anything, and the rules of RFC 8617 §4 and §5 on chains that are broken.
 */
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { sealMessage } from 'mailauth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DnsServer, startDns, txt } from '../../../e2e/servers/dns.ts'
import { createDns, type Dns } from '../../dns/dns.ts'
import { silentLog } from '../../observe/log.ts'
import { contextOf, type Given, subjectOf } from '../testing/subject.ts'
import type { Step } from '../types.ts'
import { authenticationStep } from './step.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const short = generateKeyPairSync('rsa', { modulusLength: 512 })
const recordOf = (key: typeof rsa) =>
  `v=DKIM1; k=rsa; p=${key.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`

let server: DnsServer
let dns: Dns
let step: Step
beforeAll(async () => {
  const domain = (name: string) => [
    `${name} ${txt('v=spf1 ip4:192.0.2.1 -all')}`,
    `child.${name} ${txt('v=spf1 ip4:192.0.2.1 -all')}`,
    `s1._domainkey.${name} ${txt(recordOf(rsa))}`,
    `short._domainkey.${name} ${txt(recordOf(short))}`,
  ]
  // DMARC asks up to the top: the zones there must answer, too.
  server = await startDns({
    'com.': [
      ...domain('example'),
      `_dmarc.example ${txt('v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com')}`,
    ].join('\n'),
    'net.': domain('sample').join('\n'),
    'test.': [
      ...domain('strict'),
      `_dmarc.strict ${txt('v=DMARC1; p=reject; aspf=s; adkim=s')}`,
      ...domain('sub'),
      `_dmarc.sub ${txt('v=DMARC1; p=none; sp=quarantine')}`,
    ].join('\n'),
  })
  dns = createDns({ servers: [server.address], timeLimit: 2_000 })
  step = authenticationStep({ hostname: 'mx.here.test', dns, log: silentLog })
})
afterAll(async () => {
  dns?.close()
  await server?.close()
})

const BODY = 'Hello.\r\n'
const mailFrom = (from: string) =>
  [`From: ${from}`, 'To: receiver@example.org', 'Subject: here is a sample', '', BODY].join('\r\n')

/** A signature made by hand: fields in relaxed form, the body in simple form. */
function signed(
  text: string,
  domain: string,
  given: { fields?: string[]; algorithm?: string; more?: string; selector?: string } = {},
): string {
  const { fields = ['from', 'to', 'subject'], algorithm = 'rsa-sha256', more = '', selector = 's1' } = given
  const hash = algorithm.endsWith('sha1') ? 'sha1' : 'sha256'
  const bh = createHash(hash).update(BODY).digest('base64')
  const own = `v=1; a=${algorithm}; c=relaxed/simple; d=${domain}; s=${selector};${more} h=${fields.join(':')}; bh=${bh}; b=`
  const relaxed = fields.map(name => {
    const line = text.split('\r\n').find(one => one.toLowerCase().startsWith(`${name}:`)) ?? ''
    return `${name}:${line.slice(line.indexOf(':') + 1).trim()}\r\n`
  })
  const key = selector === 'short' ? short : rsa
  const b = sign(hash, Buffer.from(`${relaxed.join('')}dkim-signature:${own}`), key.privateKey)
  return `DKIM-Signature: ${own}${b.toString('base64')}\r\n${text}`
}

async function resultsOf(text: string, given: Given): Promise<string> {
  const outcome = await step.run(subjectOf(text, given), contextOf())
  return outcome.addFields?.join('').replace(/\r\n[ \t]+/g, ' ') ?? ''
}

const ours = '192.0.2.1'
const elsewhere = '203.0.113.5'

describe('RFC 7489 appendix B.1: alignment', () => {
  test.each([
    ['SPF 1: the same domain', 'sender@example.com', 'sender@example.com', 'pass'],
    ['SPF 2: the parent in From', 'sender@child.example.com', 'sender@example.com', 'pass'],
    ['SPF 3: unrelated domains', 'sender@sample.net', 'sender@child.example.com', 'fail'],
  ])('%s', async (_, sender, from, result) => {
    const found = await resultsOf(mailFrom(from), { sender, address: ours })
    expect(found).toContain('spf=pass')
    expect(found).toContain(`dmarc=${result}`)
  })

  test.each([
    ['DKIM 1: the same domain', 'example.com', 'sender@example.com', 'pass'],
    ['DKIM 2: the parent signs', 'example.com', 'sender@child.example.com', 'pass'],
    ['DKIM 3: unrelated domains', 'sample.net', 'sender@child.example.com', 'fail'],
  ])('%s', async (_, domain, from, result) => {
    const found = await resultsOf(signed(mailFrom(from), domain), {
      sender: 'x@nobody.test',
      address: elsewhere,
    })
    expect(found).toContain(`dkim=pass header.d=${domain}`)
    expect(found).toContain(`dmarc=${result}`)
  })

  test('strict alignment (§6.3) takes the same domain only', async () => {
    const loose = { sender: 'sender@child.strict.test', address: ours }
    expect(await resultsOf(mailFrom('sender@strict.test'), loose)).toContain('dmarc=fail (p=reject)')
    const exact = { sender: 'sender@strict.test', address: ours }
    expect(await resultsOf(mailFrom('sender@strict.test'), exact)).toContain('dmarc=pass')
    const below = signed(mailFrom('sender@child.strict.test'), 'strict.test')
    expect(await resultsOf(below, { sender: 'x@nobody.test', address: elsewhere })).toContain('dmarc=fail')
  })
})

test('RFC 7489 appendix B.2: a domain that only watches refuses nothing, one that speaks for those below it does', async () => {
  const outcome = async (from: string) =>
    (await step.run(subjectOf(mailFrom(from), { sender: from, address: elsewhere }), contextOf())).findings
  expect(await outcome('sender@example.com')).toMatchObject([{ type: 'dmarc', wish: 'none' }])
  expect(await outcome('sender@sub.test')).toMatchObject([{ type: 'dmarc', wish: 'none' }])
  expect(await outcome('sender@below.sub.test')).toMatchObject([{ type: 'dmarc', wish: 'quarantine' }])
  expect(await outcome('sender@strict.test')).toMatchObject([{ type: 'dmarc', wish: 'reject' }])
})

describe('a signature proves nothing', () => {
  test.each<[string, Parameters<typeof signed>[2], RegExp]>([
    ['with rsa-sha1 (RFC 8301 §3.1)', { algorithm: 'rsa-sha1' }, /dkim=policy \(weak algorithm\)/],
    ['with a key of 512 bits (RFC 8301 §3.2)', { selector: 'short' }, /dkim=policy/],
    ['that leaves From out (RFC 6376 §5.4)', { fields: ['to', 'subject'] }, /dkim=neutral/],
    ['that has expired', { more: ' x=1600000000;' }, /dkim=neutral \(expired\)/],
  ])('%s', async (_, given, expected) => {
    const found = await resultsOf(signed(mailFrom('sender@example.com'), 'example.com', given), {
      sender: 'x@nobody.test',
      address: elsewhere,
    })
    expect(found).toMatch(expected)
    expect(found).toContain('dmarc=fail')
  })

  test('one without these faults does, also in the name of a part of its domain', async () => {
    const text = signed(mailFrom('sender@example.com'), 'example.com', { more: ' i=x@child.example.com;' })
    expect(await resultsOf(text, { sender: 'x@nobody.test', address: elsewhere })).toMatch(
      /dkim=pass .*dmarc=pass/,
    )
  })
})

describe('ARC chains (RFC 8617)', () => {
  const text = mailFrom('sender@example.com')
  const sealed = async (message: string, i: number, cv: 'none' | 'pass' | 'fail') => {
    const seal = await sealMessage(message, {
      signingDomain: 'sample.net',
      selector: 's1',
      privateKey: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      i,
      cv,
      authResults: 'sample.net; dmarc=pass header.from=example.com',
    } as never)
    return seal + message
  }
  const without = (message: string, field: string) =>
    message.replace(new RegExp(`^${field}:.*\\r\\n(?:[ \\t].*\\r\\n)*`, 'm'), '')
  const twice = (message: string, field: string) =>
    message.replace(new RegExp(`^${field}:.*\\r\\n(?:[ \\t].*\\r\\n)*`, 'm'), '$&$&')

  test.each<[string, () => Promise<string>, 'pass' | 'fail']>([
    ['of one set, whole', () => sealed(text, 1, 'none'), 'pass'],
    ['of two sets, whole', async () => sealed(await sealed(text, 1, 'none'), 2, 'pass'), 'pass'],
    ['without its seal', async () => without(await sealed(text, 1, 'none'), 'ARC-Seal'), 'fail'],
    [
      'without its signature of the message',
      async () => without(await sealed(text, 1, 'none'), 'ARC-Message-Signature'),
      'fail',
    ],
    [
      'without its results',
      async () => without(await sealed(text, 1, 'none'), 'ARC-Authentication-Results'),
      'fail',
    ],
    ['with a seal twice', async () => twice(await sealed(text, 1, 'none'), 'ARC-Seal'), 'fail'],
    [
      'that begins with the second set',
      async () => (await sealed(text, 1, 'none')).replace(/^(ARC-\S+ i=)1/gm, '$12'),
      'fail',
    ],
    [
      'with a gap',
      async () => (await sealed(await sealed(text, 1, 'none'), 2, 'pass')).replace(/^(ARC-\S+ i=)2/gm, '$13'),
      'fail',
    ],
    ['whose first set claims one before it', () => sealed(text, 1, 'pass'), 'fail'],
    ['that was found broken before', async () => sealed(await sealed(text, 1, 'none'), 2, 'fail'), 'fail'],
    [
      'whose second set denies the first',
      async () => sealed(await sealed(text, 1, 'none'), 2, 'none'),
      'fail',
    ],
    ['over another body', async () => (await sealed(text, 1, 'none')).replace('Hello.', 'Other.'), 'fail'],
    [
      'over another subject',
      async () => (await sealed(text, 1, 'none')).replace('here is', 'there is'),
      'fail',
    ],
    [
      'whose results were changed',
      async () =>
        (await sealed(text, 1, 'none')).replace('header.from=example.com', 'header.from=example.org'),
      'fail',
    ],
    [
      'whose first seal was changed',
      async () =>
        sealed(await sealed(text, 1, 'none'), 2, 'pass').then(all =>
          all.replace(
            /(ARC-Seal: i=1;[\s\S]*? b=)(.)/,
            (_, head, letter) => head + (letter === 'A' ? 'B' : 'A'),
          ),
        ),
      'fail',
    ],
  ])('%s', async (_, make, expected) => {
    const found = await resultsOf(await make(), { sender: 'x@sample.net', address: ours })
    expect(found).toContain(`; arc=${expected}`)
  })

  test('no sets are no chain', async () => {
    expect(await resultsOf(text, { sender: 'x@sample.net', address: ours })).not.toContain('; arc=')
  })
})
