/**
 * Servers that break every rule, at every step of a conversation. Whatever they do, we are through in bounded time, it
 * has a name, it is tried again, and the next message finds another connection.
 */
import { Readable } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { type Answer, type Script, type Scripted, scriptedServer } from '../testing/scripted.ts'
import { DELIVERY_TIMEOUTS, dial } from './peer.ts'
import { createPool, type Pool } from './pool.ts'
import { sendThrough } from './route.ts'

const open: { stop(): Promise<void> }[] = []
const pools: Pool[] = []
afterEach(async () => {
  for (const pool of pools.splice(0)) pool.close()
  for (const server of open.splice(0)) await server.stop()
})

const IMPATIENT = { connectTimeout: 300, greetingTimeout: 300, idleTimeout: 100 }

async function server(script: Script): Promise<Scripted> {
  const made = await scriptedServer(script)
  open.push(made)
  return made
}

/** Sends one message to one recipient. @returns its outcome */
async function send(made: Scripted, timeouts: typeof IMPATIENT) {
  const host = { protocol: 'smtp', host: '127.0.0.1', port: made.port, tls: 'none' } as const
  const pool = createPool([host], one => dial(one, { name: 'gateway.test', ...timeouts }))
  pools.push(pool)
  const bytes = Buffer.from('Subject: x\r\n\r\nx\r\n')
  const sent = await sendThrough(
    pool,
    {
      sender: 'a@elsewhere.test',
      client: null,
      size: bytes.length,
      envelope: {},
      recipients: [{ address: 'x@bad.test', original: null, notify: null }],
      content: async () => ({ size: bytes.length, content: Readable.from([bytes]) }),
    },
    () => {},
  )
  return sent.told.get('x@bad.test')!
}

const STEPS = ['greeting', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'final'] as const
type Step = (typeof STEPS)[number]

/** A server that gives this answer at one step, and the ordinary ones before. */
function at(step: Step, answer: Answer): Script {
  if (step === 'greeting') return { greeting: () => answer }
  if (step === 'final') return { final: () => answer }
  // A server without EHLO is asked for HELO (RFC 5321 §3.2): it is not better at that.
  const said = (line: string) => line.startsWith(step) || (step === 'EHLO' && line.startsWith('HELO'))
  return { command: line => (said(line) ? answer : undefined) }
}

const FAULTS: readonly [string, Answer, typeof IMPATIENT, string][] = [
  ['hangs up', 'drop', DELIVERY_TIMEOUTS, 'destination-down'],
  ['says nothing', 'hang', IMPATIENT, 'timed-out'],
  ['talks nonsense', '\u0000\u0001 <!DOCTYPE html> \ufffd', DELIVERY_TIMEOUTS, 'destination-down'],
  ['says one endless line', `450-${'x'.repeat(200_000)}`, DELIVERY_TIMEOUTS, 'destination-down'],
  ['says lines without end', '450-x\r\n'.repeat(60_000), DELIVERY_TIMEOUTS, 'destination-down'],
  ['answers a code that there is not', '999 what', DELIVERY_TIMEOUTS, 'destination-down'],
]

describe.each(FAULTS)('a server that %s', (_, answer, timeouts, category) => {
  test.each(STEPS)('at %s keeps nobody for long, and it is tried again', async step => {
    const made = await server(at(step, answer))
    expect(await send(made, timeouts)).toMatchObject({ category, permanent: false })
    expect(made.received).toEqual([])
    made.script = {}
    expect(await send(made, DELIVERY_TIMEOUTS)).toMatchObject({ category: 'accepted' })
    expect(made.received).toHaveLength(1)
  })
})

describe('a server that lies about SIZE (RFC 1870)', () => {
  test.each([
    ['SIZE', 'no number'],
    ['SIZE 0', 'no limit'],
    ['SIZE -1', 'no number'],
    ['SIZE lots', 'no number'],
    ['SIZE 99999999999999999999999999', 'more than there is'],
  ])('%s is %s: the message goes', async extension => {
    const made = await server({ extensions: [extension] })
    expect(await send(made, DELIVERY_TIMEOUTS)).toMatchObject({ category: 'accepted' })
  })

  test.each([
    ['MAIL', { command: line => (line.startsWith('MAIL') ? '552 5.3.4 too big for us' : undefined) }],
    ['DATA', { final: () => '552 5.3.4 too big for us' }],
  ] as [string, Script][])('it had room, and has none at %s: too large, for good', async (_, script) => {
    const made = await server({ ...script, extensions: ['SIZE 1000000'] })
    expect(await send(made, DELIVERY_TIMEOUTS)).toMatchObject({ category: 'too-large', permanent: true })
  })

  test('it is full for now: tried again', async () => {
    const command = (line: string) => (line.startsWith('MAIL') ? '452 4.3.1 no room now' : undefined)
    const made = await server({ command, extensions: ['SIZE 1000000'] })
    expect(await send(made, DELIVERY_TIMEOUTS)).toMatchObject({ permanent: false })
  })
})
