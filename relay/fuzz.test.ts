/**
 * Sessions of nonsense, cut at random: whatever a stranger sends, the relay answers every command or hangs up
 * with a word, keeps only whole messages, and answers NOOP afterwards.
 *
 * FUZZ_SESSIONS raises the number of sessions (100,000 before a release), FUZZ_SEED repeats a run. A session
 * that fails says its own seed; it stays in `PAST`.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawClient } from './testing/client.ts'
import { type TestRelay, testRelay } from './testing/relay.ts'

const SESSIONS = Number(process.env.FUZZ_SESSIONS ?? 600)
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_007)
/** Seeds of sessions that failed once. */
const PAST: readonly number[] = [1, 20_261_122]
const AT_ONCE = 20

const COMMANDS = [
  'EHLO a',
  'HELO a',
  'EHLO',
  'EHLO a b',
  'EHLO \u0001',
  'MAIL FROM:<a@b.example>',
  'MAIL FROM:<> SIZE=10 BODY=8BITMIME',
  'MAIL FROM:<a@b.example> SIZE=999999999',
  'MAIL FROM:<a@b.example> RET=HDRS ENVID=+41',
  'MAIL FROM:<a@b.example> AUTH=<> X=1 X=2',
  'MAIL FROM:<"a b>"@b.example> SMTPUTF8',
  'MAIL FROM:<"\\',
  'mail from:',
  'RCPT TO:<anna@acme.example>',
  'RCPT TO:<anna@acme.example> NOTIFY=NEVER,SUCCESS ORCPT=x',
  'RCPT TO:<anna@acme.example> NOTIFY=SUCCESS ORCPT=rfc822;a+2Bb',
  'RCPT TO:<nobody@acme.example>',
  'RCPT TO:<@a,@b:anna@acme.example>',
  'RCPT TO:<"anna"@acme.example>',
  'RCPT TO:<postmaster>',
  'RCPT TO:<\xff@acme.example>',
  'DATA',
  'data now',
  'RSET',
  'RSET x',
  'NOOP',
  'NOOP \xff\xfe',
  'VRFY',
  'VRFY x',
  'HELP',
  'STARTTLS x',
  'AUTH LOGIN',
  'BDAT 10 LAST',
  'XCLIENT ADDR=1.2.3.4',
  'constructor',
  '__proto__ x',
  '',
  ' ',
  'x'.repeat(3_000),
]
const PIECES = [
  'Subject: x\r\n',
  'Received: x\r\n',
  '\r\n',
  '\n',
  '\r',
  '.',
  '..',
  '\n.\n',
  '\r.\r',
  '\n.\r\n',
  '\r\n.\n',
  '\0',
  '\xff\xfe',
  'x'.repeat(2_000),
  'MAIL FROM:<evil@b.example>\r\n',
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

let relay: TestRelay
beforeAll(async () => {
  relay = await testRelay()
})
afterAll(() => relay?.close())

/** One session. @returns how many messages were accepted; throws when the relay breaks a rule */
async function session(seed: number): Promise<number> {
  const next = random(seed)
  const upTo = (most: number) => Math.floor(next() * most)
  const pick = <T>(list: readonly T[]): T => list[upTo(list.length)]!
  const client = await RawClient.open(relay.port)
  // Long ones in small chunks take their time, so they are rare.
  const write = (text: string) => {
    const size =
      text.length < 200 || next() < 0.02 ? pick([1, 3, 17, 100_000, 100_000]) : pick([1_000, 100_000])
    return client.writeIn(size, Buffer.from(text, 'latin1'))
  }
  let accepted = 0
  /** False when the relay has said goodbye. */
  const answered = async (commands: number) => {
    for (let i = 0; i < commands; i++) {
      const reply = await client.reply()
      if (!/^[2345]\d\d/.test(reply)) throw new Error(`what is ${JSON.stringify(reply)}`)
      if (/^421/.test(reply)) {
        await client.gone()
        return ''
      }
      if (i === commands - 1) return reply
    }
    return 'none'
  }
  try {
    if (!(await answered(1))) return 0
    if (next() < 0.8) {
      await write('EHLO fuzz.example\r\n')
      if (!(await answered(1))) return 0
    }
    for (let turn = upTo(12); turn >= 0; turn--) {
      if (next() < 0.1) {
        // Nobody waits for an answer: away in the middle.
        if (next() < 0.3) {
          await write(Array.from({ length: upTo(8) }, () => pick(COMMANDS)).join('\r\n'))
          return accepted
        }
        for (const line of ['MAIL FROM:<a@b.example>', 'RCPT TO:<anna@acme.example>']) {
          await write(`${line}\r\n`)
          if (!(await answered(1))) return accepted
        }
      }
      // DATA is last of what goes out together: what follows it depends on its answer.
      const commands = Array.from({ length: 1 + upTo(5) }, () => pick(COMMANDS))
      const data = commands.findIndex(command => command === 'DATA' || command === 'data now')
      if (data >= 0) commands.splice(data + 1)
      await write(`${commands.join('\r\n')}\r\n`)
      const last = await answered(commands.length)
      if (!last) return accepted
      if (!last.startsWith('354')) continue
      let content = `x${Array.from({ length: upTo(12) }, () => pick(PIECES)).join('')}x`
      // No end of data by chance within it: there is one answer to it all.
      while (content.includes('\r\n.\r\n')) content = content.replaceAll('\r\n.\r\n', '')
      await write(`${content}\r\n.\r\n`)
      const reply = await answered(1)
      if (!reply) return accepted
      if (reply.startsWith('250')) accepted++
    }
    await write('NOOP\r\n')
    const noop = await answered(1)
    if (noop && !noop.startsWith('250 2.0.0')) throw new Error(`to NOOP: ${noop}`)
    return accepted
  } finally {
    client.destroy()
  }
}

test(
  `${SESSIONS} sessions of nonsense, FUZZ_SEED=${SEED}`,
  async () => {
    const seeds = [...PAST, ...Array.from({ length: SESSIONS }, (_, n) => (SEED + n) | 0)]
    let accepted = 0
    const worker = async () => {
      for (let seed = seeds.pop(); seed !== undefined; seed = seeds.pop()) {
        const at = seed
        const taken = await session(at).catch(error => {
          throw new Error(`seed ${at}: ${(error as Error).message}`)
        })
        accepted += taken
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    expect(accepted).toBeGreaterThan(0)

    const client = await RawClient.hello(relay.port)
    expect(await client.command('NOOP')).toMatch(/^250 /)
    expect(await client.send('z@other.example', ['anna@acme.example'], 'Subject: last\r\n\r\n')).toMatch(
      /^250 2\.0\.0 /,
    )
    client.destroy()
    const kept = await relay.kept()
    expect(kept.length).toBe(accepted + 1)
    for (const { envelope, content } of kept) {
      expect(envelope.recipients.length).toBeGreaterThan(0)
      if (/[\r\n\0]/.test(content.toString('latin1').replaceAll('\r\n', ''))) throw new Error(envelope.id)
    }
    await expect.poll(() => relay.relay.connections, { timeout: 20_000 }).toBe(0)
  },
  120_000 + SESSIONS * 60,
)
