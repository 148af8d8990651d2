/**
 * Two gateways on one machine, each with a data folder and ports of its own: a provider's customers, or the
 * try-out beside the real one. Neither sees the other's mail, people or servers, and one ends without the
 * other noticing.
 */
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { type Gateway, startGateway } from './gateway.ts'
import { JmapClient } from './jmap.ts'
import { addOrganization, jmapFor, PASSWORD } from './organization.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { plainMessage, sendMail } from './smtp.ts'
import { until } from './until.ts'

let north: Gateway | undefined
let south: Gateway | undefined
let northBackend: Sink
let southBackend: Sink

beforeAll(async () => {
  northBackend = await startSink({ lmtp: true })
  southBackend = await startSink({ lmtp: true })
  // At the same time, as after a power cut: neither may take the other's ports or servers.
  const [first, second] = await Promise.allSettled([startGateway(), startGateway()])
  if (first.status === 'fulfilled') north = first.value
  if (second.status === 'fulfilled') south = second.value
  if (first.status === 'rejected') throw first.reason
  if (second.status === 'rejected') throw second.reason
})
afterAll(async () => {
  await Promise.all([north?.remove(), south?.remove(), northBackend?.stop(), southBackend?.stop()])
})

test('two gateways run side by side and keep to themselves', async () => {
  if (!north || !south) throw new Error('not started')
  const [a, b] = [north, south]
  onTestFailed(() => console.error(a.log(), '\n', b.log()))
  const url = (sink: Sink) => [`lmtp://127.0.0.1:${sink.port}`]
  await Promise.all([
    addOrganization(a, {
      name: 'North',
      domain: 'north.example',
      backends: url(northBackend),
      people: [{ name: 'ann' }],
    }),
    addOrganization(b, {
      name: 'South',
      domain: 'south.example',
      backends: url(southBackend),
      people: [{ name: 'ben' }],
    }),
  ])
  const send = async (gateway: Gateway, to: string) => {
    const mail = plainMessage({ from: 'x@outside.example', to, subject: `for ${to}` })
    return (await sendMail(gateway.ports.relay, { from: 'x@outside.example', to, content: mail.content }))
      .code
  }
  await until('the relay of North knows Ann', async () => (await send(a, 'ann@north.example')) === 250)
  await until('the relay of South knows Ben', async () => (await send(b, 'ben@south.example')) === 250)
  expect(await send(a, 'ben@south.example')).toBe(550)
  expect(await send(b, 'ann@north.example')).toBe(550)

  await until('North delivers', () => northBackend.withSubject('for ann@north.example').length === 1)
  await until('South delivers', () => southBackend.withSubject('for ben@south.example').length === 1)
  expect(northBackend.kept).toHaveLength(1)
  expect(southBackend.kept).toHaveLength(1)

  const ann = await jmapFor(a, 'ann@north.example')
  await until('Ann sees her message', async () => (await ann.emails()).length === 1)
  await expect(JmapClient.open(b.url, 'ann@north.example', PASSWORD)).rejects.toThrow('401')

  expect(await a.stop()).toBe(0)
  expect((await b.health('worker')).status).toBe(200)
  expect(await send(b, 'ben@south.example')).toBe(250)
  await until('South goes on', () => southBackend.kept.length === 2)
  await a.start()
  expect(await send(a, 'ann@north.example')).toBe(250)
  await until('North is back', () => northBackend.kept.length === 2)
})
