/** Compaction keeps what somebody needs, drops the rest, and may die at any step. */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { silentLog } from '../observe/log.ts'
import { type CompactOptions, compactSpool } from './compact.ts'
import type { SpoolFs } from './fs.ts'
import { openSpool, openSpoolReader } from './open.ts'
import { LARGE } from './spool.ts'
import { memoryDatabase } from './testing/memory-database.ts'
import { MemoryDisk } from './testing/memory-fs.ts'
import { content, envelope, inventory, readWhole, seeded } from './testing/messages.ts'
import type { Note } from './types.ts'
import { verifySpool } from './verify.ts'

const secretKey = randomBytes(32)
const url = 'file:/spool'
const open = (fs: SpoolFs) =>
  openSpool({
    url,
    secretKey,
    encrypt: true,
    writer: 'relay',
    log: silentLog,
    fs,
    segmentSize: 8000,
    sweep: 3_600_000,
  })
const openReader = (fs: SpoolFs) => openSpoolReader({ url, secretKey, log: silentLog, fs })

type Database = ReturnType<typeof memoryDatabase>

function compact(fs: SpoolFs, database: Database, more: Partial<CompactOptions> = {}) {
  const { lookup, relocate, gone } = database
  const common = { url, secretKey, encrypt: true, log: silentLog, fs, pause: 0 }
  return compactSpool({ ...common, lookup, relocate, gone, ...more })
}

/** A closed spool of `count` messages of about 1000 bytes, and the database that knows them. */
async function filled(count: number) {
  const disk = new MemoryDisk()
  const database = memoryDatabase()
  const spool = await open(disk.process())
  for (let n = 0; n < count; n += 1) {
    const id = `m${n}`
    database.know(id, (await spool.append(envelope(id), content(1000, n))).location)
  }
  await spool.close()
  return { disk, database }
}

async function expectAllReadable(fs: SpoolFs, database: Database) {
  const reader = await openReader(fs)
  for (const [id, { location, removed }] of database.rows) {
    if (removed) continue
    const n = Number(id.slice(1))
    expect((await readWhole(reader, location)).equals(content(1000, n))).toBe(true)
  }
}

const removed = (messageId: string): Note => ({ kind: 'removed', messageId, at: 't' })

describe('compaction', () => {
  test('of a spool where everything is needed changes nothing', async () => {
    const { disk, database } = await filled(30)
    const before = [...disk.paths].filter(path => path.endsWith('.log'))
    const result = await compact(disk.process(), database)
    expect(result).toMatchObject({ segments: { rewritten: 0, deleted: 0 }, messages: { dropped: 0 } })
    expect(disk.paths.filter(path => path.endsWith('.log'))).toEqual(before)
  })

  test('drops what was given up, moves the rest, and tells where it is', async () => {
    const { disk, database } = await filled(30)
    for (let n = 0; n < 30; n += 3) database.remove(`m${n}`)
    const result = await compact(disk.process(), database)
    expect(result.messages).toEqual({ kept: 20, dropped: 10 })
    expect(result.bytes.after).toBeLessThan(result.bytes.before)
    expect(database.goneMessages.sort()).toEqual(
      [...database.rows]
        .filter(([, r]) => r.removed)
        .map(([id]) => id)
        .sort(),
    )
    await expectAllReadable(disk.process(), database)
    const found = await inventory(await openReader(disk.process()))
    expect(found.ids).toHaveLength(20)
    expect(found.damage).toEqual([])
    // The same bytes are on no part of the disk any more, and the second time there is nothing to do.
    expect((await compact(disk.process(), database)).segments.deleted).toBe(0)
  })

  test('deletes segments of which nothing is needed, and leaves no empty one', async () => {
    const { disk, database } = await filled(30)
    for (const id of database.rows.keys()) database.remove(id)
    await compact(disk.process(), database)
    expect(disk.paths.filter(path => /\.(log|live)$/.test(path))).toEqual([])
  })

  test('leaves a segment alone that the database has not read yet', async () => {
    const { disk, database } = await filled(30)
    database.rows.delete('m1')
    database.remove('m2')
    const result = await compact(disk.process(), database)
    expect(result.segments.notIngested).toBe(1)
    expect((await inventory(await openReader(disk.process()))).ids).toContain('m1')
  })

  test('carries a message along that the database could not use for a day, where ingest reads it again', async () => {
    const { disk, database } = await filled(6)
    database.rows.delete('m1')
    database.remove('m2')
    const checkpoints: string[] = []
    const result = await compact(disk.process(), database, {
      unreadAge: -120_000,
      relocate: async (moves, ends) => {
        checkpoints.push(...ends.map(({ segment }) => segment))
        await database.relocate(moves)
      },
    })
    expect(result.messages).toEqual({ kept: 4, dropped: 1 })
    const found = await inventory(await openReader(disk.process()))
    expect(found.ids.sort()).toEqual(['m0', 'm1', 'm3', 'm4', 'm5'])
    expect(checkpoints).not.toContain(found.places.get('m1')!.segment)
    expect(checkpoints).toContain(found.places.get('m0')!.segment)
    await expectAllReadable(disk.process(), database)
  })

  test('drops a message that a note gives up and a rebuilt database has no row of', async () => {
    const { disk, database } = await filled(6)
    const spool = await open(disk.process())
    await spool.note([removed('m1')])
    await spool.close()
    database.rows.delete('m1')
    const result = await compact(disk.process(), database)
    expect(result.messages).toEqual({ kept: 5, dropped: 1 })
    expect(database.goneMessages).toEqual(['m1'])
  })

  test('leaves an open segment alone, and live traffic goes on meanwhile', async () => {
    const { disk, database } = await filled(30)
    for (let n = 0; n < 30; n += 2) database.remove(`m${n}`)
    const spool = await open(disk.process())
    let busy = true
    let number = 1000
    const traffic = (async () => {
      while (busy) {
        const id = `m${number}`
        database.know(id, (await spool.append(envelope(id), content(1000, number))).location)
        number += 1
      }
    })()
    await compact(disk.process(), database)
    busy = false
    await traffic
    await expectAllReadable(disk.process(), database)
    await spool.close()
  })

  test('keeps notes as long as their message stands anywhere, and no longer', async () => {
    const { disk, database } = await filled(3)
    const spool = await open(disk.process())
    await spool.note([removed('m0'), removed('m1'), removed('elsewhere')])
    await spool.close()
    const notes = async () =>
      (await inventory(await openReader(disk.process()))).notes.map(note => note.messageId)
    database.remove('m0')
    await compact(disk.process(), database)
    // m0 stood there when this pass began: the next one drops its note.
    expect(await notes()).toEqual(['m0', 'm1'])
    await compact(disk.process(), database)
    expect(await notes()).toEqual(['m1'])
  })

  test('moves a large content without touching it, and removes it with its last record', async () => {
    const disk = new MemoryDisk()
    const database = memoryDatabase()
    const spool = await open(disk.process())
    for (const id of ['keep', 'drop', 'small']) {
      const bytes = content(id === 'small' ? 10 : LARGE * 2, id.length)
      database.know(id, (await spool.append(envelope(id), bytes)).location)
    }
    await spool.close()
    const large = () => disk.paths.filter(path => path.includes('large/'))
    expect(large()).toHaveLength(2)
    database.remove('drop')
    await compact(disk.process(), database)
    expect(large()).toHaveLength(1)
    const reader = await openReader(disk.process())
    const { location } = database.rows.get('keep')!
    expect((await readWhole(reader, location)).equals(content(LARGE * 2, 4))).toBe(true)
    database.remove('keep')
    await compact(disk.process(), database)
    expect(large()).toEqual([])
  })

  test('removes a large content that no record names, once it is old', async () => {
    const { disk, database } = await filled(1)
    const fs = disk.process()
    await (await fs.open('/spool/large/relay-0-000001', 'create')).write([Buffer.from('x')], 0)
    expect((await compact(fs, database)).strayContents).toBe(0)
    expect((await compact(fs, database, { strayAge: 0 })).strayContents).toBe(1)
  })

  test('sets damaged bytes aside and keeps everything around them', async () => {
    const { disk, database } = await filled(5)
    const { location } = database.rows.get('m2')!
    disk.bytesOf(`/spool/segments/${location.segment}.log`)![location.position + 100]! ^= 1
    database.rows.delete('m2')
    database.remove('m0')
    expect((await verifySpool(await openReader(disk.process()))).damage).toMatchObject([location])
    const result = await compact(disk.process(), database)
    expect(result.damaged).toBe(1)
    expect(disk.paths).toContain(`/spool/damaged/${location.segment}-${location.position}`)
    await expectAllReadable(disk.process(), database)
    expect((await verifySpool(await openReader(disk.process()))).ok).toBe(true)
  })

  test('does nothing while another one is at it', async () => {
    const { disk, database } = await filled(5)
    database.remove('m0')
    const fs = disk.process()
    const lock = fs.lock('/spool/writers/only-compaction.lock')
    expect((await compact(disk.process(), database)).busy).toBe(true)
    lock!.release()
    expect((await compact(disk.process(), database)).busy).toBe(false)
  })

  test('makes text smaller', async () => {
    const disk = new MemoryDisk()
    const database = memoryDatabase()
    const spool = await open(disk.process())
    const letter = Buffer.from('Good morning, and thank you for your letter. '.repeat(50))
    for (const id of ['a', 'b']) database.know(id, (await spool.append(envelope(id), letter)).location)
    await spool.close()
    database.remove('a')
    const result = await compact(disk.process(), database)
    expect(result.bytes.after).toBeLessThan(result.bytes.before / 4)
    const reader = await openReader(disk.process())
    expect((await readWhole(reader, database.rows.get('b')!.location)).equals(letter)).toBe(true)
  })

  test('with a database set back to an older state keeps the copy that is there, and mends the row', async () => {
    const { disk, database } = await filled(10)
    const old = new Map([...database.rows].map(([id, row]) => [id, { ...row }]))
    database.remove('m0')
    await compact(disk.process(), database)
    for (const [id, row] of old) database.rows.set(id, row)
    database.rows.delete('m0')
    database.remove('m1')
    await compact(disk.process(), database)
    await expectAllReadable(disk.process(), database)
  })

  test('that cannot tell the database leaves everything where it was', async () => {
    const { disk, database } = await filled(20)
    for (let n = 0; n < 20; n += 2) database.remove(`m${n}`)
    const away = async () => {
      throw new Error('the database is away')
    }
    await expect(compact(disk.process(), database, { relocate: away })).rejects.toThrow('away')
    await expectAllReadable(disk.process(), database)
    await compact(disk.process(), database)
    await expectAllReadable(disk.process(), database)
    const found = await inventory(await openReader(disk.process()))
    expect(found.ids).toHaveLength(10)
  })

  test('deletes nothing before its copies can be seen, however long closing them takes', async () => {
    const { disk, database } = await filled(30)
    for (let n = 0; n < 30; n += 2) database.remove(`m${n}`)
    const fs = disk.process()
    const hidden = () => disk.paths.filter(path => path.includes('-compact-') && path.endsWith('.live'))
    const tooEarly: string[] = []
    let deleted = 0
    const slow: SpoolFs = {
      ...fs,
      async remove(path) {
        if (path.endsWith('.live'))
          for (let turn = 0; turn < 200; turn += 1) await new Promise(resolve => setImmediate(resolve))
        if (path.endsWith('.log') && !path.includes('-compact-')) {
          deleted += 1
          tooEarly.push(...hidden())
        }
        await fs.remove(path)
      },
    }
    await compact(slow, database)
    expect(deleted).toBeGreaterThan(1)
    expect(tooEarly).toEqual([])
  })

  describe('counts what a living writer has made durable and nobody sees yet', () => {
    /** A writer whose mark stays at 0: all it writes is durable, and hidden from readers. */
    async function hiding(disk: MemoryDisk) {
      let creating = true
      const writer = await open(
        disk.process((operation, path) =>
          !creating && operation === 'write' && path.endsWith('.live')
            ? new Error('no marks today')
            : undefined,
        ),
      )
      await writer.note([removed('nothing')])
      creating = false
      return writer
    }

    test('so that the note about such a message is kept', async () => {
      const { disk, database } = await filled(3)
      const writer = await hiding(disk)
      await writer.append(envelope('hidden'), content(100))
      expect((await inventory(await openReader(disk.process()))).ids).not.toContain('hidden')
      const other = await open(disk.process())
      await other.note([removed('hidden')])
      await other.close()
      database.remove('m0')
      await compact(disk.process(), database)
      const { notes } = await inventory(await openReader(disk.process()))
      expect(notes.map(note => note.messageId)).toContain('hidden')
      await writer.close()
    })

    test('so that a large content that only such a record names is no stray', async () => {
      const { disk, database } = await filled(3)
      const writer = await hiding(disk)
      const bytes = content(LARGE * 2)
      const { location } = await writer.append(envelope('hidden'), bytes)
      expect((await compact(disk.process(), database, { strayAge: 0 })).strayContents).toBe(0)
      expect((await readWhole(writer, location)).equals(bytes)).toBe(true)
      await writer.close()
    })
  })

  test('killed at every step of the disk loses nothing, and the next one tidies up', async () => {
    const random = seeded(7)
    for (let end = 1; ; end += 3) {
      const { disk, database } = await filled(16)
      for (let n = 0; n < 16; n += 2) database.remove(`m${n}`)
      let die = () => {}
      const dead = new Promise<'dead'>(resolve => {
        die = () => resolve('dead')
      })
      let count = 0
      const fs = disk.process(() => {
        count += 1
        if (count === end) {
          fs.kill()
          die()
        }
        return undefined
      })
      const ended = await Promise.race([compact(fs, database).then(() => 'done' as const), dead])
      if (end % 2 === 0) disk.powerCut(random)
      await expectAllReadable(disk.process(), database)
      await compact(disk.process(), database)
      await expectAllReadable(disk.process(), database)
      const found = await inventory(await openReader(disk.process()))
      expect(found.ids.sort()).toEqual([1, 11, 13, 15, 3, 5, 7, 9].map(n => `m${n}`))
      expect(found.damage).toEqual([])
      if (ended === 'done') break
    }
  })
})
