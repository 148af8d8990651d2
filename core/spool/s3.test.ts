import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { silentLog } from '../observe/log.ts'
import { contract } from './contract.ts'
import { openSpool, openSpoolReader } from './open.ts'
import { Bucket } from './s3-bucket.ts'
import { content, envelope, inventory, readWhole, until } from './testing/messages.ts'
import { type Swift, startSwift, swiftMissing } from './testing/swift.ts'

// Five Python servers on a busy machine take their time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const missing = swiftMissing()
if (missing && process.env.CI) throw new Error(`the S3 store can't be tested: ${missing}`)

describe.skipIf(missing)(`the S3 store, on OpenStack Swift${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let swift: Swift
  let number = 0
  const fresh = () => {
    number += 1
    return { url: swift.url(`place ${number}/spool`) }
  }
  beforeAll(async () => {
    swift = await startSwift()
  }, 300_000)
  afterAll(() => swift?.close())

  contract('S3', fresh)

  const secretKey = randomBytes(32)
  const open = (url: string, lease: number, sweep = 50) =>
    openSpool({ url, secretKey, encrypt: true, writer: 'relay', log: silentLog, lease, sweep })

  test("a writer that gives no sign of life for a lease is dead, and its segment closed; a live one's is not", async () => {
    const { url } = fresh()
    // Its own signs come so rarely that the other one takes it for dead.
    const silent = await open(url, 100_000, 100_000)
    const { location } = await silent.append(envelope('from-the-dead'), content(100))
    // Swift tells times in whole seconds: a sign of life may be as old as that when it is new.
    const live = await open(url, 5_000)
    const own = await live.append(envelope('from-the-living'), content(100))
    const third = await open(url, 5_000)
    const closedOf = async (segment: string) =>
      (await third.segments()).find(({ name }) => name === segment)?.closed
    await until(async () => (await closedOf(location.segment)) === true, 'closed by another', 60_000)
    expect(await closedOf(own.location.segment)).toBe(false)
    expect((await readWhole(third, location)).equals(content(100))).toBe(true)
    await Promise.all([silent, live, third].map(spool => spool.close()))
  })

  test('a writer that was taken for dead leaves its segment and writes on in a new one', async () => {
    const { url } = fresh()
    const paused = await open(url, 900, 100_000)
    const first = await paused.append(envelope('before-the-pause'), content(100))
    const bucket = new Bucket(url)
    const [extent] = await bucket.list(`segments/${first.location.segment}/`)
    await bucket.put(`closed/${first.location.segment}.${extent!.size}`, Buffer.from('x'))
    bucket.close()
    // The whole process stands still, its timers too, for more than a third of the lease.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
    const second = await paused.append(envelope('after-the-pause'), content(100))
    expect(second.location.segment).not.toBe(first.location.segment)
    const reader = await openSpoolReader({ url, secretKey, log: silentLog })
    expect((await inventory(reader)).ids.sort()).toEqual(['after-the-pause', 'before-the-pause'])
    await paused.close()
  })

  test('a bucket that is not there stops the opening with one clear error', async () => {
    const url = fresh().url.replace('@spool/', '@elsewhere/')
    await expect(open(url, 1000)).rejects.toMatchObject({ code: 'failed' })
  })
})
