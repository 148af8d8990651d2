/**
 * What destinations may ask of who sends to them, with a signed zone (Knot), a resolver that validates (Unbound), mail
 * servers with certificates of their own, and a web server that has the policies: a server that can't prove who
 * it is gets no mail, one that can gets it, and who asks for nothing gets encryption as well as it goes.
 */
import { execFile } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext as context } from 'node:tls'
import { promisify } from 'node:util'
import { testDatabase } from '@restante/core/db/testing.ts'
import { createDns } from '@restante/core/dns/dns.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { createMtaSts } from '@restante/worker/outbound/mta-sts.ts'
import { dialDomain } from '@restante/worker/outbound/mx.ts'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DnsServer, startDns } from './servers/dns.ts'
import { startUnbound } from './servers/unbound.ts'

type Pair = { key: string; cert: string }

let folder: string
let authority: Pair
let signed: Pair
let stranger: Pair
let mail: SMTPServer
let policies: Server
let knot: DnsServer
let unbound: Awaited<ReturnType<typeof startUnbound>>
let database: Awaited<ReturnType<typeof testDatabase>>
let dial: (domain: string) => ReturnType<typeof dialDomain>
const documents = new Map<string, string>()
let fetched = 0

const openssl = (...words: string[]) => promisify(execFile)('openssl', words, { cwd: folder })
const pair = async (name: string): Promise<Pair> => ({
  key: await readFile(join(folder, `${name}.key`), 'utf8'),
  cert: await readFile(join(folder, `${name}.crt`), 'utf8'),
})

async function certificate(name: string, names: string[], by?: string): Promise<Pair> {
  await openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-keyout', `${name}.key`, '-out', `${name}.crt`, '-subj', `/CN=${name}`],
    ...(names.length > 0 ? ['-addext', `subjectAltName=${names.map(n => `DNS:${n}`).join(',')}`] : []),
    ...(by ? ['-CA', `${by}.crt`, '-CAkey', `${by}.key`] : []),
  )
  return await pair(name)
}

const spki = ({ cert }: Pair) =>
  createHash('sha256')
    .update(new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')

const listening = (server: { listen(port: number, host: string, done: () => void): unknown }) =>
  new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restante-tls-'))
  authority = await certificate('authority', [])
  signed = await certificate(
    'signed',
    ['mx.good.test', 'mx.dane.test', ...['good', 'bad', 'listed', 'gone'].map(n => `mta-sts.${n}.test`)],
    'authority',
  )
  // RFC 7672 §3.1.2: a server whose authority is named sends it along.
  const chain = { key: signed.key, cert: signed.cert + authority.cert }
  stranger = await certificate('stranger', ['elsewhere.test'])
  mail = new SMTPServer({
    ...chain,
    authOptional: true,
    SNICallback: (name, done) => {
      const another = name === 'mx.bad.test' || name === 'mx.ee.test'
      done(null, another ? context(stranger) : undefined)
    },
  })
  await listening(mail)
  const { port } = mail.server.address() as AddressInfo
  policies = createServer(signed, (request, response) => {
    fetched++
    const text = documents.get(String(request.headers.host))
    response.writeHead(text ? 200 : 404, { 'content-type': 'text/plain' }).end(text ?? '')
  })
  await listening(policies)
  const mx = 'mx A 127.0.0.1\n@ MX 10 mx'
  const tlsa = (usage: number, key: string) => `_${port}._tcp.mx TLSA ${usage} 1 1 ${key}`
  const sts = '_mta-sts TXT "v=STSv1; id=1"\nmta-sts A 127.0.0.1'
  const zones: Record<string, string> = {
    'plain.test.': mx,
    'ee.test.': `${mx}\n${tlsa(3, spki(stranger))}`,
    'dane.test.': `${mx}\n${tlsa(2, spki(authority))}`,
    'wrong.test.': `${mx}\n${tlsa(3, 'aa'.repeat(32))}`,
    'unsigned.test.': `${mx}\n${tlsa(3, 'aa'.repeat(32))}`,
    'good.test.': `${mx}\n${sts}`,
    'bad.test.': `${mx}\n${sts}`,
    'listed.test.': `${mx}\n${sts}`,
    'gone.test.': `${mx}\n${sts}`,
  }
  const safe = ['ee.test.', 'dane.test.', 'wrong.test.']
  knot = await startDns(zones, safe)
  unbound = await startUnbound(knot, Object.keys(zones))
  documents.set('mta-sts.good.test', policy('enforce', 'mx.good.test'))
  documents.set('mta-sts.bad.test', policy('enforce', '*.bad.test'))
  documents.set('mta-sts.listed.test', policy('enforce', 'other.listed.test'))
  database = await testDatabase()
  const dns = createDns({ servers: [unbound.address] })
  const reach = { allowLocal: true, ca: authority.cert }
  const sources = { dns, db: database.db, log: silentLog }
  const stsPort = (policies.address() as AddressInfo).port
  dial = domain =>
    dialDomain(domain, {
      ...reach,
      name: 'gateway.test',
      port,
      dns,
      sts: createMtaSts({ ...sources, ...reach, port: stsPort }),
    })
})
afterAll(async () => {
  await new Promise<void>(resolve => (mail ? mail.close(() => resolve()) : resolve()))
  policies?.close()
  await unbound?.close()
  await knot?.close()
  await database?.close()
  await rm(folder, { recursive: true, force: true })
})

const policy = (mode: string, mx: string) =>
  `version: STSv1\r\nmode: ${mode}\r\nmx: ${mx}\r\nmax_age: 86400\r\n`

async function result(domain: string) {
  const dialed = await dial(domain)
  if (dialed.type === 'failed') return dialed.outcome
  const { secure, proof } = dialed.peer
  dialed.peer.close()
  return { secure, proof }
}

describe('DANE (RFC 7672)', () => {
  test('a certificate that its signed zone names is enough, whoever issued it', async () => {
    expect(await result('ee.test')).toEqual({ secure: true, proof: 'dane' })
  })
  test('so is one that the named authority issued, for the right name', async () => {
    expect(await result('dane.test')).toEqual({ secure: true, proof: 'dane' })
  })
  test('another certificate gets no mail, and it is tried again', async () => {
    expect(await result('wrong.test')).toMatchObject({ category: 'tls-fault', permanent: false })
  })
  test('records that nobody vouches for say nothing', async () => {
    expect(await result('unsigned.test')).toEqual({ secure: true, proof: null })
  })
})

describe('MTA-STS (RFC 8461)', () => {
  test('a server of the policy with a valid certificate gets the mail', async () => {
    expect(await result('good.test')).toEqual({ secure: true, proof: 'mta-sts' })
  })
  test('without a valid certificate it gets none', async () => {
    expect(await result('bad.test')).toMatchObject({ category: 'tls-fault', permanent: false })
  })
  test('a server that the policy does not name gets none', async () => {
    expect(await result('listed.test')).toMatchObject({ category: 'tls-fault', permanent: false })
  })
  test('a policy that can not be had asks for nothing; one that was had stands', async () => {
    expect(await result('gone.test')).toEqual({ secure: true, proof: null })
    documents.delete('mta-sts.good.test')
    const before = fetched
    expect(await result('good.test')).toEqual({ secure: true, proof: 'mta-sts' })
    expect(fetched).toBe(before)
  })
})

test('who asks for nothing gets encryption without proof', async () => {
  expect(await result('plain.test')).toEqual({ secure: true, proof: null })
})
