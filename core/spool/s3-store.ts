/**
 * Writing to the bucket that s3-reader.ts describes, with a sign of life renewed while this writer lives.
 *
 * A PUT that was refused may have arrived all the same; so after a failure the segment is closed at its last
 * good size, and beyond that nobody reads.
 */
import { randomBytes } from 'node:crypto'
import type { Log } from '../observe/log.ts'
import { Bucket } from './s3-bucket.ts'
import { offsetName, S3Reader } from './s3-reader.ts'
import { reached } from './states.ts'
import type { LargeSink, SegmentBytes, SegmentSink, WritableStore } from './store.ts'
import { SpoolError } from './types.ts'

/** A writer is dead when its sign of life did not change for so long, in ms. */
const LEASE = 90_000
/** Signs of life within one lease. */
const BEATS = 9
/** A lease that others may break: longest time that one compaction takes, in ms. */
const EXCLUSIVE_LEASE = 3_600_000

export class S3Store extends S3Reader implements WritableStore {
  readonly writerId: string
  readonly #log: Log
  readonly #lease: number
  readonly #beat: NodeJS.Timeout
  /** When our last sign of life was taken, by this process's own clock. */
  #lastBeat = 0
  #beating: Promise<void> | undefined
  readonly #own = new Set<string>()
  /** What others' signs of life were, and since when they are so. */
  readonly #seen = new Map<string, { sign: number; since: number }>()

  private constructor(bucket: Bucket, writerId: string, lease: number, log: Log) {
    super(bucket)
    this.writerId = writerId
    this.#lease = lease
    this.#log = log
    this.#beat = setInterval(() => {
      this.#signOfLife().catch(error => log.warn({ event: 'spool.lease-not-renewed', error }))
    }, lease / BEATS)
    this.#beat.unref()
  }

  static async openForWriting(url: string, writer: string, log: Log, lease = LEASE): Promise<S3Store> {
    const bucket = new Bucket(url)
    const store = new S3Store(bucket, `${writer}-${randomBytes(8).toString('hex')}`, lease, log)
    try {
      await store.#signOfLife()
      return store
    } catch (error) {
      clearInterval(store.#beat)
      bucket.close()
      throw new SpoolError('failed', `the spool's bucket can't be used: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }

  #signOfLife(): Promise<void> {
    const at = performance.now()
    this.#beating ??= this.bucket
      .put(`writers/${this.writerId}`, Buffer.from(new Date().toISOString()))
      .then(() => {
        this.#lastBeat = at
      })
      .finally(() => {
        this.#beating = undefined
      })
    return this.#beating
  }

  /** @throws when somebody may have taken us for dead, and closed this segment */
  async #mayWrite(segment: string): Promise<void> {
    if (performance.now() - this.#lastBeat < this.#lease / 3) return
    await this.#signOfLife()
    if ((await this.closedSizes(`${segment}.`)).size > 0) {
      throw new Error('this writer was taken for dead and its segment closed')
    }
  }

  async create(name: string): Promise<SegmentSink> {
    this.#own.add(name)
    let durable = 0
    let broken = false
    const key = () => `segments/${name}/${offsetName(durable)}`
    const close = async () => {
      if (durable > 0) await this.bucket.put(`closed/${name}.${durable}`, Buffer.from(String(durable)))
      this.#own.delete(name)
    }
    return {
      name,
      commit: async buffers => {
        if (broken) throw new Error('an abandoned segment')
        try {
          await this.#mayWrite(name)
          const bytes = Buffer.concat(buffers)
          await this.bucket.put(key(), bytes)
          durable += bytes.length
          // And visible: what is there is there for all.
          reached(2)
          reached(3)
        } catch (error) {
          broken = true
          throw error
        }
      },
      close,
      abandon: async () => {
        broken = true
        try {
          // The bytes that were refused may have arrived all the same. Beyond the closed size nobody reads.
          await close()
          await this.bucket.remove(key())
        } catch (error) {
          this.#log.error({ event: 'spool.abandon-failed', segment: name, error })
          // Left open: a take-over closes it, ours or another's.
          this.#own.delete(name)
        }
      },
    }
  }

  async createLarge(id: string): Promise<LargeSink> {
    return this.bucket.upload(`large/${id}`)
  }

  async takeOver(): Promise<string[]> {
    const now = performance.now()
    const signs = new Map<string, number>()
    for (const { key, modifiedAt } of await this.bucket.list('writers/')) {
      signs.set(key.slice('writers/'.length), modifiedAt)
    }
    const taken: string[] = []
    const alive = new Set<string>()
    for (const { name, closed } of await this.list()) {
      if (closed || this.#own.has(name)) continue
      const writer = name.slice(name.indexOf('-') + 1, name.lastIndexOf('-'))
      if (writer !== this.writerId) {
        const sign = signs.get(writer) ?? 0
        const seen = this.#seen.get(writer)
        if (seen?.sign !== sign) this.#seen.set(writer, { sign, since: now })
        if (seen?.sign !== sign || now - seen.since < this.#lease) {
          alive.add(writer)
          continue
        }
      }
      const size = this.wholeEnd(name)
      await this.bucket.put(`closed/${name}.${size}`, Buffer.from(String(size)))
      this.#log.info({ event: 'spool.taken-over', segment: name })
      taken.push(name)
    }
    for (const writer of this.#seen.keys()) {
      if (alive.has(writer)) continue
      this.#seen.delete(writer)
      await this.bucket.remove(`writers/${writer}`)
    }
    return taken
  }

  async openWhole(segment: string): Promise<SegmentBytes | undefined> {
    const bytes = await this.open(segment)
    return bytes && { ...bytes, end: this.wholeEnd(segment) }
  }

  /** From the end, so that what a crash leaves is a shorter segment; then its mark. */
  async remove(segment: string): Promise<void> {
    const objects = await this.bucket.list(`segments/${segment}/`)
    for (const { key } of objects.reverse()) await this.bucket.remove(key)
    for (const { key } of await this.bucket.list(`closed/${segment}.`)) await this.bucket.remove(key)
  }

  async listLarge(): Promise<{ id: string; modifiedAt: number }[]> {
    const listed = await this.bucket.list('large/')
    return listed.map(({ key, modifiedAt }) => ({ id: key.slice('large/'.length), modifiedAt }))
  }

  removeLarge(id: string): Promise<void> {
    return this.bucket.remove(`large/${id}`)
  }

  setAside(name: string, bytes: Buffer): Promise<void> {
    return this.bucket.put(`damaged/${name}`, bytes)
  }

  /** Not a real lock (the protocol has none): two at once do double work, and no harm. */
  async exclusive(purpose: string) {
    const key = `locks/${purpose}`
    const held = (await this.bucket.list(key)).find(found => found.key === key)
    if (held && Date.now() - held.modifiedAt < EXCLUSIVE_LEASE) return undefined
    await this.bucket.put(key, Buffer.from(this.writerId))
    return { release: () => this.bucket.remove(key) }
  }

  async health(): Promise<{ ok: boolean; reason?: string }> {
    const silent = performance.now() - this.#lastBeat
    if (silent < this.#lease / 2) return { ok: true }
    return { ok: false, reason: `the spool's bucket did not answer for ${Math.round(silent / 1000)} s` }
  }

  async close(): Promise<void> {
    clearInterval(this.#beat)
    if (this.#own.size === 0) await this.bucket.remove(`writers/${this.writerId}`).catch(() => {})
    this.bucket.close()
  }
}
