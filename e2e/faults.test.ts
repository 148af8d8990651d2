/**
 * Mail servers break in many ways. Each of a score of companies has one that breaks in its own: Postfix's smtp-sink
 * with its whole list of faults, at every command. Nothing is bounced by any of them, each is given its right name,
 * and those that are no outage open nothing. Then all of them are mended, and every message arrives.
 *
 * Last, two that need more than a sink: a server rebuilt without its users, and one whose mailboxes are away while
 * it goes on accepting mail.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import { type Gateway, startGateway } from './gateway.ts'
import { addOrganization } from './organization.ts'
import { type Dovecot, startDovecot } from './servers/dovecot.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { type FaultySink, startFaultySink } from './servers/smtp-sink.ts'
import { plainMessage, SmtpClient } from './smtp.ts'
import { until } from './until.ts'
import { deliveriesOf, report, untilKnown } from './watch.ts'

type Case = { name: string; faults: string[]; health: string; cause: string[] }

const commands = ['CONNECT', 'EHLO,HELO', 'MAIL', 'RCPT', 'DATA', '.'] as const
/** Of a kind of fault at every command. */
const atEach = (name: string, option: string, cause: (command: string) => string[]): Case[] =>
  commands.map(command => ({
    name: `${name} at ${command}`,
    faults: [option, command],
    health: 'down',
    cause: cause(command),
  }))

const cases: Case[] = [
  ...atEach('a soft reject', '-r', () => ['temporary-error']),
  ...atEach('a hard reject', '-f', () => ['temporary-error']),
  ...atEach('a disconnect', '-q', () => ['breaks-off']),
  ...atEach('a 421', '-Q', () => ['temporary-error']),
  {
    name: 'no space',
    faults: ['-r', 'MAIL', '-b', '452 4.3.1 no space'],
    health: 'down',
    cause: ['out-of-space'],
  },
  // A 550 in the middle of the content is no answer to the message.
  { name: 'an abort after DATA', faults: ['-A', '0'], health: 'up', cause: [] },
  // A client that gives up waiting is the end of smtp-sink: the next one is refused.
  { name: 'silence at EHLO', faults: ['-W', 'EHLO:120'], health: 'down', cause: ['timed-out', 'refused'] },
  { name: 'silence at RCPT', faults: ['-W', 'RCPT:120'], health: 'down', cause: ['timed-out', 'refused'] },
  // No outages.
  { name: 'slow answers', faults: ['-W', '.:1:50'], health: 'up', cause: [] },
  { name: 'slow DATA', faults: ['-w', '1'], health: 'up', cause: [] },
  { name: 'an old server', faults: ['-e', '-8', '-E', '-N'], health: 'up', cause: [] },
  { name: 'a reject at RSET and QUIT', faults: ['-r', 'RSET,QUIT'], health: 'up', cause: [] },
  {
    name: 'greylisting',
    faults: ['-r', 'RCPT', '-b', '450 4.7.1 greylisted, come again'],
    health: 'up',
    cause: ['greylisting'],
  },
  {
    name: 'a full mailbox',
    faults: ['-r', 'RCPT', '-b', '452 4.2.2 mailbox full'],
    health: 'up',
    cause: ['mailbox-full'],
  },
]

type Status = { name: string; health: string; cause: string | null; remarks: { concern: string }[] }

const domainOf = (index: number) => `fault${index}.example`
const bakery = 'bakery.example'
const sinks: FaultySink[] = []
let gateway: Gateway

async function send(to: string, count: number): Promise<void> {
  const client = await SmtpClient.open(gateway.ports.relay)
  for (let n = 1; n <= count; n++) {
    const { content } = plainMessage({ from: 'customer@outside.example', to, subject: `message ${n}` })
    const reply = await client.send('customer@outside.example', [to], content)
    expect(reply.code, reply.text).toBe(250)
  }
  client.quit()
}

const statuses = async () =>
  new Map((await gateway.cli<Status[]>(['backend', 'status'] as string[])).map(one => [one.name, one]))

/** Nothing failed, and nobody was told that something did. */
async function nothingBounced(): Promise<void> {
  expect(await deliveriesOf(gateway, 'failed')).toEqual([])
  const outbound = (await deliveriesOf(gateway)).filter(one =>
    one.recipients.includes('customer@outside.example'),
  )
  expect(outbound).toEqual([])
}

beforeAll(async () => {
  gateway = await startGateway()
  for (const { faults } of cases) sinks.push(await startFaultySink(faults))
  await gateway.cli(['org', 'add', 'Faults'])
  const add = (index: number) => {
    const url = `smtp://127.0.0.1:${sinks[index]!.port}`
    return gateway.cli(['domain', 'add', domainOf(index), '--org', 'Faults', '--backend', url])
  }
  // By threes: most of a command's time is its start.
  for (let index = 0; index < cases.length; index += 3) {
    await Promise.all(cases.slice(index, index + 3).map((_, more) => add(index + more)))
  }
  const list = join(gateway.data, 'people.csv')
  writeFileSync(list, ['address', ...cases.map((_, index) => `ann@${domainOf(index)}`)].join('\n'))
  await gateway.cli(['import', 'people', list])
  await untilKnown(gateway, `ann@${domainOf(cases.length - 1)}`)
}, 300_000)
afterAll(async () => {
  await gateway?.remove()
  for (const sink of sinks) await sink.stop()
})

test('each fault is called by its name, opens continuity only when it should, and bounces nothing', async () => {
  onTestFailed(() => report(gateway))
  for (const [index] of cases.entries()) await send(`ann@${domainOf(index)}`, 6)
  const told = (one: Status | undefined) => [
    one?.cause,
    ...(one?.remarks ?? []).map(remark => remark.concern),
  ]
  /** Those that were seen as they should be: what is tried again with a message is for a moment `recovering`. */
  const right = new Set<string>()
  const wrong = async () => {
    const now = await statuses()
    return cases.flatMap(({ name, health, cause }, index) => {
      const one = now.get(domainOf(index))
      const named = cause.length === 0 || told(one).some(word => cause.includes(word ?? ''))
      if (named && one?.health === health) right.add(name)
      return right.has(name) ? [] : [`${name}: ${one?.health} ${told(one).join(' ')}`]
    })
  }
  await until(
    'every server had the state and the cause that it should',
    async () => {
      const list = await wrong()
      return list.length === 0 || Promise.reject(new Error(list.join('; ')))
    },
    { seconds: 200, every: 1_000 },
  )
  const now = await statuses()
  for (const [index, { name, health }] of cases.entries()) {
    if (health === 'up') expect([name, now.get(domainOf(index))?.health]).toEqual([name, 'up'])
  }
  await nothingBounced()
}, 300_000)

test('mended, all of them get what waited', async () => {
  onTestFailed(() => report(gateway))
  await Promise.all(
    sinks.map(async (sink, index) => {
      await sink.stop()
      sinks[index] = await startFaultySink([], sink.port)
    }),
  )
  // Nobody waits for the clock of greylisting here.
  await gateway.cli(['delivery', 'retry', '--all'])
  await until(
    'nothing waits for any of them',
    async () => {
      const open = await deliveriesOf(gateway)
      return open.length === 0 || Promise.reject(new Error(`${open.length} wait`))
    },
    { seconds: 240, every: 2_000 },
  )
  await nothingBounced()
}, 400_000)

describe('a real server', () => {
  let dovecot: Dovecot
  let sink: Sink
  beforeAll(async () => {
    dovecot = await startDovecot({ users: [`ann@${bakery}`, `ben@${bakery}`] })
    await addOrganization(gateway, {
      name: 'Bakery',
      domain: bakery,
      backends: [`lmtp://127.0.0.1:${dovecot.lmtpPort}`],
      people: [{ name: 'ann' }, { name: 'ben' }],
    })
    await untilKnown(gateway, `ben@${bakery}`)
    sink = await startSink()
  })
  afterAll(async () => {
    await dovecot?.remove()
    await sink?.stop()
  })

  test('that comes back without its users gets nothing, bounces nothing, and an admin is asked', async () => {
    onTestFailed(() => report(gateway))
    const bakerys = async () => (await statuses()).get(bakery)
    await send(`ann@${bakery}`, 1)
    await until('it has the first', async () =>
      (await deliveriesOf(gateway, 'delivered')).some(d => d.recipients.includes(`ann@${bakery}`)),
    )
    await dovecot.stop()
    await send(`ann@${bakery}`, 3)
    await until('it is down', async () => (await bakerys())?.health === 'down', { seconds: 60 })
    dovecot.setUsers(['somebody@else.example'])
    await dovecot.start()
    await until('its return is set aside', async () => (await bakerys())?.cause === 'unknown-users', {
      seconds: 90,
    })
    await until('nothing moves', async () => (await bakerys())?.health === 'down')
    await nothingBounced()
    const { level, checks } = JSON.parse((await gateway.run(['doctor', '--json'])).stdout) as {
      level: string
      checks: { name: string; advice?: string }[]
    }
    expect(level).toBe('fail')
    expect(checks.find(check => check.name === 'backends')?.advice).toMatch(/users/)
    dovecot.setUsers([`ann@${bakery}`, `ben@${bakery}`])
    await dovecot.stop()
    await dovecot.start()
    await until(
      'everything is there',
      async () => {
        await gateway.cli(['delivery', 'release', '--all', '--hold-reason', 'guard']).catch(() => {})
        const open = await deliveriesOf(gateway)
        return open.filter(one => one.recipients.some(to => to.endsWith(bakery))).length === 0
      },
      { seconds: 120, every: 2_000 },
    )
    await nothingBounced()
  }, 400_000)

  test('whose mailboxes are away goes on getting mail, and people are told', async () => {
    onTestFailed(() => report(gateway))
    const cafe = 'cafe.example'
    await addOrganization(gateway, {
      name: 'Cafe',
      domain: cafe,
      backends: [`smtp://127.0.0.1:${sink.port}`],
      people: [{ name: 'ann' }],
    })
    await untilKnown(gateway, `ann@${cafe}`)
    const { createServer } = await import('node:http')
    const web = createServer((_request, response) => {
      response.statusCode = 503
      response.end('away')
    })
    await new Promise<void>(resolve => web.listen(0, '127.0.0.1', resolve))
    const { port } = web.address() as { port: number }
    await gateway.cli(['backend', 'access', cafe, `http://127.0.0.1:${port}/`])
    const cafes = async () => (await statuses()).get(cafe)
    await until('people do not get in', async () => (await cafes())?.health === 'degraded', { seconds: 90 })
    expect((await cafes())?.cause).toBe('temporary-error')
    await send(`ann@${cafe}`, 2)
    await until('its mail is delivered all the same', () => sink.kept.length === 2)
    web.removeAllListeners('request')
    web.on('request', (_request, response) => response.end('come in'))
    await until('people get in again', async () => (await cafes())?.health === 'up', { seconds: 60 })
    web.close()
  }, 300_000)
})
