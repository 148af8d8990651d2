/**
 * The commands for those who look after the queue, as people call them: real processes on a real database,
 * a real SMTP server to probe, a real spool.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { type SeededOrganization, seedDelivery } from '@restante/core/queue/overview-seed.ts'
import { openSpool } from '@restante/core/spool/open.ts'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePorts } from '../../e2e/ports.ts'

const entry = join(import.meta.dirname, '../restante.mjs')
const folder = mkdtempSync(join(tmpdir(), 'restante-operations-'))
const accepted: string[] = []
const smtp = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  onRcptTo(address, _session, callback) {
    accepted.push(address.address)
    callback(address.address.startsWith('nobody@') ? new Error('no such user') : undefined)
  },
})

let t: TestDatabase
let here: SeededOrganization
let environment: NodeJS.ProcessEnv
let port: number
const ids: Record<string, string> = {}

beforeAll(async () => {
  t = await testDatabase()
  await new Promise<void>(resolve => smtp.listen(0, '127.0.0.1', resolve))
  port = (smtp.server.address() as AddressInfo).port
  const [relay, submission, submissions, webmail, metrics] = (await freePorts(6)).map(String)
  environment = {
    ...process.env,
    RESTANTE_DATA: folder,
    DATABASE_URL: t.url,
    REDIS_URL: process.env.TEST_REDIS_URL,
    RELAY_PORT: relay,
    SUBMISSION_PORT: submission,
    SUBMISSIONS_PORT: submissions,
    WEBMAIL_PORT: webmail,
    METRICS_PORT: metrics,
  }
  const sealKey = deriveKey(
    loadSecret({ RESTANTE_DATA: folder, RESTANTE_SECRET: undefined }),
    'stored-secrets',
  )
  await addOrganization(t.db, { name: 'Here' })
  await addDomain(
    t.db,
    { domain: 'here.example', organization: 'Here', backends: [`smtp://127.0.0.1:${port}`] },
    sealKey,
  )
  const backend = await t.db.selectFrom('backend').selectAll().executeTakeFirstOrThrow()
  here = { organizationId: backend.organization_id, backendId: backend.id, domain: 'here.example' }
  ids.deferred = await seedDelivery(
    t.db,
    here,
    {
      state: 'deferred',
      attempts: 2,
      outcome: { category: 'greylisted', side: 'destination', permanent: false, text: 'come \u001b[31mback' },
    },
    { subject: 'Rolls', sender: 'baker@outside.example' },
  )
  ids.held = await seedDelivery(t.db, here, { state: 'held', hold_reason: 'admin' }, { subject: 'Bread' })
  ids.done = await seedDelivery(t.db, here, { state: 'delivered', settled_at: new Date() })
})
afterAll(async () => {
  await new Promise<void>(resolve => smtp.close(resolve))
  await t.close()
  rmSync(folder, { recursive: true, force: true })
})

type Ran = { code: number; stdout: string; stderr: string }

function restante(...words: string[]): Promise<Ran> {
  return new Promise(resolve => {
    execFile(
      process.execPath,
      [entry, ...words],
      { env: environment, cwd: folder },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })
}

async function json<T>(...words: string[]): Promise<T> {
  const { code, stdout, stderr } = await restante(...words, '--json')
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as T
}

describe('queue', () => {
  test('is a table of backends and states', async () => {
    const { stdout, code } = await restante('queue')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^BACKEND +HEALTH +QUEUED +MOVING +DEFERRED +HELD +ALL +OLDEST/)
    expect(stdout).toMatch(/^here\.example +up +0 +0 +1 +1 +2 /m)
  })

  test('with --org shows that organization, and refuses one that is none', async () => {
    const overview = await json<{ totals: { depth: { total: number } } }>('queue', '--org', 'Here')
    expect(overview.totals.depth.total).toBe(2)
    expect(await restante('queue', '--org', 'Nowhere')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'there is no organization "Nowhere"\n',
    })
  })
})

describe('delivery', () => {
  test('list shows who, to whom and why, and no control characters of strangers', async () => {
    const { stdout } = await restante('delivery', 'list')
    expect(stdout).toContain('baker@outside.example')
    expect(stdout).toContain('greylisted: come \uFFFD[31mback')
    expect(stdout.split('\n')).toHaveLength(4)
  })

  test.each([
    [['--text', 'baker'], ['deferred']],
    [['--state', 'held'], ['held']],
    [
      ['--state', 'held,deferred', '--backend', 'here.example'],
      ['deferred', 'held'],
    ],
    [['--state', 'delivered'], ['done']],
    [['--backend', 'outbound'], []],
  ])('list %j finds %j', async (words, expected) => {
    const { items } = await json<{ items: { id: string }[] }>('delivery', 'list', ...words)
    expect(items.map(item => item.id).sort()).toEqual(expected.map(name => ids[name]!).sort())
  })

  test('list goes on after a cursor', async () => {
    const first = await json<{ items: { id: string }[]; next: string }>('delivery', 'list', '--limit', '1')
    const rest = await json<{ items: { id: string }[]; next: null }>(
      'delivery',
      'list',
      '--cursor',
      first.next,
    )
    expect([...first.items, ...rest.items].map(item => item.id).sort()).toEqual(
      [ids.deferred, ids.held].sort(),
    )
    expect(await restante('delivery', 'list', '--cursor', 'x')).toMatchObject({ code: 1 })
  })

  test('show tells the story, and refuses an id that is none', async () => {
    const { stdout } = await restante('delivery', 'show', ids.deferred!)
    expect(stdout).toMatch(/^From +baker@outside\.example$/m)
    expect(stdout).toMatch(/^ann@here\.example +waiting/m)
    expect(await restante('delivery', 'show', 'x')).toMatchObject({
      code: 1,
      stderr: 'there is no delivery x\n',
    })
  })

  test('an action needs ids or --all', async () => {
    expect(await restante('delivery', 'cancel')).toMatchObject({
      code: 2,
      stderr: 'give ids, or --all with filters\n',
    })
    expect(await restante('delivery', 'cancel', ids.held!, '--all')).toMatchObject({ code: 2 })
    expect(await restante('delivery', 'list', '--state', 'lost')).toMatchObject({ code: 2 })
  })

  test('retry, hold and release by filter and by id, audited', async () => {
    expect(await json('delivery', 'retry', ids.deferred!)).toMatchObject({
      changed: 1,
      states: { queued: 1 },
    })
    expect(await json('delivery', 'hold', '--all', '--text', 'Rolls')).toMatchObject({
      matched: 1,
      changed: 1,
    })
    expect(await json('delivery', 'release', '--all', '--hold-reason', 'admin')).toMatchObject({ changed: 2 })
    const rows = await t.db.selectFrom('audit').select(['action', 'actor']).orderBy('id').execute()
    expect(rows.map(row => `${row.actor} ${row.action}`)).toEqual(
      expect.arrayContaining(['cli delivery.retry', 'cli delivery.hold', 'cli delivery.release']),
    )
  })

  test('cancel leaves what is settled alone, and the spool is told', async () => {
    expect(await json('delivery', 'cancel', ids.held!, ids.done!)).toMatchObject({
      matched: 2,
      changed: 1,
      states: { cancelled: 1 },
    })
    expect(await json('spool', 'verify')).toMatchObject({ ok: true, notes: 1 })
  })

  test('an action on an unknown id is refused', async () => {
    expect(await restante('delivery', 'retry', '01a2037d-7997-75d3-bd6c-309c3fea330b')).toMatchObject({
      code: 1,
    })
  })
})

describe('backend', () => {
  test.each(['here.example', 'HERE.example'])('is found as %s', async name => {
    expect(await json('backend', 'status', name)).toMatchObject({ id: here.backendId, health: 'up' })
  })

  test('is found by its id and by host:port', async () => {
    for (const name of [here.backendId, `127.0.0.1:${port}`]) {
      expect(await json('backend', 'status', name)).toMatchObject({ id: here.backendId })
    }
    expect(await restante('backend', 'status', 'nobody.example')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^there is no backend "nobody.example"/),
    })
  })

  test('probe asks a real server for a recipient and sends nothing', async () => {
    const good = await json<{ ok: boolean; hosts: { steps: { step: string }[] }[] }>(
      'backend',
      'probe',
      'here.example',
    )
    expect(good.ok).toBe(true)
    expect(good.hosts[0]?.steps.map(step => step.step)).toEqual(['connect', 'EHLO', 'MAIL', 'RCPT', 'RSET'])
    expect(accepted).toContain('postmaster@here.example')
    const refused = await restante('backend', 'probe', 'here.example', '--recipient', 'nobody@here.example')
    expect(refused.code).toBe(1)
    expect(refused.stdout).toContain('does not take mail')
  })

  test('override goes down for a time, up, and back to the checks', async () => {
    const before = Date.now()
    const down = await json<{ until: string }>(
      'backend',
      'override',
      'here.example',
      'down',
      '--reason',
      'new disk',
      '--for',
      '2h',
    )
    expect(down).toMatchObject({ health: 'down', override: 'down' })
    expect((Date.parse(down.until) - before) / 60_000).toBeCloseTo(120, 0)
    expect((await restante('backend', 'status')).stdout).toMatch(
      /^here\.example .*down \(override, checks say up\)/m,
    )
    expect(await json('backend', 'override', 'here.example', 'up')).toMatchObject({
      health: 'up',
      until: null,
    })
    expect(await json('backend', 'override', 'here.example', 'auto')).toMatchObject({ override: null })
  })

  test.each([
    [['sideways'], 'sideways is none of up, down, auto'],
    [['down', '--for', 'soon'], 'soon is no duration: say 30m, 2h or 1d'],
  ])('override %j is wrong usage', async (words, line) => {
    expect(await restante('backend', 'override', 'here.example', ...words)).toEqual({
      code: 2,
      stdout: '',
      stderr: `${line}\n`,
    })
  })
})

describe('spool', () => {
  test('status, rebuild and compact run on what is there', async () => {
    const settings = { RESTANTE_DATA: folder, RESTANTE_SECRET: undefined }
    const spool = await openSpool({
      url: `file:${join(folder, 'spool')}`,
      secretKey: deriveKey(loadSecret(settings), 'spool'),
      encrypt: true,
      writer: 'relay',
      log: silentLog,
    })
    await spool.append(
      {
        id: '01a2037d-7997-75d3-bd6c-309c3fea330b',
        kind: 'inbound',
        sender: 'a@outside.example',
        recipients: [{ address: 'ann@here.example' }],
        receivedAt: new Date().toISOString(),
      },
      Buffer.from('Subject: kept\r\n\r\nhello\r\n'),
    )
    await spool.close()
    expect(await json<{ unread: number }>('spool', 'status')).toMatchObject({ unread: expect.any(Number) })
    expect(await json('spool', 'rebuild')).toMatchObject({ messages: 1, setAside: 0 })
    const { items } = await json<{ items: { subject: string }[] }>('delivery', 'list')
    expect(items).toMatchObject([{ subject: 'kept' }])
    expect(await json('spool', 'status')).toMatchObject({ messages: 1 })
    expect(await json('spool', 'compact')).toMatchObject({ busy: false, messages: { dropped: 0 } })
    expect(await json('spool', 'verify')).toMatchObject({ ok: true, messages: 1 })
  })
})

test('status is a few lines', async () => {
  const { stdout, code } = await restante('status')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^relay +is not running$/m)
  expect(stdout).toMatch(/^backends +1 of 1 up$/m)
})

describe('doctor', () => {
  type Doctor = { level: string; checks: { name: string; level: string; advice?: string }[] }

  test('finds a gateway that is not running worth a warning, each with what to do', async () => {
    const { level, checks } = await json<Doctor>('doctor')
    expect(level).toBe('warn')
    const levels = Object.fromEntries(checks.map(check => [check.name, check.level]))
    expect(levels).toMatchObject({
      settings: 'ok',
      secret: 'ok',
      data: 'ok',
      postgres: 'ok',
      redis: 'ok',
      schema: 'ok',
      spool: 'ok',
      ports: 'ok',
      relay: 'warn',
    })
    for (const check of checks) if (check.level !== 'ok') expect(check.advice).toBeTruthy()
  })

  test('a secret that others may read, a port in use and a wrong setting fail it', async () => {
    const data = mkdtempSync(join(tmpdir(), 'restante-doctor-'))
    writeFileSync(join(data, 'secret'), 'x'.repeat(40), { mode: 0o644 })
    const usual = environment
    environment = { ...usual, RESTANTE_DATA: data, RELAY_PORT: String(port) }
    const ran = await restante('doctor', '--json')
    environment = { ...usual, RELAY_PORT: 'x' }
    const wrong = await restante('doctor')
    environment = usual
    rmSync(data, { recursive: true, force: true })
    expect(ran.code).toBe(1)
    const failed = (JSON.parse(ran.stdout) as Doctor).checks.filter(check => check.level === 'fail')
    expect(failed.map(check => check.name).sort()).toEqual(['ports', 'secret'])
    expect(wrong).toMatchObject({ code: 1, stdout: expect.stringContaining('FAIL  settings') })
  })
})
