/**
 * Sender authentication against a real DNS server: messages signed here, senders who are who they say and who
 * are not, results that somebody forged, DNS that fails and DNS that hangs.
 */

import { generateKeyPairSync } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { dkimSign, sealMessage } from 'mailauth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DnsServer, startDns, txt } from '../../../e2e/servers/dns.ts'
import { scanPolicySchema } from '../../directory/scan-policy.ts'
import { createDns, type Dns } from '../../dns/dns.ts'
import { silentLog } from '../../observe/log.ts'
import { decide } from '../decide.ts'
import { contextOf, type Given, subjectOf } from '../testing/subject.ts'
import type { Step, StepOutcome } from '../types.ts'
import { keysFor } from './keys.ts'
import { authenticationStep } from './step.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const ed = generateKeyPairSync('ed25519')
const pem = (key: typeof rsa.privateKey) => key.export({ type: 'pkcs8', format: 'pem' }).toString()
const rsaRecord = `v=DKIM1; k=rsa; p=${rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`
const edRecord = `v=DKIM1; k=ed25519; p=${ed.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')}`

let server: DnsServer
let dns: Dns
let step: Step
beforeAll(async () => {
  server = await startDns({
    'test.': [
      `strict ${txt('v=spf1 ip4:192.0.2.0/24 -all')}`,
      `_dmarc.strict ${txt('v=DMARC1; p=reject; sp=quarantine')}`,
      `s1._domainkey.strict ${txt(rsaRecord)}`,
      `e1._domainkey.strict ${txt(edRecord)}`,
      `careful ${txt('v=spf1 -all')}`,
      `_dmarc.careful ${txt('v=DMARC1; p=quarantine')}`,
      `watching ${txt('v=spf1 -all')}`,
      `_dmarc.watching ${txt('v=DMARC1; p=none')}`,
      `plain ${txt('v=spf1 ip4:192.0.2.1 -all')}`,
      `s1._domainkey.plain ${txt(rsaRecord)}`,
      `s1._domainkey.forwarder ${txt(rsaRecord)}`,
      `forwarder ${txt('v=spf1 ip4:198.51.100.7 -all')}`,
      `_spf.macro ${txt('v=spf1 exists:%{ir}.ok.test -all')}`,
      `macro ${txt('v=spf1 redirect=_spf.macro.test')}`,
      '1.2.0.192.ok A 127.0.0.2',
    ].join('\n'),
  })
  dns = createDns({ servers: [server.address], timeLimit: 2_000 })
  step = authenticationStep({
    hostname: 'mx.here.test',
    dns,
    log: silentLog,
    trustedSealers: ['forwarder.test'],
  })
})
afterAll(async () => {
  dns?.close()
  await server?.close()
})

const message = (from: string, more = '') =>
  `${more}From: Somebody <${from}>\r\nTo: anna@here.test\r\nSubject: Hello\r\nMessage-ID: <1@x.test>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n\r\nHello  Anna,\r\nhow are you?\r\n\r\n\r\n`

async function signed(
  text: string,
  domain: string,
  selector = 's1',
  key = pem(rsa.privateKey),
): Promise<string> {
  const { signatures, errors } = await dkimSign(text, {
    canonicalization: 'relaxed/relaxed',
    signTime: new Date('2026-11-22T09:00:00Z'),
    signatureData: [{ signingDomain: domain, selector, privateKey: key }],
  } as never)
  expect(errors).toEqual([])
  return signatures + text
}

const run = (text: string | Buffer, given: Given, policy = {}) =>
  step.run(subjectOf(text, given), contextOf(policy))
const results = (outcome: StepOutcome) => outcome.addFields?.at(-1)?.replace(/\r\n[ \t]/g, ' ')

describe('who is proven', () => {
  const elsewhere = '203.0.113.5'
  test.each<[string, () => Promise<string> | string, Given, string, RegExp]>([
    [
      'by SPF',
      () => message('anna@strict.test'),
      { sender: 'anna@strict.test', address: '192.0.2.9' },
      'sender-proven',
      /; spf=pass smtp\.mailfrom=strict\.test; dmarc=pass header\.from=strict\.test\r\n$/,
    ],
    [
      'by SPF of the HELO name, for a notice',
      () => message('mailer-daemon@strict.test'),
      { sender: '', helo: 'strict.test', address: '192.0.2.9' },
      'sender-proven',
      /; spf=pass smtp\.helo=strict\.test;/,
    ],
    [
      'by SPF with macros and redirect',
      () => message('anna@macro.test'),
      { sender: 'anna@macro.test', address: '192.0.2.1' },
      'sender-proven',
      /; spf=pass smtp\.mailfrom=macro\.test;/,
    ],
    [
      'by DKIM (RSA)',
      () => signed(message('anna@strict.test'), 'strict.test'),
      { sender: 'x@forwarder.test', address: elsewhere },
      'sender-proven',
      /spf=fail .*dkim=pass header\.d=strict\.test header\.s=s1 header\.a=rsa-sha256 header\.b=.*dmarc=pass/,
    ],
    [
      'by DKIM (Ed25519)',
      () => signed(message('anna@strict.test'), 'strict.test', 'e1', pem(ed.privateKey)),
      { sender: '', address: elsewhere },
      'sender-proven',
      /dkim=pass header\.d=strict\.test header\.s=e1 header\.a=ed25519-sha256/,
    ],
    [
      'by DKIM of a domain without a policy',
      () => signed(message('anna@plain.test'), 'plain.test'),
      { sender: '', address: elsewhere },
      'sender-proven',
      /dkim=pass header\.d=plain\.test .*dmarc=none header\.from=plain\.test/,
    ],
    [
      'nobody: another domain signed it',
      () => signed(message('anna@plain.test'), 'forwarder.test'),
      { sender: '', address: elsewhere },
      'sender-unproven',
      /dkim=pass header\.d=forwarder\.test/,
    ],
    [
      'nobody: the SPF says no',
      () => message('anna@plain.test'),
      { sender: 'anna@plain.test', address: elsewhere },
      'spf-failed',
      /spf=fail smtp\.mailfrom=plain\.test/,
    ],
    [
      'nobody: there is no From',
      () => 'Subject: x\r\n\r\ny\r\n',
      { address: elsewhere },
      'no-author',
      /spf=none/,
    ],
  ])('%s', async (_name, text, given, reason, header) => {
    const outcome = await run(await text(), given)
    expect(outcome.findings.map(finding => finding.reason)).toEqual([reason])
    expect(results(outcome)).toMatch(/^Authentication-Results: mx\.here\.test; /)
    expect(results(outcome)).toMatch(header)
  })

  test('a signature is read in chunks of any size, and of a message that is not held', async () => {
    const text = await signed(message('anna@strict.test'), 'strict.test')
    for (const chunks of [1, 3, 17, 1_000]) {
      const outcome = await run(text, { address: elsewhere, chunks })
      expect(outcome.findings).toMatchObject([{ reason: 'sender-proven' }])
    }
  })

  test('a changed body proves nothing, nor does one of which only a part is signed', async () => {
    const text = await signed(message('anna@strict.test'), 'strict.test')
    const changed = await run(text.replace('how are you', 'send money'), { address: elsewhere })
    expect(changed.findings).toMatchObject([{ type: 'dmarc', wish: 'reject' }])
    const { signatures } = await dkimSign(message('anna@strict.test'), {
      signatureData: [
        { signingDomain: 'strict.test', selector: 's1', privateKey: pem(rsa.privateKey), maxBodyLength: 5 },
      ],
    } as never)
    const partly = await run(signatures + message('anna@strict.test'), { address: elsewhere })
    expect(partly.findings).toMatchObject([{ type: 'dmarc', wish: 'reject' }])
    expect(results(partly)).toMatch(/dkim=policy \(part of the body is not signed\)/)
  })

  test('of a thousand signatures ten are looked at', async () => {
    const one = (await signed(message('anna@strict.test'), 'strict.test')).split('From:')[0] as string
    const outcome = await run(one.repeat(1_000) + message('anna@strict.test'), { address: elsewhere })
    expect(results(outcome)?.match(/dkim=/g)).toHaveLength(10)
    expect(outcome.findings).toMatchObject([{ reason: 'sender-proven' }])
  })

  test('a line of a hundred thousand characters is not hashed, and proves nothing', async () => {
    const text = (await signed(message('anna@strict.test'), 'strict.test')) + 'x'.repeat(100_000)
    const outcome = await run(text, { address: elsewhere })
    expect(outcome.findings).toMatchObject([{ type: 'dmarc' }])
  })
})

describe('what the policy of the sender means', () => {
  const forged = { sender: 'x@elsewhere.test', address: '203.0.113.5' }
  const recipient = 'anna@here.test'
  test.each([
    ['strict.test', 'honour', 'reject'],
    ['strict.test', 'mark', 'mark'],
    ['strict.test', 'ignore', 'pass'],
    ['sub.strict.test', 'honour', 'quarantine'],
    ['careful.test', 'honour', 'quarantine'],
    ['careful.test', 'mark', 'mark'],
    ['careful.test', 'ignore', 'pass'],
    ['watching.test', 'honour', 'mark'],
    ['watching.test', 'ignore', 'pass'],
  ] as const)('%s, %s: %s', async (domain, dmarc, verdict) => {
    const outcome = await run(message(`boss@${domain}`), forged)
    const policy = scanPolicySchema.parse({ dmarc })
    const { record, answer, dispositions } = decide(
      [{ step: 'authentication', kind: 'facts', outcome, ms: 1 }],
      [recipient],
      () => policy,
    )
    expect(record.verdict).toBe(verdict)
    expect(answer.type).toBe(verdict === 'reject' ? 'reject' : 'accept')
    expect(dispositions.get(recipient)).toBe(verdict === 'quarantine' ? 'junk' : undefined)
  })

  test('two From fields, or two addresses, are held to the harder policy', async () => {
    for (const header of [
      'From: a@plain.test\r\nFrom: boss@strict.test\r\n',
      'From: a@plain.test, boss@strict.test\r\n',
      'From: "a@plain.test" <boss@strict.test>\r\n',
      'From: Team: a@plain.test, boss@strict.test;\r\n',
      'From : boss@STRICT.test\r\n',
      'From:\r\n boss@strict.test.\r\n',
    ]) {
      const outcome = await run(`${header}\r\nx\r\n`, { sender: 'a@plain.test', address: '192.0.2.1' })
      // 192.0.2.1 may send for both, so that only the envelope tells them apart.
      expect([header, outcome.findings]).toMatchObject([header, [{ type: 'dmarc', wish: 'reject' }]])
    }
  })

  test('from our own networks nobody is judged', async () => {
    for (const address of ['127.0.0.1', '10.1.2.3', '::1', '::ffff:192.168.1.1', 'fd00::1']) {
      const outcome = await run(message('boss@strict.test'), { sender: 'x@elsewhere.test', address })
      expect(outcome.findings).toEqual([])
      expect(outcome.addFields).toEqual(['Authentication-Results: mx.here.test; none\r\n'])
    }
  })
})

describe('ARC', () => {
  const seal = (text: string, results: string, domain = 'forwarder.test') =>
    sealMessage(text, {
      signingDomain: domain,
      selector: 's1',
      privateKey: pem(rsa.privateKey),
      i: 1,
      cv: 'none',
      authResults: results,
    } as never)
  const relayed = { sender: 'x@forwarder.test', address: '198.51.100.7' }
  const saw = (from: string) => `forwarder.test; dmarc=pass header.from=${from}`

  test('a trusted forwarder vouches for who it saw, and for nobody else', async () => {
    const text = message('boss@strict.test')
    const right = await run((await seal(text, saw('strict.test'))) + text, relayed)
    expect(right.findings).toMatchObject([{ type: 'clean', reason: 'arc-trusted', detail: 'forwarder.test' }])
    expect(results(right)).toMatch(/dmarc=fail .*arc=pass/)
    const other = await run((await seal(text, saw('plain.test'))) + text, relayed)
    expect(other.findings).toMatchObject([{ type: 'dmarc' }])
    const untrusted = await run((await seal(text, saw('strict.test'), 'plain.test')) + text, relayed)
    expect(untrusted.findings).toMatchObject([{ type: 'dmarc' }])
    const changed = (await seal(text, saw('strict.test'))) + text.replace('how are you', 'send money')
    expect((await run(changed, relayed)).findings).toMatchObject([{ type: 'dmarc' }])
  })
})

describe('DNS', () => {
  test('that refuses to answer is a mark, never a refusal', async () => {
    // No zone of the server: it refuses.
    const outcome = await run(message('boss@nowhere.example'), { sender: 'boss@nowhere.example' })
    expect(outcome.findings).toMatchObject([{ type: 'suspicious', reason: 'dns-failed' }])
    expect(results(outcome)).toMatch(/spf=temperror .*dmarc=temperror/)
  })

  test("a stranger's dead name server does not excuse a forgery", async () => {
    const dead = await signed(message('boss@strict.test'), 'nowhere.example')
    const outcome = await run(dead, { sender: 'x@nowhere.example', address: '203.0.113.5' })
    expect(results(outcome)).toMatch(/spf=temperror .*dkim=temperror .*dmarc=fail/)
    expect(outcome.findings).toMatchObject([{ type: 'dmarc', wish: 'reject' }])
  })

  test("keys of strangers take no time from the author's own", async () => {
    let asked = 0
    const slow = {
      ask: async (name: string) => {
        asked++
        if (name.endsWith('bank.test')) return [['key']]
        return new Promise<never>(() => {})
      },
    }
    const ask = keysFor(slow, ['bank.test'], 50)
    for (let n = 0; n < 5; n++)
      await expect(ask(`s${n}._domainkey.stranger.test`, 'TXT')).rejects.toMatchObject({ code: 'ETIMEOUT' })
    expect(asked).toBe(1)
    expect(await ask('s._domainkey.mail.bank.test', 'TXT')).toEqual([['key']])
  })

  test('that never answers is a mark too, and what is forged goes all the same', async () => {
    const silent = createSocket('udp4')
    await new Promise<void>(resolve => silent.bind(0, '127.0.0.1', resolve))
    const hanging = createDns({ servers: [`127.0.0.1:${silent.address().port}`], timeLimit: 300 })
    try {
      const waiting = authenticationStep({ hostname: 'mx.here.test', dns: hanging, log: silentLog })
      const forged = 'Authentication-Results: mx.here.test; dmarc=pass\r\n'
      const outcome = await waiting.run(
        subjectOf(message('boss@strict.test', forged), { sender: 'boss@strict.test' }),
        contextOf(),
      )
      expect(outcome.findings).toMatchObject([{ type: 'suspicious', reason: 'dns-failed' }])
      expect(outcome.removeFields).toEqual([{ name: 'authentication-results', index: 0 }])
    } finally {
      hanging.close()
      silent.close()
    }
  })
})
