/**
 * Floods: idle and dripping connections by the hundred, bounces, names tried, messages by the dozen. Honest
 * mail goes on, and what the relay holds stays bounded. All over loopback, whose addresses stand for strangers
 * here.
 */
import { parseNetworks } from '@restante/core/config/networks.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { afterEach, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from './limits.ts'
import { RawClient } from './testing/client.ts'
import { type TestRelay, testRelay } from './testing/relay.ts'

let relay: TestRelay
const clients: RawClient[] = []
const timers: NodeJS.Timeout[] = []
afterEach(async () => {
  for (const timer of timers.splice(0)) clearInterval(timer)
  for (const client of clients.splice(0)) client.destroy()
  await relay?.close()
})
const keep = (client: RawClient) => {
  clients.push(client)
  return client
}
const nobodyIsExempt = { relay: { exempt: parseNetworks('') } }
const MESSAGE = 'Subject: honest\r\n\r\nHello\r\n'
const honest = async (from = '127.0.0.1') => {
  const client = await RawClient.hello(relay.port, from)
  const reply = await client.send('z@other.example', ['anna@acme.example'], MESSAGE)
  client.destroy()
  return reply
}

test('hundreds of idle and dripping connections take each other places, not those of honest mail', async () => {
  relay = await testRelay({ limits: { connections: 60, makeRoomAfter: 100 } })
  const flood = async (kind: number) => {
    const client = keep(await RawClient.open(relay.port))
    if (kind === 0) return
    client.write('EHLO drip.example\r\nMAIL FROM:<z@other.example>\r\nRCPT TO:<anna@acme.example>\r\n')
    if (kind === 1) return
    client.write('DATA\r\nSubject: drip\r\n')
    timers.push(setInterval(() => client.write('x'), 50))
  }
  for (let batch = 0; batch < 20; batch++) {
    await Promise.all(Array.from({ length: 15 }, (_, n) => flood(n % 3 === 2 && batch < 3 ? 2 : n % 2)))
    await expect.poll(() => honest(), { timeout: 20_000 }).toMatch(/^250 2\.0\.0 /)
    expect(relay.relay.connections).toBeLessThanOrEqual(61)
  }
  expect(await relay.kept()).toHaveLength(20)
})

test('a client that drips commands, or a message, has so long and no longer', async () => {
  relay = await testRelay({ limits: { data: 1_500, idle: 60_000 } })
  const commands = keep(await RawClient.hello(relay.port))
  await commands.command('MAIL FROM:<z@other.example>')
  timers.push(setInterval(() => commands.write('N'), 100))
  const data = keep(await RawClient.hello(relay.port))
  for (const line of ['MAIL FROM:<z@other.example>', 'RCPT TO:<anna@acme.example>', 'DATA'])
    await data.command(line)
  expect(await commands.reply()).toMatch(/^421 4\.4\.2 /)
  expect(await data.reply()).toMatch(/^421 4\.4\.2 /)
  await data.gone()
  expect(await relay.kept()).toEqual([])
})

test('messages that stop short of being streamed do not fill the memory', async () => {
  relay = await testRelay({ limits: { held: 200_000, messageSize: 500_000 } })
  const block = Buffer.from(`${'x'.repeat(98)}\r\n`.repeat(900))
  const half = async () => {
    const client = keep(await RawClient.hello(relay.port))
    for (const line of ['MAIL FROM:<z@other.example>', 'RCPT TO:<anna@acme.example>', 'DATA'])
      await client.command(line)
    await client.flush(Buffer.concat([Buffer.from('\r\n'), block]))
    return client
  }
  const [one, two] = [await half(), await half()]
  await expect
    .poll(async () => {
      const client = await half()
      return client.command('.')
    })
    .toMatch(/^452 4\.3\.1 /)
  expect(await one.command('.')).toMatch(/^250 /)
  expect(await two.command('.')).toMatch(/^250 /)
  expect(await (await half()).command('.')).toMatch(/^250 /)
})

test('connections are limited by address and by network', async () => {
  relay = await testRelay({ ...nobodyIsExempt, limits: { connectionsPerAddress: 2 } })
  for (let i = 0; i < 2; i++) keep(await RawClient.hello(relay.port, '127.0.0.2'))
  const third = keep(await RawClient.open(relay.port, '127.0.0.2'))
  expect(await third.reply()).toMatch(/^421 4\.7\.0 Too many connections from your address/)
  await third.gone()
  for (const host of [3, 4, 5, 6, 7, 8]) keep(await RawClient.hello(relay.port, `127.0.0.${host}`))
  const ninth = keep(await RawClient.open(relay.port, '127.0.0.9'))
  expect(await ninth.reply()).toMatch(/^421 4\.7\.0 Too many connections from your network/)
  expect(await honest('127.0.1.1')).toMatch(/^250 /)
})

test('messages, recipients and bounces are limited, each on its own', async () => {
  const rates = { ...DEFAULT_LIMITS.rates, messages: 30, recipient: 12, bounces: 3, connections: 0 }
  relay = await testRelay({ ...nobodyIsExempt, limits: { rates } })
  const send = async (from: string, to: string, at: string) => {
    const client = await RawClient.hello(relay.port, at)
    const reply = await client.send(from, [to], MESSAGE)
    client.destroy()
    return reply.slice(0, 9)
  }
  const bounces: string[] = []
  for (let i = 0; i < 5; i++) bounces.push(await send('', 'anna@acme.example', `127.1.${i}.1`))
  expect(bounces).toEqual(['250 2.0.0', '250 2.0.0', '250 2.0.0', '450 4.2.1', '450 4.2.1'])
  expect(await send('', 'bea@acme.example', '127.1.1.1')).toBe('250 2.0.0')
  const mails: string[] = []
  for (let i = 0; i < 10; i++) mails.push(await send('z@other.example', 'anna@acme.example', `127.2.${i}.1`))
  expect(mails.filter(reply => reply === '250 2.0.0')).toHaveLength(9)
  expect(mails.at(-1)).toBe('450 4.2.1')
  const client = keep(await RawClient.hello(relay.port, '127.3.0.1'))
  for (let i = 0; i < 30; i++) {
    expect(await client.command('MAIL FROM:<z@other.example>')).toMatch(/^250/)
    await client.command('RSET')
  }
  expect(await client.command('MAIL FROM:<z@other.example>')).toMatch(/^450 4\.7\.0 /)
})

test('what was refused is one line in the log', async () => {
  const lines: Record<string, unknown>[] = []
  const log = { ...silentLog, info: (fields: Record<string, unknown>) => void lines.push(fields) }
  relay = await testRelay({ relay: { log } })
  const client = keep(await RawClient.hello(relay.port))
  await client.command('MAIL FROM:<z@other.example>')
  for (let i = 0; i < 5; i++) await client.command(`RCPT TO:<n${i}@acme.example>`)
  await client.command('FOO')
  await relay.relay.close(100)
  expect(lines.filter(({ event }) => event === 'relay.refusals')).toEqual([
    {
      event: 'relay.refusals',
      reasons: expect.objectContaining({ 'unknown-recipient': 5, protocol: 1 }),
    },
  ])
})

test('a network that tries names is put off for a while', async () => {
  const rates = { ...DEFAULT_LIMITS.rates, unknown: 20 }
  relay = await testRelay({ ...nobodyIsExempt, limits: { rates, unknownRecipients: 11 } })
  for (const host of [1, 2]) {
    const client = keep(await RawClient.hello(relay.port, `127.5.0.${host}`))
    await client.command('MAIL FROM:<z@other.example>')
    for (let i = 0; i < 11; i++)
      expect(await client.command(`RCPT TO:<n${i}@acme.example>`)).toMatch(/^550 5\.1\.1 /)
    expect(await client.reply()).toMatch(/^421 4\.7\.0 /)
  }
  const next = keep(await RawClient.open(relay.port, '127.5.0.3'))
  expect(await next.reply()).toMatch(/^421 4\.7\.0 Too many unknown recipients from your network/)
  expect(await honest('127.6.0.1')).toMatch(/^250 /)
})

test('a known client does not wait for the greeting, a stranger that talks at once is sent away', async () => {
  relay = await testRelay({ ...nobodyIsExempt, limits: { greetingDelay: 300 } })
  const eager = keep(await RawClient.open(relay.port, '127.7.0.1'))
  eager.write('EHLO half a line')
  expect(await eager.reply()).toMatch(/^421 4\.7\.0 Wait for the greeting/)
  expect(await honest('127.7.0.2')).toMatch(/^250 /)
  const again = keep(await RawClient.open(relay.port, '127.7.0.2'))
  again.write('EHLO known.example\r\n')
  expect(await again.reply()).toMatch(/^220 /)
  expect(await again.reply()).toMatch(/^250-/)
})
