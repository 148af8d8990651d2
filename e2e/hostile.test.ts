/**
 * A stranger sends what is made to cost (core/scan/testing/hostile.ts), while a colleague's mail goes on coming. Each
 * message gets a clear answer, the colleague's arrive, and what got 250 is there: at the backend, byte for byte, or in
 * the quarantine; and opens.
 */
import { HOSTILE, SIGNER } from '@restante/core/scan/testing/hostile.ts'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { type Gateway, startGateway } from './gateway.ts'
import type { JmapClient } from './jmap.ts'
import { addOrganization, jmapFor } from './organization.ts'
import { type DnsServer, startDns, txt } from './servers/dns.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { SmtpClient, startLoad } from './smtp.ts'
import { until } from './until.ts'
import { report, untilEmpty, untilKnown } from './watch.ts'

const [from, to] = ['mallory@strict.test', 'anna@acme.example']
/** What the relay says to each, and whether it goes to the backend. */
const sent: [name: string, reply: RegExp, becomes: 'delivered' | 'quarantined' | 'refused'][] = [
  ['1 MiB of header in 20,000 fields, all of them signed', /^250 /, 'delivered'],
  ['one field of 20,000 lines', /^250 /, 'delivered'],
  ['100,000 Received fields', /^554 5\.4\.6 Mail loop/, 'refused'],
  ['a header that never ends', /^552 5\.3\.4 Header of the message has more than/, 'refused'],
  ['10,000 parts', /^250 /, 'delivered'],
  ['messages nested 100 deep', /^250 /, 'delivered'],
  ['multiparts nested 1,000 deep', /^250 /, 'quarantined'],
  ['a zip bomb', /^250 /, 'quarantined'],
  ['50 MiB in one line', /^552 5\.3\.4 /, 'refused'],
]

let dns: DnsServer
let sink: Sink
let gateway: Gateway
let anna: JmapClient
beforeAll(async () => {
  dns = await startDns({
    'test.': `strict ${txt('v=spf1 -all')}\ns1._domainkey.${SIGNER.replace('.test', '')} ${txt('v=DKIM1; p=')}`,
  })
  sink = await startSink()
  gateway = await startGateway({ env: { DNS_SERVERS: dns.address } })
  await addOrganization(gateway, {
    name: 'Acme',
    domain: 'acme.example',
    backends: [`smtp://127.0.0.1:${sink.port}`],
    people: [{ name: 'anna' }],
  })
  await untilKnown(gateway, to)
  anna = await jmapFor(gateway, to)
})
afterAll(async () => {
  await gateway?.remove()
  await sink?.stop()
  await dns?.close()
})

test('what is made to cost gets its answer, and honest mail goes on', async () => {
  onTestFailed(() => report(gateway))
  const load = startLoad({
    port: gateway.ports.relay,
    from: 'bob@strict.test',
    to: [to],
    connections: 2,
    pause: 50,
  })
  await until('honest mail comes', () => load.accepted.size > 5)
  const delivered: { name: string; content: Buffer }[] = []
  for (const [name, reply, becomes] of sent) {
    const content = Buffer.concat([...(HOSTILE.find(one => one.name === name)?.content() ?? [])])
    const client = await SmtpClient.open(gateway.ports.relay)
    const { code, text } = await client.send(from, [to], content)
    client.quit()
    expect(`${code} ${text}`, name).toMatch(reply)
    if (becomes === 'delivered') delivered.push({ name, content })
    const before = load.accepted.size
    await until('honest mail goes on', () => load.accepted.size > before + 1)
  }
  await load.stop()
  expect([...load.refused, ...load.unknown]).toEqual([])

  await until('all is at the backend', () => sink.kept.length >= load.accepted.size + delivered.length)
  await untilEmpty(gateway)
  const missing = delivered.filter(
    ({ content }) => !sink.kept.some(kept => kept.content.subarray(-content.length).equals(content)),
  )
  expect(missing.map(({ name }) => name)).toEqual([])
  const arrived = sink.kept.map(({ content }) => content.toString('latin1'))
  expect([...load.accepted.keys()].filter(id => !arrived.some(text => text.includes(id)))).toEqual([])
  expect(arrived).toHaveLength(load.accepted.size + delivered.length)

  const { items } = await gateway.cli<{ items: unknown[] }>(['quarantine', 'list'])
  expect(items).toHaveLength(sent.filter(([, , becomes]) => becomes === 'quarantined').length)
})

test('it can be listed, read and shown', async () => {
  const { ids } = await anna.call<{ ids: string[] }>('Email/query', {
    filter: { from: 'mallory' },
    limit: 50,
  })
  expect(ids).toHaveLength(sent.filter(([, , becomes]) => becomes === 'delivered').length)
  for (const id of ids) {
    const body = await anna.fetch(`/message/${anna.accountId}/${id}/body?remote=0`)
    expect(body.status).toBe(200)
    await body.text()
  }
})
