/**
 * Somebody writes to the company in the name of its bank. The bank says in DNS that such mail is to be refused,
 * and the forger is told so; the bank's own mail comes through with our result on top, and a result that the
 * sender had put there himself is gone. Then the company changes what it wants of the scan, word by word.
 */
import { generateKeyPairSync } from 'node:crypto'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { type Gateway, startGateway } from './gateway.ts'
import { addOrganization } from './organization.ts'
import { type DnsServer, startDns, txt } from './servers/dns.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { type Reply, SmtpClient } from './smtp.ts'
import { until } from './until.ts'
import { untilKnown } from './watch.ts'

const domain = 'company.example'
const ann = `ann@${domain}`
/** The gateway's own name: RESTANTE_HOSTNAME of gateway.ts. */
const OURS = 'mx.example.net'
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const key = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')

let dns: DnsServer
let backend: Sink
let gateway: Gateway

beforeAll(async () => {
  dns = await startDns({
    'example.': [
      `bank ${txt('v=spf1 ip4:192.0.2.10 -all')}`,
      `_dmarc.bank ${txt('v=DMARC1; p=reject')}`,
      `post._domainkey.bank ${txt(`v=DKIM1; k=rsa; p=${key}`)}`,
      'mail.bank A 192.0.2.10',
      'mail.crook A 203.0.113.66',
    ].join('\n'),
    '2.0.192.in-addr.arpa.': '10 PTR mail.bank.example.',
    '113.0.203.in-addr.arpa.': '66 PTR mail.crook.example.\n67 PTR mail.crook.example.',
    'list.test.': '67.113.0.203 A 127.0.0.2',
  })
  backend = await startSink({ lmtp: true })
  gateway = await startGateway({
    env: {
      DNS_SERVERS: dns.address,
      DNSBL_ZONES: 'list.test=reject',
      RELAY_XCLIENT_NETWORKS: '127.0.0.1',
    },
  })
  await addOrganization(gateway, {
    name: 'Company',
    domain,
    backends: [`lmtp://127.0.0.1:${backend.port}`],
    people: [{ name: 'ann' }],
  })
  await untilKnown(gateway, ann)
})
afterAll(async () => {
  await gateway?.remove()
  await Promise.all([backend?.stop(), dns?.close()])
})

const bank = { address: '192.0.2.10', helo: 'mail.bank.example' }
const crook = { address: '203.0.113.66', helo: 'mail.crook.example' }

/** As a filter in front would hand it over, naming the client by XCLIENT. */
async function send(from: typeof bank, sender: string, content: string): Promise<Reply> {
  const client = await SmtpClient.open(gateway.ports.relay)
  try {
    const named = await client.command(`XCLIENT ADDR=${from.address} HELO=${from.helo}`)
    expect(named.code).toBe(220)
    await client.command(`EHLO ${from.helo}`)
    return await client.send(sender, [ann], content)
  } finally {
    client.quit()
  }
}

const message = (subject: string, from = 'Your Bank <news@bank.example>') =>
  `From: ${from}\r\nTo: ${ann}\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@bank.example>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n\r\nDear Ann\r\n`

/** Signed by another implementation than the one that verifies. */
async function signed(raw: string): Promise<string> {
  const transport = createTransport({
    streamTransport: true,
    buffer: true,
    newline: 'windows',
    dkim: {
      domainName: 'bank.example',
      keySelector: 'post',
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
  })
  const sent = await transport.sendMail({ raw, envelope: { from: 'x@bank.example', to: [ann] } })
  return (sent.message as Buffer).toString()
}

async function delivered(subject: string): Promise<string> {
  await until(`the backend has ${subject}`, () => backend.withSubject(subject).length === 1)
  return backend.withSubject(subject)[0]?.content.toString() ?? ''
}

test('a forger is refused, the bank is not, and nobody writes our results but we', async () => {
  onTestFailed(() => console.error(gateway.log()))
  const forged = await send(crook, 'x@crook.example', message('forged'))
  expect(forged).toMatchObject({
    code: 550,
    text: expect.stringMatching(/^5\.7\.26 .*DMARC.*\(bank\.example\)/),
  })

  const own = `Authentication-Results:\r\n (ours) "${OURS}"; dmarc=pass header.from=elsewhere.example\r\n`
  expect((await send(bank, 'news@bank.example', own + message('by-spf'))).code).toBe(250)
  const bySpf = await delivered('by-spf')
  expect(bySpf.replace(/\r\n[ \t]+/g, ' ')).toMatch(
    /^Authentication-Results: mx\.example\.net; spf=pass smtp\.mailfrom=bank\.example; dmarc=pass header\.from=bank\.example\r$/m,
  )
  expect(bySpf).not.toContain('elsewhere.example')
  expect(bySpf).not.toContain('X-Restante-Scan')

  // Forwarded: not from the bank's server, but what the bank signed.
  expect((await send(crook, 'x@crook.example', await signed(message('by-dkim')))).code).toBe(250)
  expect((await delivered('by-dkim')).replace(/\r\n[ \t]+/g, ' ')).toMatch(
    /dkim=pass header\.d=bank\.example header\.s=post .*; dmarc=pass/,
  )
})

test('the company says what it wants, and the relay does so', async () => {
  onTestFailed(() => console.error(gateway.log()))
  const listed = { address: '203.0.113.67', helo: 'mail.crook.example' }
  expect(await send(listed, 'x@crook.example', message('listed', 'x@crook.example'))).toMatchObject({
    code: 550,
    text: expect.stringMatching(/block list.*\(list\.test\)/),
  })

  const scan = await gateway.cli<{ policy: { dmarc: string }; own: string[] }>([
    'domain',
    'scan',
    domain,
    '--set',
    'dmarc=mark',
    '--set',
    'arc=on',
  ])
  expect(scan).toMatchObject({ policy: { dmarc: 'mark', arc: true }, own: ['dmarc', 'arc'] })
  await until('the relay only marks what fails DMARC', async () => {
    const reply = await send(crook, 'x@crook.example', message('marked'))
    return reply.code === 250
  })
  await until('it came', () => backend.withSubject('marked').length > 0)
  const marked = backend.withSubject('marked')[0]?.content.toString() ?? ''
  expect(marked).toMatch(/^X-Restante-Scan: mark; .*authentication=dmarc-reject/m)
  expect(marked).toMatch(/^ARC-Seal: i=1;/m)

  await gateway.cli(['list', 'add', 'block', 'crook.example', '--org', 'Company'])
  await until('the relay refuses who is on the list', async () => {
    const reply = await send(crook, 'x@crook.example', message('blocked', 'x@crook.example'))
    return reply.code === 550 && /blocked by the recipient/.test(reply.text)
  })
  expect(await gateway.cli(['list', 'show', '--org', 'Company'])).toMatchObject([
    { kind: 'block', value: 'crook.example', mailbox: null, createdBy: 'cli' },
  ])
  expect(await gateway.run(['list', 'add', 'allow', 'crook.example'])).toMatchObject({
    code: 1,
    stderr: 'say whose list: --org NAME or --mailbox ADDRESS\n',
  })
  await gateway.cli(['list', 'remove', 'crook.example', '--org', 'Company'])
  await gateway.cli(['domain', 'scan', domain, '--set', 'greylisting=on', '--reset', 'dmarc'])
  await until('a stranger is told to come again', async () => {
    const reply = await send(crook, 'new@crook.example', message('grey', 'x@crook.example'))
    return reply.code === 451 && reply.text.startsWith('4.7.1 ')
  })
  expect(backend.withSubject('grey').length).toBeLessThanOrEqual(1)

  const refused = await gateway.run(['domain', 'scan', domain, '--set', 'dmarc=maybe'])
  expect(refused).toMatchObject({
    code: 1,
    stderr: 'dmarc must be one of honour, mark, ignore, not "maybe"\n',
  })
  const check = await gateway.cli<{ findings: { code: string; text: string }[] }>(['domain', 'check', domain])
  const arc = check.findings.find(finding => finding.code === 'arc-key-missing')
  expect(arc?.text).toMatch(/add the TXT record restante\._domainkey\.mx\.example\.net .* v=DKIM1; k=rsa; p=/)
})
