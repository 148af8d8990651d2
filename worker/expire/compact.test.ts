/** The worker itself takes off the disk what was given up, with the rows of a real database. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { Directory } from '@restante/core/directory/snapshot.ts'
import { rebuildFromSpool } from '@restante/core/ingest/rebuild.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { openSpool } from '@restante/core/spool/open.ts'
import { envelope } from '@restante/core/spool/testing/messages.ts'
import { SpoolError } from '@restante/core/spool/types.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../testing/gateway.ts'
import { startCompaction } from './compact.ts'

let folder: string
let database: TestDatabase
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restante-compact-'))
  database = await testDatabase()
})
afterAll(async () => {
  await database?.close()
  await rm(folder, { recursive: true, force: true })
})

test('a content that was given up is taken off the disk, and the others are found where they are now', async () => {
  const { db } = database
  const place = { url: `file:${folder}`, secretKey: randomBytes(32), encrypt: true }
  const open = () => openSpool({ ...place, writer: 'relay', log: silentLog })
  const first = await open()
  for (const id of ['01a2039f-0000-7000-8000-00000000000a', '01a2039f-0000-7000-8000-00000000000b']) {
    await first.append(envelope(id), Buffer.from(`Subject: ${id}\r\n\r\nHello\r\n`))
  }
  await first.close()
  const spool = await open()
  const directory = new Directory({
    version: 1,
    readAt: new Date().toISOString(),
    domains: [],
    addresses: [],
  })
  expect(await rebuildFromSpool(db, spool, directory)).toMatchObject({ messages: 2, setAside: 0 })
  const [gone, kept] = await db.selectFrom('message').select('id').orderBy('id').execute()
  await db.updateTable('message').set({ removed_at: new Date() }).where('id', '=', gone!.id).execute()

  const compaction = startCompaction({ ...place, db, log: silentLog }, 0)
  /** Null: a segment went away between its listing and its reading. */
  const ids = async () => {
    const found: string[] = []
    try {
      for (const { name } of await spool.segments())
        for await (const item of spool.scan(name, 0))
          if (item.type === 'message') found.push(item.envelope.id)
    } catch (error) {
      if (error instanceof SpoolError && error.code === 'missing') return null
      throw error
    }
    return found
  }
  await until('it is gone', async () => (await ids())?.join() === kept!.id)
  compaction.close()
  const row = await db.selectFrom('message').selectAll().where('id', '=', kept!.id).executeTakeFirstOrThrow()
  const { content } = await spool.read({ segment: row.segment, position: row.position })
  expect((await content.toArray()).join('')).toContain(kept!.id)
  await spool.close()
})
