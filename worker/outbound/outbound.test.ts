import { sealList } from '@restante/core/directory/backends.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { addPerson } from '@restante/core/directory/people.ts'
import type { Dns } from '@restante/core/dns/dns.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type TestGateway, testGateway, until } from '../testing/gateway.ts'
import { type Scripted, scriptedServer } from '../testing/scripted.ts'
import { dialDomain } from './mx.ts'

const MESSAGE = 'From: anna@example.test\r\nTo: x@elsewhere.test\r\nSubject: Offer\r\n\r\nDear all.\r\n'

let backend: Scripted
let first: Scripted
let second: Scripted
let gateway: TestGateway

beforeAll(async () => {
  ;[backend, first, second] = await Promise.all([scriptedServer(), scriptedServer(), scriptedServer()])
  gateway = await testGateway([`smtp://127.0.0.1:${backend.port}`])
  await gateway.services.db
    .updateTable('organization')
    .set({
      smarthosts: sealList(gateway.services.sealKey, [
        `smtp://127.0.0.1:${first.port}`,
        `smtp://127.0.0.1:${second.port}`,
      ]),
    })
    .execute()
  gateway.start()
})
afterAll(async () => {
  await gateway?.close()
  for (const server of [backend, first, second]) await server?.stop()
})
beforeEach(() => {
  for (const server of [backend, first, second]) {
    server.script = {}
    server.received.length = 0
  }
})

const send = (recipients: string[]) =>
  gateway.accept(recipients, MESSAGE, { kind: 'submission', sender: 'anna@example.test' })

/** By either smarthost: one that was away a moment ago is passed over. */
const arrived = () => first.received.length + second.received.length

describe('mail to the outside', () => {
  test('goes to the smarthost, one delivery for each domain', async () => {
    await send(['x@elsewhere.test', 'y@elsewhere.test', 'z@other.test'])
    await until('two messages came', () => first.received.length === 2)
    expect(first.received.map(r => r.recipients).sort()).toEqual([
      ['x@elsewhere.test', 'y@elsewhere.test'],
      ['z@other.test'],
    ])
    expect(first.received[0]?.content.toString()).toBe(MESSAGE)
  })

  test('goes to the next smarthost when the first is away', async () => {
    await first.stop()
    await send(['x@elsewhere.test'])
    await until('it came by the second', () => second.received.length === 1)
    await first.start()
  })

  test('needs no job, once the worker has its number', async () => {
    const enqueue = vi.spyOn(gateway.services.queues, 'enqueue')
    await until('one went without', async () => {
      enqueue.mockClear()
      const before = arrived()
      await send(['x@elsewhere.test'])
      await until('it came', () => arrived() > before)
      return enqueue.mock.calls.flatMap(([named]) => named).length === 0
    })
    enqueue.mockRestore()
  })

  test('whose way can not be read is given back, and holds up nobody else', async () => {
    const { db, sealKey, directory } = gateway.services
    await addOrganization(db, { name: 'Other' })
    await addDomain(
      db,
      { domain: 'other.example', organization: 'Other', backends: [`smtp://127.0.0.1:${backend.port}`] },
      sealKey,
    )
    const sender = 'eve@other.example'
    await addPerson(db, { address: sender, name: 'Eve', role: 'user', locale: 'en' })
    const smarthosts = 'sealed with another secret'
    await db.updateTable('organization').set({ smarthosts }).where('name', '=', 'Other').execute()
    await until('she is known', () => directory().route(sender).type === 'local')
    const id = await gateway.accept(['x@place.test'], MESSAGE, { kind: 'submission', sender })
    await send(['x@elsewhere.test'])
    await until('the other one came', () => arrived() === 1)
    await until('it is given back', async () => {
      const row = await db
        .selectFrom('delivery')
        .select(['state', 'leased_until', 'attempts'])
        .where('message_id', '=', id)
        .executeTakeFirst()
      return row?.state === 'queued' && row.leased_until === null && row.attempts === 0
    })
  })

  test('that fails for good brings its sender a notice in their language, backend or not', async () => {
    await gateway.services.db
      .updateTable('person')
      .set({ locale: 'it' })
      .where('address', '=', 'anna@example.test')
      .execute()
    const answer = (line: string) => (line.startsWith('RCPT') ? '550 5.2.2 Over quota' : undefined)
    first.script = { command: answer }
    second.script = { command: answer }
    await send(['full@elsewhere.test'])
    const notice = await until('the notice came', () => backend.received[0])
    expect(notice).toMatchObject({ sender: '', recipients: ['anna@example.test'] })
    const text = notice.content.toString()
    expect(text).toContain('Content-Type: multipart/report; report-type=delivery-status')
    expect(text).toContain('Final-Recipient: rfc822; full@elsewhere.test\r\nAction: failed\r\nStatus: 5.2.2')
    expect(text).toContain('Diagnostic-Code: smtp; 550 5.2.2 Over quota')
    const words = Buffer.from(/base64\r\n\r\n([\s\S]*?)\r\n--/.exec(text)?.[1] ?? '', 'base64').toString()
    expect(words).toContain('La casella di full@elsewhere.test è piena.')
    expect(words.replace(/\s+/g, ' ')).toContain('Non proveremo più.')
  })

  test('that fails brings the whole message back when the sender asked for it', async () => {
    const answer = (line: string) => (line.startsWith('RCPT') ? '550 5.1.1 unknown' : undefined)
    first.script = { command: answer }
    second.script = { command: answer }
    await gateway.accept(['gone@elsewhere.test'], MESSAGE, {
      kind: 'submission',
      sender: 'bruno@example.test',
      ret: 'FULL',
    })
    const notice = await until('the notice came', () => backend.received[0])
    expect(notice.content.toString()).toContain('Content-Type: message/rfc822')
    expect(notice.content.toString()).toContain('Dear all.')
  })
})

describe('by MX', () => {
  const options = { name: 'gateway.test', allowLocal: true }
  const dns = (zone: Record<string, unknown[]>): Pick<Dns, 'question'> => ({
    async question(name, type) {
      const records = zone[`${name} ${type}`]
      if (!records) throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' })
      return { records, authentic: false }
    },
  })
  const address = { 'mx.elsewhere.test A': ['127.0.0.1'] }
  const zone = { ...address, 'elsewhere.test MX': [{ exchange: 'mx.elsewhere.test', priority: 10 }] }

  test('the server of the domain is found and named', async () => {
    const dialed = await dialDomain('elsewhere.test', { ...options, port: first.port, dns: dns(zone) })
    expect(dialed).toMatchObject({ type: 'open', peer: { name: 'mx.elsewhere.test' } })
    if (dialed.type === 'open') dialed.peer.close()
  })

  test('a domain that does not exist is a bad domain for good', async () => {
    const dialed = await dialDomain('nowhere.test', { ...options, dns: dns({}) })
    expect(dialed).toMatchObject({ outcome: { category: 'bad-domain', permanent: true, enhanced: '5.1.2' } })
  })

  test('a null MX is a bad domain for good', async () => {
    const dialed = await dialDomain('nomail.test', {
      ...options,
      dns: dns({ 'nomail.test MX': [{ exchange: '', priority: 0 }] }),
    })
    expect(dialed).toMatchObject({ outcome: { category: 'bad-domain', permanent: true, enhanced: '5.1.10' } })
  })

  test('a DNS that fails is no reason to give up', async () => {
    const dialed = await dialDomain('elsewhere.test', {
      ...options,
      dns: {
        question: async () => {
          throw Object.assign(new Error('SERVFAIL'), { code: 'ESERVFAIL' })
        },
      },
    })
    expect(dialed).toMatchObject({ outcome: { category: 'dns-fault', permanent: false } })
  })

  test('an MX whose host has no address is no reason to give up', async () => {
    const dialed = await dialDomain('elsewhere.test', {
      ...options,
      dns: dns({ 'elsewhere.test MX': [{ exchange: 'gone.elsewhere.test', priority: 10 }] }),
    })
    expect(dialed).toMatchObject({ outcome: { permanent: false } })
  })

  test('a server that does not answer is no reason to give up', async () => {
    const gone = await scriptedServer()
    await gone.stop()
    const dialed = await dialDomain('elsewhere.test', { ...options, port: gone.port, dns: dns(zone) })
    expect(dialed).toMatchObject({ outcome: { category: 'unreachable', permanent: false } })
  })

  test('an MX that leads back to us is a loop for good', async () => {
    first.script = {
      command: line => (line.startsWith('EHLO') ? '250 Gateway.test at your service' : undefined),
    }
    const { port } = first
    const looped = await dialDomain('elsewhere.test', { ...options, port, dns: dns(zone) })
    expect(looped).toMatchObject({ outcome: { category: 'loop', permanent: true, enhanced: '5.4.6' } })
  })

  test('an MX that points into a private network is not dialed', async () => {
    const before = first.sessions
    const dialed = await dialDomain('elsewhere.test', {
      ...options,
      allowLocal: false,
      port: first.port,
      dns: dns(zone),
    })
    expect(dialed).toMatchObject({ type: 'failed', outcome: { permanent: false } })
    expect(first.sessions).toBe(before)
  })
})
