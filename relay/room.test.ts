/** A disk that fills up, and is emptied again: nobody gets a 250 too much, and nobody has to do anything. */
import { smallDisk } from '@restante/core/spool/testing/small-disk.ts'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { RawClient } from './testing/client.ts'
import { type TestRelay, testRelay } from './testing/relay.ts'

let relay: TestRelay
const clients: RawClient[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await relay?.close()
})

async function open(disk = smallDisk()) {
  relay = await testRelay({ disk: { fs: disk.fs, minimumFree: 0.1 }, relay: { lookEvery: 10 } })
  return disk
}
async function connect() {
  const client = await RawClient.open(relay.port)
  clients.push(client)
  return { client, greeting: await client.reply() }
}
/** A new client's greeting and its reply to MAIL, until they are as wanted. */
async function untilAnswered(greeting: RegExp, mail?: RegExp) {
  return await vi.waitFor(async () => {
    const { client, greeting: said } = await connect()
    expect(said).toMatch(greeting)
    if (!mail) return client
    await client.command('EHLO client.example')
    expect(await client.command('MAIL FROM:<zoe@other.example>')).toMatch(mail)
    return client
  })
}

describe.each(['bytes', 'inodes'] as const)('with few %s left', what => {
  test('no message is begun, with fewer nobody is let in, with enough all goes on', async () => {
    const disk = await open()
    await untilAnswered(/^220 /, /^250 /)
    disk.free[what] = 0.09
    await untilAnswered(/^220 /, /^452 4\.3\.1 /)
    expect(await relay.spool.health()).toMatchObject({ ok: false, room: 'low' })
    disk.free[what] = 0.04
    const client = await untilAnswered(/^421 4\.3\.1 /)
    await client.gone()
    disk.free[what] = 0.3
    await untilAnswered(/^220 /, /^250 /)
    expect(await relay.spool.health()).toEqual({ ok: true })
  })
})

test('a relay that starts on a full disk says so to the first who comes', async () => {
  const disk = smallDisk()
  disk.free.bytes = 0.01
  await open(disk)
  expect((await connect()).greeting).toMatch(/^421 4\.3\.1 /)
})

test('a message under way when the room runs out is still taken; on a full disk it is put off, and kept nowhere', async () => {
  const disk = await open()
  const client = await untilAnswered(/^220 /, /^250 /)
  await client.command('RCPT TO:<anna@acme.example>')
  await client.command('DATA')
  disk.free.bytes = 0.04
  await untilAnswered(/^421 /)
  client.write('Subject: one\r\n\r\nBody\r\n.\r\n')
  expect(await client.reply()).toMatch(/^250 /)
  expect(await client.command('MAIL FROM:<zoe@other.example>')).toMatch(/^452 4\.3\.1 /)

  disk.free.bytes = 0.5
  const other = await untilAnswered(/^220 /, /^250 /)
  await other.command('RCPT TO:<anna@acme.example>')
  await other.command('DATA')
  disk.full = true
  other.write('Subject: two\r\n\r\nBody\r\n.\r\n')
  expect(await other.reply()).toMatch(/^452 4\.3\.1 /)
  disk.full = false
  expect((await relay.kept()).map(({ content }) => /Subject: (\w+)/.exec(content.toString())?.[1])).toEqual([
    'one',
  ])
})
