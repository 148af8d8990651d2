/**
 * What every spool store must do, as one suite of tests. A store's test file calls `contract` with a way to
 * open spools over one fresh place.
 */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLog } from '../observe/log.ts'
import { type OpenOptions, openSpool, openSpoolReader } from './open.ts'
import { LARGE } from './spool.ts'
import { content, envelope, inPieces, inventory, readWhole, scanAll, until } from './testing/messages.ts'
import { type Note, type Scanned, type Spool, SpoolError, type SpoolReader } from './types.ts'
import { verifySpool } from './verify.ts'

export type Place = Pick<OpenOptions, 'url' | 'fs' | 'lease'>

const removed = (messageId: string): Note => ({
  kind: 'removed',
  messageId,
  at: '2026-03-01T09:00:00.000Z',
})

export function contract(name: string, freshPlace: () => Place): void {
  describe.each([true, false])(`${name}, encrypted: %s`, encrypt => {
    const secretKey = randomBytes(32)
    let place: Place
    let spool: Spool
    let reader: SpoolReader
    const open = (more: Partial<OpenOptions> = {}) =>
      openSpool({ ...place, secretKey, encrypt, writer: 'relay', log: silentLog, minimumFree: 0, ...more })

    beforeAll(async () => {
      place = freshPlace()
      reader = await openSpoolReader({ ...place, secretKey, log: silentLog })
      // Nothing was ever written here.
      expect(await reader.segments()).toEqual([])
      spool = await open()
    })
    afterAll(() => spool?.close())

    test('an appended message is read back byte for byte, by this process and by another', async () => {
      for (const size of [0, 1, 16 * 1024, LARGE - 1, LARGE]) {
        const bytes = content(size, size + 1)
        const message = envelope(`whole-${size}`, { envid: 'grüße', smtputf8: true })
        const { id, location, size: told } = await spool.append(message, bytes)
        expect([id, told]).toEqual([message.id, size])
        for (const each of [spool, reader]) {
          const read = await each.read(location)
          expect([read.envelope, read.size]).toEqual([message, size])
          read.content.destroy()
          expect((await readWhole(each, location)).equals(bytes)).toBe(true)
        }
      }
    })

    test('content that comes in pieces is one content, small or large', async () => {
      for (const [size, piece] of [
        [10, 3],
        [LARGE, 70_001],
        [LARGE + 1, 70_001],
        [3 * LARGE + 17, 1_500_000],
        [20 * LARGE, LARGE],
      ] as const) {
        const bytes = content(size, piece)
        const { location, size: told } = await spool.append(envelope(`piece-${size}`), inPieces(bytes, piece))
        expect(told).toBe(size)
        expect((await readWhole(reader, location)).equals(bytes)).toBe(true)
      }
    })

    test('when the content breaks off nothing is kept, and the error is the one of the source', async () => {
      const broken = new Error('the client went away')
      for (const length of [10, LARGE * 2]) {
        async function* source() {
          yield* inPieces(content(length), 100_000)
          throw broken
        }
        await expect(spool.append(envelope(`broken-${length}`), source())).rejects.toBe(broken)
      }
      expect((await inventory(spool)).ids.some(id => id.startsWith('broken'))).toBe(false)
    })

    test('messages and notes are scanned in their order, from any of their places on', async () => {
      const own = await open({ writer: 'worker' })
      const first = await own.append(envelope('order-1'), Buffer.from('1'))
      await own.note([removed('order-1'), { ...removed('order-2'), kind: 'reopened', address: 'a@b' }])
      await own.append(envelope('order-2'), Buffer.from('2'))
      const all: Scanned[] = []
      for await (const item of own.scan(first.location.segment, 0)) all.push(item)
      expect(all.map(item => (item.type === 'message' ? item.envelope.id : item.type))).toEqual([
        'order-1',
        'note',
        'note',
        'order-2',
      ])
      for (const [index, item] of all.entries()) {
        const rest: Scanned[] = []
        for await (const later of own.scan(first.location.segment, item.next)) rest.push(later)
        expect(rest).toEqual(all.slice(index + 1))
      }
      await own.close()
    })

    test('another process sees what is appended, soon and only once it is whole', async () => {
      let hints = 0
      const watch = reader.watch(() => {
        hints += 1
      })
      const ids = Array.from({ length: 20 }, (_, n) => `seen-${n}`)
      await Promise.all(ids.map(id => spool.append(envelope(id), content(5000))))
      await until(async () => {
        const found = await inventory(reader)
        expect(found.damage).toEqual([])
        return ids.every(id => found.ids.includes(id))
      }, 'all messages seen')
      await until(() => hints > 0, 'a hint')
      watch.close()
    })

    test('many at once share commits, and each has its own place', async () => {
      const all = await Promise.all(
        Array.from({ length: 200 }, (_, n) => spool.append(envelope(`many-${n}`), content(100, n))),
      )
      expect(new Set(all.map(({ location }) => `${location.segment}:${location.position}`)).size).toBe(200)
      for (const n of [0, 99, 199]) {
        expect((await readWhole(reader, all[n]!.location)).equals(content(100, n))).toBe(true)
      }
    })

    test('a full segment is followed by another, and the order of names is the order of time', async () => {
      const own = await open({ writer: 'webmail', segmentSize: 20_000 })
      const places = []
      for (let n = 0; n < 12; n += 1) {
        places.push((await own.append(envelope(`roll-${n}`), content(5000, n))).location)
      }
      // One that is longer than a segment has one to itself.
      places.push((await own.append(envelope('roll-long'), content(50_000))).location)
      await own.close()
      const names = places.map(({ segment }) => segment)
      expect(new Set(names).size).toBe(5)
      expect([...names].sort()).toEqual(names)
      const segments = await reader.segments()
      for (const segment of new Set(names)) {
        expect(segments.find(({ name }) => name === segment)).toMatchObject({ closed: true })
      }
      expect((await readWhole(reader, places.at(-1)!)).length).toBe(50_000)
    })

    test('a closed spool takes nothing more and left everything it took', async () => {
      const own = await open({ writer: 'cli' })
      const late = own.append(envelope('late'), content(100))
      const note = own.note([removed('late')])
      await own.close()
      await Promise.all([late, note])
      await expect(own.append(envelope('later'), content(1))).rejects.toMatchObject({ code: 'closed' })
      await expect(own.note([removed('x')])).rejects.toMatchObject({ code: 'closed' })
      const found = await inventory(reader)
      expect(found.ids).toContain('late')
      expect(found.notes).toContainEqual(removed('late'))
      expect((await own.health()).ok).toBe(false)
    })

    test('what is not there is missing, and what is no message is damaged or missing', async () => {
      const segment = 'nowhere-relay-0-000001'
      await expect(reader.read({ segment, position: 64 })).rejects.toMatchObject({ code: 'missing' })
      await expect((async () => scanAllOf(reader, segment))()).rejects.toMatchObject({ code: 'missing' })
      const { location } = await spool.append(envelope('there'), content(10))
      const wrong = { ...location, position: location.position + 1 }
      await expect(reader.read(wrong)).rejects.toMatchObject({ code: 'damaged' })
    })

    test('another secret opens nothing, and says so', async () => {
      await spool.append(envelope('secret'), content(10))
      const stranger = await openSpoolReader({ ...place, secretKey: randomBytes(32), log: silentLog })
      await expect(scanAll(stranger)).rejects.toThrow(/another RESTANTE_SECRET/)
      await expect(scanAll(stranger)).rejects.toBeInstanceOf(SpoolError)
    })

    test('verify finds everything in order', async () => {
      const report = await verifySpool(reader)
      expect(report.damage).toEqual([])
      expect(report).toMatchObject({ ok: true })
      expect(report.messages).toBeGreaterThan(200)
      expect(await spool.health()).toEqual({ ok: true })
    })
  })
}

async function scanAllOf(reader: SpoolReader, segment: string): Promise<void> {
  for await (const _item of reader.scan(segment, 0));
}
