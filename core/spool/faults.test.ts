/** A disk that is full, fails, or loses its power: what was acknowledged is there, and nothing lies. */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { silentLog } from '../observe/log.ts'
import type { SpoolFs } from './fs.ts'
import { type OpenOptions, openSpool, openSpoolReader } from './open.ts'
import { LARGE } from './spool.ts'
import { type Fault, fault, MemoryDisk, type Operation } from './testing/memory-fs.ts'
import { content, envelope, inventory, readWhole, seeded } from './testing/messages.ts'

const secretKey = randomBytes(32)
const url = 'file:/spool'
const open = (fs: SpoolFs, more: Partial<OpenOptions> = {}) =>
  openSpool({ url, secretKey, encrypt: true, writer: 'relay', log: silentLog, fs, sweep: 3_600_000, ...more })
const openReader = (fs: SpoolFs) => openSpoolReader({ url, secretKey, log: silentLog, fs })

/** Fails the nth operation of a kind on segments (not marks) once, or for ever. */
function failing(
  operation: Operation,
  error: string,
  options: { from?: number; times?: number; path?: RegExp } = {},
) {
  const { from = 0, times = 1, path = /\.log$/ } = options
  let seen = 0
  const made: Fault = (done, where) => {
    if (done !== operation || !path.test(where)) return undefined
    seen += 1
    return seen > from && seen <= from + times ? fault(error) : undefined
  }
  return made
}

describe('a failing disk', () => {
  test.each(['write', 'sync'] as const)(
    'a failed %s is never tried again: the message goes to a new segment',
    async operation => {
      const disk = new MemoryDisk()
      const process = disk.process(failing(operation, 'EIO', { from: 1 }))
      const spool = await open(process)
      const before = await spool.append(envelope('before'), content(100))
      const hit = await spool.append(envelope('hit'), content(100))
      expect(hit.location.segment).not.toBe(before.location.segment)
      // Whatever the disk holds now was really synced.
      process.kill()
      disk.powerCut(() => 0.99)
      const after = await open(disk.process())
      expect((await inventory(after)).ids.sort()).toEqual(['before', 'hit'])
      expect((await readWhole(after, hit.location)).equals(content(100))).toBe(true)
    },
  )

  test('that fails twice is said to the sender, and recovers by itself', async () => {
    const disk = new MemoryDisk()
    const spool = await open(disk.process(failing('sync', 'EIO', { from: 1, times: 2 })))
    await spool.append(envelope('before'), content(100))
    await expect(spool.append(envelope('refused'), content(100))).rejects.toMatchObject({ code: 'failed' })
    expect(await spool.health()).toMatchObject({ ok: false })
    await spool.append(envelope('after'), content(100))
    expect(await spool.health()).toEqual({ ok: true })
    expect((await inventory(spool)).ids.sort()).toEqual(['after', 'before'])
    await spool.close()
    expect((await inventory(await openReader(disk.process()))).damage).toEqual([])
  })

  test.each(['write', 'sync', 'open', 'syncFolder'] as const)(
    'that is full at %s is said to be full, and what came before is kept',
    async operation => {
      const disk = new MemoryDisk()
      let full = false
      const path = operation === 'syncFolder' ? /segments$/ : /\.log$/
      const spool = await open(
        disk.process((done, where) =>
          full && done === operation && path.test(where) ? fault('ENOSPC') : undefined,
        ),
        { segmentSize: 1000 },
      )
      await spool.append(envelope('before'), content(900))
      full = true
      await expect(spool.append(envelope('refused'), content(900))).rejects.toMatchObject({ code: 'full' })
      await expect(spool.append(envelope('again'), content(900))).rejects.toMatchObject({ code: 'full' })
      expect(await spool.health()).toMatchObject({ ok: false })
      full = false
      await spool.append(envelope('after'), content(900))
      await spool.close()
      const found = await inventory(await openReader(disk.process()))
      expect(found.ids).toEqual(['before', 'after'])
      expect(found.damage).toEqual([])
      // Nothing is left lying about.
      expect(disk.paths.filter(name => name.endsWith('.live'))).toEqual([])
      expect(disk.paths.filter(name => name.endsWith('.log'))).toHaveLength(2)
    },
  )

  test.each(['write', 'sync', 'open', 'syncFolder'] as const)(
    'that fails a large content at %s keeps nothing of it',
    async operation => {
      const disk = new MemoryDisk()
      const path = /large/
      let broken = false
      const spool = await open(
        disk.process((done, where) =>
          broken && done === operation && path.test(where) ? fault('ENOSPC') : undefined,
        ),
      )
      broken = true
      const refused = spool.append(envelope('refused'), content(3 * LARGE))
      await expect(refused).rejects.toMatchObject({ code: 'full' })
      expect(disk.paths.filter(name => path.test(name))).toEqual([])
      broken = false
      const { location } = await spool.append(envelope('taken'), content(3 * LARGE))
      expect((await readWhole(spool, location)).equals(content(3 * LARGE))).toBe(true)
      await spool.close()
    },
  )

  test('that takes a few bytes at a time gets all of them', async () => {
    const disk = new MemoryDisk()
    const random = seeded(5)
    const spool = await open(
      disk.process(operation => (operation === 'write' ? 1 + Math.floor(random() * 50) : undefined)),
    )
    const all = await Promise.all(
      Array.from({ length: 30 }, (_, n) => spool.append(envelope(`m${n}`), content(200, n))),
    )
    for (const [n, { location }] of all.entries()) {
      expect((await readWhole(spool, location)).equals(content(200, n))).toBe(true)
    }
    await spool.close()
    expect((await inventory(await openReader(disk.process()))).damage).toEqual([])
  })

  test('with too little room or too few inodes is not healthy', async () => {
    const disk = new MemoryDisk()
    const spool = await open(disk.process())
    disk.free = { bytes: 0.09, inodes: 0.5 }
    expect(await spool.health()).toEqual({ ok: false, room: 'low', reason: 'only 9 % of the disk is free' })
    disk.free = { bytes: 0.5, inodes: 0.04 }
    expect(await spool.health()).toEqual({
      ok: false,
      room: 'none',
      reason: "only 4 % of the disk's inodes are free",
    })
    disk.free = { bytes: 0.11, inodes: 0.11 }
    expect(await spool.health()).toEqual({ ok: true })
    await spool.close()
  })

  test('whose marks fail hides nothing for good', async () => {
    const disk = new MemoryDisk()
    let broken = true
    const mark: Fault = (done, path) =>
      broken && done === 'write' && path.endsWith('.live') ? fault('EIO') : undefined
    const creating = { now: true }
    const spool = await open(disk.process((done, path) => (creating.now ? undefined : mark(done, path))))
    await spool.append(envelope('first'), content(10))
    creating.now = false
    await spool.append(envelope('second'), content(10))
    broken = false
    await spool.append(envelope('third'), content(10))
    const reader = await openReader(disk.process())
    await expect.poll(async () => (await inventory(reader)).ids).toEqual(['first', 'second', 'third'])
    await spool.close()
  })
})

describe('what another process sees', () => {
  test('is never what the disk could still lose', async () => {
    const disk = new MemoryDisk()
    let stop: (() => void) | undefined
    let held: Promise<void> = Promise.resolve()
    const inner = disk.process()
    const fs: SpoolFs = {
      ...inner,
      open: async (path, mode) => {
        const file = await inner.open(path, mode)
        return path.endsWith('.log') && mode === 'create'
          ? {
              ...file,
              sync: async () => {
                await held
                await file.sync()
              },
            }
          : file
      },
    }
    const spool = await open(fs)
    await spool.append(envelope('durable'), content(100))
    held = new Promise(resolve => {
      stop = resolve
    })
    const pending = spool.append(envelope('written'), content(100))
    const log = disk.paths.find(path => path.endsWith('.log'))!
    const size = disk.bytesOf(log)!.length
    await expect.poll(() => disk.bytesOf(log)!.length).toBeGreaterThan(size)
    const reader = await openReader(disk.process())
    expect((await inventory(reader)).ids).toEqual(['durable'])
    expect((await inventory(spool)).ids).toEqual(['durable'])
    stop?.()
    await pending
    await expect.poll(async () => (await inventory(reader)).ids).toEqual(['durable', 'written'])
    await spool.close()
  })
})

describe('taking over', () => {
  test("a live writer's segments are never touched", async () => {
    const disk = new MemoryDisk()
    const first = await open(disk.process())
    const { location } = await first.append(envelope('one'), content(10))
    const second = await open(disk.process())
    expect((await second.segments())[0]).toMatchObject({ name: location.segment, closed: false })
    await first.append(envelope('two'), content(10))
    await Promise.all([first.close(), second.close()])
    expect((await inventory(await openReader(disk.process()))).ids).toEqual(['one', 'two'])
  })

  test('bytes that went bad before the mark are kept and reported, those after a torn end are cut', async () => {
    const disk = new MemoryDisk()
    const process = disk.process()
    const spool = await open(process)
    const places = []
    for (const id of ['a', 'b', 'c']) places.push((await spool.append(envelope(id), content(50))).location)
    await expect.poll(async () => (await inventory(await openReader(disk.process()))).ids).toHaveLength(3)
    process.kill()
    const log = disk.paths.find(path => path.endsWith('.log'))!
    disk.bytesOf(log)![places[2]!.position + 40]! ^= 1
    const next = await open(disk.process())
    const found = await inventory(next)
    expect(found.ids).toEqual(['a', 'b'])
    expect(found.damage).toMatchObject([{ location: places[2], reason: 'wrong checksum' }])
    await next.close()
  })

  test('a torn end is cut at every byte, and only it', async () => {
    const disk = new MemoryDisk()
    const process = disk.process()
    const spool = await open(process)
    const first = await spool.append(envelope('a'), content(50))
    await expect.poll(async () => (await inventory(await openReader(disk.process()))).ids).toHaveLength(1)
    const log = disk.paths.find(path => path.endsWith('.log'))!
    const whole = disk.bytesOf(log)!.length
    const second = await spool.append(envelope('b'), content(50))
    process.kill()
    const bytes = Buffer.from(disk.bytesOf(log)!)
    expect(second.location.position).toBe(whole)
    for (let cut = whole; cut <= bytes.length; cut += 1) {
      const copy = new MemoryDisk()
      const at = copy.process()
      const put = async (path: string, data: Buffer) => {
        await (await at.open(path, 'create')).write([data], 0)
      }
      await put(log, bytes.subarray(0, cut))
      // The mark as it stood before the second message: a writer killed between its sync and its mark.
      const mark = Buffer.from(disk.bytesOf(log.replace(/log$/, 'live'))!)
      mark.writeUIntLE(whole, 0, 6)
      const { crc32 } = await import('node:zlib')
      mark.writeUInt32LE(crc32(mark.subarray(0, 8)), 8)
      await put(log.replace(/log$/, 'live'), mark)
      const next = await open(copy.process())
      const found = await inventory(next)
      expect(found.ids).toEqual(cut === bytes.length ? ['a', 'b'] : ['a'])
      expect(found.damage).toEqual([])
      expect((await next.segments())[0]).toMatchObject({ closed: true })
      expect((await readWhole(next, first.location)).equals(content(50))).toBe(true)
      await next.close()
    }
  })

  test('a segment whose cut failed when it was abandoned is cut by the next sweep', async () => {
    const disk = new MemoryDisk()
    let broken = false
    const spool = await open(
      disk.process((done, path) =>
        broken && path.endsWith('.log') && (done === 'sync' || done === 'truncate')
          ? fault('EIO')
          : undefined,
      ),
      { sweep: 5 },
    )
    await spool.append(envelope('kept'), content(10))
    broken = true
    await expect(spool.append(envelope('refused'), content(10))).rejects.toMatchObject({ code: 'failed' })
    broken = false
    await expect
      .poll(async () => (await spool.segments()).every(({ closed }) => closed), { timeout: 5000 })
      .toBe(true)
    expect((await inventory(spool)).ids).toContain('kept')
    await spool.close()
  })
})

describe.each(Array.from({ length: 60 }, (_, seed) => seed))('power cut, seed %i', seed => {
  test('everything acknowledged is there, at every restart', async () => {
    const random = seeded(seed + 1)
    const disk = new MemoryDisk()
    const acknowledged = new Map<string, Buffer>()
    const refused = new Set<string>()
    /** What somebody could read once: a row may point at it. */
    const seen = new Set<string>()
    let number = 0
    for (let life = 0; life < 4; life += 1) {
      const end = 5 + Math.floor(random() * 150)
      let dead = () => {}
      const over = new Promise<void>(resolve => {
        dead = resolve
      })
      let count = 0
      const process = disk.process((operation, path) => {
        count += 1
        if (count === end) {
          process.kill()
          dead()
        }
        if (operation === 'write' && random() < 0.1) return 1 + Math.floor(random() * 40)
        if (path.endsWith('.log') && operation === 'sync' && random() < 0.03) return fault('EIO')
        return undefined
      })
      const work = async () => {
        const spool = await open(process, { segmentSize: 3000 })
        const found = await inventory(spool)
        for (const id of [...acknowledged.keys(), ...seen]) expect(found.ids).toContain(id)
        for (const id of found.ids) seen.add(id)
        for (;;) {
          const some = Array.from({ length: 1 + Math.floor(random() * 4) }, async () => {
            number += 1
            const id = `m${number}`
            const bytes = content(random() < 0.05 ? LARGE + 1000 : Math.floor(random() * 900), number)
            try {
              await spool.append(envelope(id), bytes)
              acknowledged.set(id, bytes)
            } catch {
              refused.add(id)
            }
          })
          // Not waited for: it goes along with the next append.
          void spool.note([{ kind: 'removed', messageId: `m${number}`, at: 't' }]).catch(() => {})
          await Promise.all(some)
        }
      }
      await Promise.race([work(), over])
      if (random() < 0.6) disk.powerCut(random)
    }
    const last = disk.process()
    const spool = await open(last)
    const found = await inventory(spool)
    for (const id of seen) expect(found.ids).toContain(id)
    for (const [id, bytes] of acknowledged) {
      expect(found.ids).toContain(id)
      expect((await readWhole(spool, found.places.get(id)!)).equals(bytes)).toBe(true)
    }
    await spool.close()
  })
})
