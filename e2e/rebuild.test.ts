/**
 * The incident: PostgreSQL's mail tables are lost. The spool still knows every message and what became of it:
 * after `restante spool rebuild` what was delivered is not delivered again, what was cancelled stays
 * cancelled, what somebody took back out of the trash waits again, what was held is held, and goes out when
 * its backend is back.
 *
 * And the other way round: what was given up and compacted is on the disk no more, not one byte of it.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { connect, type Db } from '@restante/core/db/connection.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addOrganization, setOrganization } from '@restante/core/directory/organizations.ts'
import { addPerson } from '@restante/core/directory/people.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { cancelRecipients, reopenRecipients } from '@restante/core/queue/deliveries.ts'
import { openSpool } from '@restante/core/spool/open.ts'
import type { Note } from '@restante/core/spool/types.ts'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { Installation } from './crash/installation.ts'
import { type Ran, runCommand } from './gateway.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { plainMessage, sendMail } from './smtp.ts'
import { until } from './until.ts'

const ROOT = resolve(import.meta.dirname, '..')
/** Stands in each message, so that it can be looked for on the disk. */
const MARKER = 'quercus-suber-77120'

let folder: string
let gateway: Installation
let well: Sink
let away: Sink
let db: Db

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'restante-rebuild-'))
  well = await startSink()
  away = await startSink()
  gateway = await Installation.create(folder, { SPOOL_ENCRYPT: 'off' })
  db = connect(gateway.postgres!.url, { max: 2 })
  const { sealKey } = gateway
  await addOrganization(db, { name: 'Cork' })
  await setOrganization(db, 'Cork', { historyDays: 0 }, sealKey)
  for (const [domain, { port }] of [
    ['well.example', well],
    ['away.example', away],
  ] as const) {
    await addDomain(
      db,
      { domain, organization: 'Cork', backends: [`smtp://127.0.0.1:${port}?tls=none`] },
      sealKey,
    )
    for (const name of ['ann', 'ben', 'cleo'])
      await addPerson(db, { address: `${name}@${domain}`, role: 'user', locale: 'en' })
  }
  await gateway.startAll()
})
afterAll(async () => {
  await db?.destroy()
  await gateway?.close()
  await Promise.all([well?.stop(), away?.stop()])
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
})

test('PostgreSQL’s mail tables are lost, and made anew from the spool', async () => {
  onTestFailed(() => console.error(gateway.log()))
  await untilListening()
  await restante('backend', 'override', 'away.example', 'down', '--reason', 'the test')
  well.refuse('cleo@well.example', '550 5.1.1 No such user')

  await send('delivered', ['ann@well.example'])
  await send('delivered to two', ['ann@well.example', 'ben@well.example'])
  await send('failed for one', ['ann@well.example', 'cleo@well.example'])
  await send('held', ['ann@away.example'])
  await send('cancelled', ['ann@away.example'])
  await send('cancelled for one', ['ann@away.example', 'ben@away.example'])
  await send('taken back', ['ben@away.example'])
  await send('half here, half there', ['ben@well.example', 'ben@away.example'])
  await until(
    'all of it has come to rest',
    async () => (await states()).length === 12 && (await moving()) === 0,
  )
  await restante('delivery', 'cancel', await deliveryOf('cancelled'))
  await change('cancelled for one', 'ben@away.example', cancelRecipients)
  await change('taken back', 'ben@away.example', cancelRecipients)
  await change('taken back', 'ben@away.example', reopenRecipients)

  const before = await states()
  expect(before).toEqual([
    'cancelled for one: ann@away.example waiting, held',
    'cancelled for one: ben@away.example cancelled, held',
    'cancelled: ann@away.example cancelled, cancelled',
    'delivered to two: ann@well.example delivered, delivered',
    'delivered to two: ben@well.example delivered, delivered',
    'delivered: ann@well.example delivered, delivered',
    'failed for one: ann@well.example delivered, failed',
    'failed for one: cleo@well.example failed, failed',
    'half here, half there: ben@away.example waiting, held',
    'half here, half there: ben@well.example delivered, delivered',
    'held: ann@away.example waiting, held',
    'taken back: ben@away.example waiting, held',
  ])
  await until('all of it is noted in the spool', async () => (await notes()).length === 10)

  await gateway.kill(['relay', 'worker'])
  await query('truncate message, checkpoint, set_aside, submission, tombstone cascade')
  expect(await states()).toEqual([])
  const { stdout } = await restante('spool', 'rebuild', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ messages: 8, setAside: 0 })
  expect(await states()).toEqual(before)

  const arrived = well.kept.length
  await gateway.startAll()
  await untilListening()
  // Whatever would be delivered again would be there before this one.
  await send('afterwards', ['ann@well.example'])
  await until('new mail is delivered', () => well.withSubject('afterwards').length === 1)
  await until('nothing moves', async () => (await moving()) === 0)
  expect(well.kept.length).toBe(arrived + 1)
  expect(away.kept).toEqual([])

  await restante('backend', 'override', 'away.example', 'auto')
  await until(
    'what was held is delivered',
    async () => (await states()).every(line => !line.includes('waiting')),
    {
      seconds: 90,
    },
  )
  expect(
    away.kept.map(({ to, content }) => `${/Subject: (.*)\r/.exec(content.toString())?.[1]}: ${to}`).sort(),
  ).toEqual([
    'cancelled for one: ann@away.example',
    'half here, half there: ben@away.example',
    'held: ann@away.example',
    'taken back: ben@away.example',
  ])
})

test('what was given up is off the disk after a compaction, and what is wanted still there', async () => {
  onTestFailed(() => console.error(gateway.log()))
  // Over 1 MiB: a file of its own.
  await send('large', ['ann@well.example'], `${MARKER} ${'y'.repeat(70)}\r\n`.repeat(15_000))
  await until('it is delivered', () => well.withSubject('large').length === 1)
  await until('nothing moves', async () => (await moving()) === 0)
  expect(filesWith(MARKER).length).toBeGreaterThan(1)

  // While a backend is not quite back, nobody loses sight of anything.
  const unwell = () => query(`select from backend where health <> 'up'`)
  await until('the backend is up again', async () => (await unwell()).length === 0, { seconds: 60 })
  // Somebody deletes what an admin has cancelled, and the time passes after which nobody needs any of it.
  await query(`update delivery set settled_at = settled_at - interval '2 hours'`)
  await query(`update message set received_at = received_at - interval '2 hours'`)
  await query(
    `update email set folder_id = f.id, moved_at = now() - interval '31 days' from folder f, message m
     where f.mailbox_id = email.mailbox_id and f.role = 'trash' and m.id = email.message_id
       and m.subject like 'cancelled%'`,
  )
  await gateway.kill(['worker'])
  gateway.start('worker')
  await until(
    'it is given up',
    async () => (await kept()).length === 0 || Promise.reject(new Error(String(await kept()))),
    {
      seconds: 90,
    },
  )
  await restante('backend', 'override', 'away.example', 'down', '--reason', 'one must be kept')
  await send('wanted', ['cleo@away.example'], 'quercus-ilex-40981\r\n')
  await until('it is held', async () => (await states()).includes('wanted: cleo@away.example waiting, held'))

  // The open segments close when their writers end; the next ones write on meanwhile.
  await gateway.kill(['relay', 'worker'])
  await gateway.startAll()
  await untilListening()
  await send('meanwhile', ['ann@well.example'], 'plain\r\n')
  await restante('spool', 'compact')
  expect(filesWith(MARKER)).toEqual([])
  expect((await restante('spool', 'verify')).stdout).toMatch(/^sound: /)

  await restante('backend', 'override', 'away.example', 'auto')
  await until('what was kept is delivered', () => away.withSubject('wanted').length === 1, { seconds: 90 })
  expect(away.withSubject('wanted')[0]!.content.toString()).toContain('quercus-ilex-40981')
  await until('and so is what came meanwhile', () => well.withSubject('meanwhile').length === 1)
})

async function restante(...args: string[]): Promise<Ran> {
  const ran = await runCommand(process.execPath, [join(ROOT, 'infra/restante.mjs'), ...args], {
    env: gateway.environment,
    cwd: folder,
  })
  if (ran.code !== 0) throw new Error(`restante ${args.join(' ')}: ${ran.code} ${ran.stderr}${ran.stdout}`)
  return ran
}

async function untilListening(): Promise<void> {
  await until('the relay listens, the worker works', async () => {
    const states = await Promise.all(
      [0, 1].map(async n => (await fetch(`http://127.0.0.1:${gateway.ports.metrics + n}/healthz`)).status),
    )
    return states.every(status => status === 200) || Promise.reject(new Error(states.join()))
  })
}

/** With the empty sender: nobody has to be told of failures. */
async function send(subject: string, to: string[], text = `${MARKER}\r\n`): Promise<void> {
  const { content } = plainMessage({ from: 'someone@outside.example', to: to.join(', '), subject, text })
  const reply = await sendMail(gateway.ports.relay, { from: '', to, content })
  expect(reply.code, reply.text).toBe(250)
}

async function query<T>(statement: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: gateway.postgres!.url })
  await client.connect()
  try {
    return (await client.query(statement)).rows as T[]
  } finally {
    await client.end()
  }
}

/** Every recipient with its state and its delivery's. */
async function states(): Promise<string[]> {
  const rows = await query<{ line: string }>(
    `select format('%s: %s %s, %s', m.subject, r.address, r.state, d.state) as line
     from recipient r join delivery d on d.id = r.delivery_id join message m on m.id = d.message_id`,
  )
  return rows.map(({ line }) => line).sort()
}

/** Deliveries that are neither held nor settled. */
async function moving(): Promise<number> {
  const [row] = await query<{ count: string }>(
    `select count(*) from delivery where state in ('queued', 'deferred')`,
  )
  return Number(row?.count)
}

/** Subjects of the messages that are not given up. */
/** Of what was sent here: a closing statement may have come besides. */
async function kept(): Promise<string[]> {
  const rows = await query<{ subject: string }>(
    `select subject from message where removed_at is null and kind = 'inbound'`,
  )
  return rows.map(({ subject }) => subject)
}

async function deliveryOf(subject: string): Promise<string> {
  const [row] = await query<{ id: string }>(
    `select d.id from delivery d join message m on m.id = d.message_id where m.subject = '${subject}'`,
  )
  return row!.id
}

/** What the webmail does when somebody deletes, or takes back: the rows, then the notes. */
async function change(
  subject: string,
  address: string,
  work: typeof cancelRecipients | typeof reopenRecipients,
): Promise<void> {
  const deliveryId = await deliveryOf(subject)
  const written = await db.transaction().execute(tx => work(tx, [{ deliveryId, address }]))
  const spool = await openSpool({ ...gateway.spool, encrypt: false, writer: 'webmail', log: silentLog })
  await spool.note(written)
  await spool.close()
}

async function notes(): Promise<Note[]> {
  const spool = await openSpool({ ...gateway.spool, encrypt: false, writer: 'cli', log: silentLog })
  const found: Note[] = []
  for (const { name } of await spool.segments()) {
    for await (const item of spool.scan(name, 0)) if (item.type === 'note') found.push(item.note)
  }
  await spool.close()
  return found
}

/** Files of the spool that hold these bytes. */
function filesWith(text: string): string[] {
  const spool = join(gateway.data, 'spool')
  return readdirSync(spool, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .filter(file => readFileSync(file).includes(text))
}
