/**
 * A real Dovecot by LMTP: odd mail comes out byte for byte, a recipient that does not exist is told apart, and
 * its being stopped and started is noticed by SMTP and by access probes.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Dovecot, startDovecot } from '../../e2e/servers/dovecot.ts'
import { type TestGateway, testGateway, until } from '../testing/gateway.ts'

const CORPUS = '/usr/lib/python3.11/test/test_email/data'

let dovecot: Dovecot
let gateway: TestGateway

beforeAll(async () => {
  dovecot = await startDovecot({ users: ['anna@example.test', 'bruno@example.test'] })
  gateway = await testGateway([`lmtp://127.0.0.1:${dovecot.lmtpPort}?tls=none`], {
    imap: `imap://127.0.0.1:${dovecot.imapPort}?tls=none`,
  })
  gateway.start()
})
afterAll(async () => {
  await gateway?.close()
  await dovecot?.remove()
})

/** Messages as Dovecot stored them: without the trace headers that LMTP adds, in SMTP's line ends. */
function stored(address: string): string[] {
  return globSync(join(dovecot.folder, 'mail', address, '{new,cur}', '*')).map(file => {
    const text = readFileSync(file).toString('latin1').replace(/\r?\n/g, '\r\n')
    return text.replace(/^(?:(?:Return-Path|Delivered-To|Received):[^\r]*\r\n(?:[ \t][^\r]*\r\n)*)+/, '')
  })
}

test('odd mail comes out byte for byte', { timeout: 120_000 }, async () => {
  if (!existsSync(CORPUS)) throw new Error(`${CORPUS} is missing: install libpython3.11-testsuite`)
  const files = globSync(join(CORPUS, 'msg_*.txt'))
  expect(files.length).toBeGreaterThan(40)
  const wanted = new Map<string, string>()
  for (const file of files) {
    // As it would have come over SMTP: lines end in CRLF, the last one too.
    const body = readFileSync(file).toString('latin1').replace(/\r?\n/g, '\r\n')
    const text = `X-Corpus: ${basename(file)}\r\n${body.endsWith('\r\n') ? body : `${body}\r\n`}`
    wanted.set(basename(file), text)
    await gateway.accept(['anna@example.test'], Buffer.from(text, 'latin1'), { body: '8BITMIME' })
  }
  await until('all are stored', () => stored('anna@example.test').length === files.length, 60_000)
  const got = new Map(stored('anna@example.test').map(text => [/^X-Corpus: (.*)\r\n/.exec(text)?.[1], text]))
  for (const [name, text] of wanted) expect(got.get(name), name).toBe(text)
})

test('a recipient that does not exist is told apart from one that does', async () => {
  const id = await gateway.accept(['bruno@example.test', 'carla@example.test'], 'Subject: two\r\n\r\nx\r\n')
  const recipients = await until('both are settled', async () => {
    const found = await gateway.recipients(id)
    return found.length === 2 && found.every(r => r.state !== 'waiting') && found
  })
  expect(recipients).toEqual([
    { address: 'bruno@example.test', state: 'delivered', category: 'accepted' },
    { address: 'carla@example.test', state: 'failed', category: 'bad-address' },
  ])
})

test('stopped without any traffic it is called down within 45 s; started, it is up again', {
  timeout: 120_000,
}, async () => {
  // The probe asks for an address of the directory: one that Dovecot refuses would be no sign of its return.
  await gateway.services.db
    .deleteFrom('mailbox')
    .where('address', 'in', ['carla@example.test', 'dino@example.test'])
    .execute()
  await dovecot.kill()
  await until('it is down', async () => (await gateway.health()) === 'down', 45_000)
  const id = await gateway.accept(['bruno@example.test'], 'Subject: held\r\n\r\nx\r\n')
  await until('it is held', async () => (await gateway.deliveryStates()).held === 1)
  await dovecot.start()
  await until('it came', async () => (await gateway.recipients(id))[0]?.state === 'delivered', 30_000)
  await until('it is up', async () => (await gateway.health()) === 'up', 30_000)
})
