/**
 * Sessions of nonsense, cut at random: whatever a stranger sends, the relay answers or hangs up, keeps only
 * whole messages, and serves the next one. The seed is in the test's name; a failing one stays in the list.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { RawClient } from './testing/client.ts'
import { type TestRelay, testRelay } from './testing/relay.ts'

const SESSIONS = 150
const seeds = [1, 20_261_122, Date.now() % 1_000_000_007]

const WORDS = [
  'EHLO a\r\n',
  'HELO a\r\n',
  'EHLO\r\n',
  'MAIL FROM:<a@b.example>\r\n',
  'MAIL FROM:<> SIZE=10 BODY=8BITMIME\r\n',
  'MAIL FROM:<a@b.example> SIZE=999999999\r\n',
  'RCPT TO:<anna@acme.example>\r\n',
  'RCPT TO:<anna@acme.example> NOTIFY=NEVER,SUCCESS ORCPT=x\r\n',
  'RCPT TO:<nobody@acme.example>\r\n',
  'RCPT TO:<@a,@b:anna@acme.example>\r\n',
  'DATA\r\n',
  'Subject: x\r\n\r\nbody\r\n',
  '.\r\n',
  '\r\n.\r\n',
  '\n.\n',
  '..\r\n',
  'RSET\r\n',
  'NOOP\r\n',
  'VRFY\r\n',
  'STARTTLS x\r\n',
  'AUTH LOGIN\r\n',
  'BDAT 10 LAST\r\n',
  'GET / HTTP/1.1\r\n',
  '\u0000\u0001\u0002',
  '\r',
  '\n',
  '\xff\xfe',
  'x'.repeat(3_000),
  'QUIT\r\n',
]

/** mulberry32: small, and the same everywhere. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
}

let relay: TestRelay | undefined
afterEach(() => relay?.close())

test.each(seeds)(
  'seed %i',
  async seed => {
    relay = await testRelay()
    const next = random(seed)
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!
    for (let session = 0; session < SESSIONS; session++) {
      const client = await RawClient.open(relay.port)
      const words = Array.from({ length: Math.floor(next() * 25) }, () => pick(WORDS))
      await client.writeIn(pick([1, 3, 17, 1_000, 100_000]), Buffer.from(words.join(''), 'latin1'))
      if (next() < 0.5) await sleep(1)
      client.destroy()
    }
    const client = await RawClient.hello(relay.port)
    expect(await client.command('NOOP')).toMatch(/^250 /)
    expect(await client.send('z@other.example', ['anna@acme.example'], 'Subject: last\r\n\r\n')).toMatch(
      /^250 2\.0\.0 /,
    )
    client.destroy()
    const kept = await relay.kept()
    expect(kept.at(-1)?.content.toString()).toContain('Subject: last')
    for (const { envelope, content } of kept) {
      expect(envelope.recipients.length).toBeGreaterThan(0)
      expect(content.toString('latin1').replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/)
    }
    await expect.poll(() => relay?.relay.connections, { timeout: 5_000 }).toBe(0)
  },
  60_000,
)
