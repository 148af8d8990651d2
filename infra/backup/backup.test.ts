/** A backup and what comes of it: on a real PostgreSQL and a real spool, and by the two commands on empty folders. */
import { execFile } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { deriveKey } from '@restante/core/config/secret.ts'
import type { Db } from '@restante/core/db/connection.ts'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { addPerson } from '@restante/core/directory/people.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { openSpool, openSpoolReader } from '@restante/core/spool/open.ts'
import { content, envelope, inPieces } from '@restante/core/spool/testing/messages.ts'
import { verifySpool } from '@restante/core/spool/verify.ts'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Key, writeArchive } from './archive.ts'
import { backUp } from './backup.ts'
import { examine, restoreInto } from './restore.ts'
import { atOneMoment, dump } from './tables.ts'

const folder = mkdtempSync(join(tmpdir(), 'restante-backup-'))
const secret = randomBytes(32).toString('base64url')
const key: Key = { type: 'secret', text: secret }
const sealKey = deriveKey(secret, 'stored-secrets')
const file = join(folder, 'night.backup')
const urlOf = (name: string) => `file:${join(folder, name)}`

async function fillSpool(url: string): Promise<void> {
  const spool = await openSpool({
    url,
    secretKey: deriveKey(secret, 'spool'),
    encrypt: true,
    writer: 'relay',
    log: silentLog,
    minimumFree: 0,
  })
  await spool.append(envelope(randomUUID()), content(2_000))
  // So long that it stands beside the segments.
  await spool.append(envelope(randomUUID()), inPieces(content(30_000_000), 1_000_000))
  await spool.close()
}

const verified = async (url: string) =>
  verifySpool(await openSpoolReader({ url, secretKey: deriveKey(secret, 'spool'), log: silentLog }))

/** Every row of every table, as the backup has them. */
async function rowsOf(db: Db): Promise<Map<string, string[]>> {
  const tables = new Map<string, string[]>()
  await atOneMoment(db, tx =>
    dump(tx, async (part, blocks) => {
      const rows: string[] = []
      await blocks(async block => {
        rows.push(block.toString('utf8'))
      })
      tables.set(String(part.name ?? part.type), part.type === 'table' ? rows.sort() : [JSON.stringify(part)])
    }),
  )
  return tables
}

let from: TestDatabase
let into: TestDatabase

beforeAll(async () => {
  from = await testDatabase()
  into = await testDatabase()
  await sql`drop schema public cascade`.execute(into.db)
  await sql`create schema public`.execute(into.db)
  const { db } = from
  await addOrganization(db, { name: 'Acme, \\ "and" (Sons)\n' })
  const [organization] = await db.selectFrom('organization').select('name').execute()
  await addDomain(
    db,
    {
      domain: 'acme.example',
      organization: organization!.name,
      backends: ['smtp://u:hunter2@mx.acme.example'],
    },
    sealKey,
  )
  await addPerson(db, {
    address: 'ann@acme.example',
    name: "l'Àngela 🐌",
    locale: 'ca',
    password: 'correct horse',
  })
  await addPerson(db, { address: 'ben@acme.example', role: 'admin' })
  await fillSpool(urlOf('spool'))
})
afterAll(async () => {
  await from?.close()
  await into?.close()
  rmSync(folder, { recursive: true, force: true })
})

test('database and spool come back row by row and byte by byte', async () => {
  const made = await backUp(file, key, {
    db: from.db,
    settings: { SPOOL_URL: urlOf('spool') },
    secret,
    version: '1.2.3',
    environment: 'WEBMAIL_PORT="3000"\n',
    now: new Date(),
  })
  expect(made).toMatchObject({ large: 1 })
  for (const told of ['acme.example', 'hunter2', secret])
    expect(readFileSync(file).includes(told)).toBe(false)

  const inside = await examine(file, key)
  expect(inside).toMatchObject({ version: '1.2.3', secret, environment: 'WEBMAIL_PORT="3000"\n' })
  const restored = await restoreInto(file, key, inside, {
    db: into.db,
    settings: { SPOOL_URL: urlOf('again') },
  })
  expect(restored).toEqual({ rows: made.rows, segments: made.segments, large: 1 })
  expect(await rowsOf(into.db)).toEqual(await rowsOf(from.db))
  const [was, is] = [await verified(urlOf('spool')), await verified(urlOf('again'))]
  expect(is).toMatchObject({ ok: true, messages: 2 })
  expect({ messages: is.messages, bytes: is.bytes }).toEqual({ messages: was.messages, bytes: was.bytes })
  // Keys, triggers and sequences are as a fresh schema has them.
  await addPerson(into.db, { address: 'cleo@acme.example' })
  await expect(
    sql`insert into member (person_id, mailbox_id) select id, id from person`.execute(into.db),
  ).rejects.toThrow(/foreign key/)
}, 120_000)

test('into what is not empty nothing is restored', async () => {
  const inside = await examine(file, key)
  const before = await rowsOf(into.db)
  await expect(
    restoreInto(file, key, inside, { db: into.db, settings: { SPOOL_URL: urlOf('third') } }),
  ).rejects.toThrow('the database is not empty')
  expect(await rowsOf(into.db)).toEqual(before)
  expect(existsSync(join(folder, 'third/segments'))).toBe(false)
}, 120_000)

test('one of a newer version is refused', async () => {
  const later = join(folder, 'later.backup')
  await writeArchive(later, key, new Date(), async write => {
    await write({ type: 'installation', version: '99.0.0', migrations: [1, 9_999] }, async () => {})
    await write({ type: 'secret' }, block => block(Buffer.from(secret)))
    await write({ type: 'end' }, async () => {})
  })
  await expect(examine(later, key)).rejects.toThrow('made by a newer version (99.0.0): upgrade first')
})

describe('the commands', () => {
  const restante = (data: string, ...words: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>(done => {
      const main = resolve(import.meta.dirname, '../restante.mjs')
      const env = { PATH: process.env.PATH, HOME: folder, RESTANTE_DATA: data, LOG_LEVEL: 'error' }
      execFile(process.execPath, [main, ...words], { env, cwd: folder }, (error, stdout, stderr) =>
        done({ code: error ? Number(error.code) : 0, stdout, stderr }),
      )
    })
  const [old, empty] = [join(folder, 'old'), join(folder, 'empty')]
  const night = join(folder, 'commands.backup')
  const paper = join(folder, 'paper')

  test('bring an installation to an empty machine, and nothing with a wrong secret', async () => {
    mkdirSync(old)
    writeFileSync(join(old, 'secret'), `${secret}\n`, { mode: 0o600 })
    writeFileSync(paper, secret)
    await fillSpool(`file:${join(old, 'spool')}`)
    expect(await restante(old, 'org', 'add', 'Acme')).toMatchObject({ code: 0 })
    expect(await restante(old, 'backup', night)).toMatchObject({ code: 0 })
    expect((await restante(old, 'restore', night)).stderr).toMatch(
      /is there: restore into an empty folder\n$/,
    )

    expect((await restante(empty, 'restore', night)).stderr).toMatch(/give --secret-file\n$/)
    writeFileSync(join(folder, 'other'), 'another')
    const wrong = await restante(empty, 'restore', night, '--secret-file', join(folder, 'other'))
    expect(wrong).toMatchObject({ code: 1, stdout: '' })
    expect(wrong.stderr).toMatch(/does not open with this secret\n$/)
    expect(existsSync(empty) ? readdirSync(empty) : []).toEqual([])

    expect(await restante(empty, 'restore', night, '--secret-file', paper)).toMatchObject({
      code: 0,
      stderr: '',
    })
    expect(readFileSync(join(empty, 'secret'), 'utf8').trim()).toBe(secret)
    expect((await restante(empty, 'org', 'list')).stdout).toContain('Acme')
    expect((await restante(empty, 'spool', 'verify')).stdout).toMatch(/^sound: 2 messages/)
  }, 180_000)
})
