/**
 * The incident: power fails a millisecond after the 250. Whether the message is there afterwards depends on the
 * order of system calls, so it is read from the kernel's own record (strace) of a relay under load: each
 * message's bytes were written, that file was synced after it, and only then was its 250 sent; and a new
 * segment's folder was synced before the first record went into it.
 *
 * The content is not encrypted here, so that a message's id can be found in what was written.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { addPerson } from '@restante/core/directory/people.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { environmentOf, gatewayPorts } from './gateway.ts'
import { SmtpClient } from './smtp.ts'
import { until } from './until.ts'

const MESSAGES = 40
let database: TestDatabase
let folder: string

beforeAll(async () => {
  database = await testDatabase()
  folder = mkdtempSync(join(tmpdir(), 'restante-strace-'))
  await addOrganization(database.db, { name: 'Acme' })
  await addDomain(
    database.db,
    { domain: 'acme.test', organization: 'Acme', backends: ['smtp://127.0.0.1:9'] },
    Buffer.alloc(32),
  )
  await addPerson(database.db, { address: 'anna@acme.test', role: 'user', locale: 'en' })
})
afterAll(async () => {
  await database?.close()
  rmSync(folder, { recursive: true, force: true })
})

test('no 250 to DATA is sent before the sync that covers its message', async () => {
  const calls = await record()
  const answered = calls.filter(call => call.name.startsWith('write') && call.text.includes('queued as'))
  expect(answered).toHaveLength(MESSAGES)
  for (const answer of answered) {
    const id = /queued as ([0-9a-f-]+)/.exec(answer.text)![1]!
    const written = calls.find(call => call.name.startsWith('pwrite') && call.text.includes(id))
    expect(written, `${id} was written`).toBeDefined()
    const synced = calls.find(
      call =>
        call.name === 'fdatasync' &&
        call.file === written!.file &&
        call.began > written!.ended &&
        call.ended < answer.began &&
        call.result === '0',
    )
    expect(synced, `${id} was synced between its write and its 250`).toBeDefined()
  }
  // The folder holds the segment's name before the segment holds anything.
  const segments = new Set(
    calls.filter(call => call.name.startsWith('pwrite') && call.file.endsWith('.log')).map(call => call.file),
  )
  expect(segments.size).toBeGreaterThan(0)
  for (const segment of segments) {
    const made = calls.find(
      call => call.name === 'openat' && call.file === segment && call.text.includes('O_CREAT'),
    )!
    const first = calls.find(call => call.name.startsWith('pwrite') && call.file === segment)!
    const parent = resolve(segment, '..')
    expect(
      calls.some(
        call =>
          call.name === 'fsync' &&
          call.file === parent &&
          call.began > made.ended &&
          call.ended < first.began,
      ),
      `${parent} was synced before ${segment} was used`,
    ).toBe(true)
  }
})

type Call = { name: string; file: string; text: string; began: number; ended: number; result: string }

/** Runs a relay under strace, sends it mail over several connections, and reads what the kernel saw. */
async function record(): Promise<Call[]> {
  const ports = await gatewayPorts()
  const data = join(folder, 'data')
  mkdirSync(data)
  const trace = join(folder, 'trace')
  const child = spawn(
    'strace',
    [
      ...['-f', '-y', '-s', '100000', '-o', trace],
      ...['-e', 'trace=openat,pwrite64,pwritev,pwritev2,fdatasync,fsync,write,writev'],
      ...[process.execPath, resolve(import.meta.dirname, '../relay/main.ts')],
    ],
    {
      cwd: folder,
      stdio: 'ignore',
      env: environmentOf(data, ports, {
        DATABASE_URL: database.url,
        REDIS_URL: process.env.TEST_REDIS_URL,
        SPOOL_ENCRYPT: 'off',
      }),
    },
  )
  const gone = new Promise(done => child.once('exit', done))
  try {
    await until('the relay serves', async () => (await fetch(`http://127.0.0.1:${ports.metrics}/healthz`)).ok)
    await Promise.all(
      Array.from({ length: 4 }, async (_, session) => {
        const client = await SmtpClient.open(ports.relay)
        for (let n = 0; n < MESSAGES / 4; n++) {
          const content = `Subject: ${session}-${n}\r\n\r\nHello.\r\n`
          const reply = await client.send('a@example.org', ['anna@acme.test'], content)
          expect(reply.code).toBe(250)
        }
        client.quit()
      }),
    )
  } finally {
    // strace passes no signal on: its child is asked to end.
    for (const pid of childrenOf(child.pid!)) process.kill(pid, 'SIGTERM')
    await gone
  }
  return parse(readFileSync(trace, 'latin1'))
}

function childrenOf(pid: number): number[] {
  const listed = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
  return listed.split('\n').filter(Boolean).map(Number)
}

/** strace's lines; a call that another thread interrupted stands in two, and spans them. */
function parse(trace: string): Call[] {
  const calls: Call[] = []
  const open = new Map<string, { name: string; text: string; began: number }>()
  trace.split('\n').forEach((line, number) => {
    const whole = /^(\d+) +(.*)$/.exec(line)
    if (!whole) return
    const [, thread, rest] = whole as unknown as [string, string, string]
    const unfinished = /^(\w+)\((.*) <unfinished \.\.\.>$/.exec(rest)
    if (unfinished) {
      open.set(thread, { name: unfinished[1]!, text: unfinished[2]!, began: number })
      return
    }
    const resumed = /^<\.\.\. (\w+) resumed>(.*)$/.exec(rest)
    const begun = resumed ? open.get(thread) : undefined
    if (resumed && !begun) return
    const name = begun?.name ?? /^(\w+)\(/.exec(rest)?.[1]
    if (!name) return
    open.delete(thread)
    const text = begun ? begun.text + resumed![2]! : rest.slice(name.length + 1)
    const result = /= (-?\d+)[^=]*$/.exec(text)?.[1] ?? ''
    // The first descriptor is the one that is meant; openat's file is the one it returns.
    const file = (name === 'openat' ? /= \d+<([^>]*)>$/.exec(text) : /^\d+<([^>]*)>/.exec(text))?.[1] ?? ''
    calls.push({ name, file, text, began: begun?.began ?? number, ended: number, result })
  })
  return calls
}
