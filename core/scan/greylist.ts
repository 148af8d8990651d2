/**
 * Greylisting (RFC 6647): an unknown triplet of network, sender and recipient is told to come again, and taken
 * when it does after four minutes. What does not queue its mail never comes again.
 *
 * The triplets are in Redis, by a hash: first seen at, for two days until it came again, for 35 days since it
 * last came. Without Redis nobody is put off: a nicety must not keep mail away.
 */
import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { networkOf } from '../config/networks.ts'

export type Triplet = { client: string; sender: string; recipient: string }

export type Greylist = {
  /** Recipients that are to be told to come again; none while Redis is away. Never rejects. */
  check(client: string, sender: string, recipients: readonly string[]): Promise<Set<string>>
  close(): void
}

/** ms from the first try to one that is taken; as Postgrey and others, longer than a spammer's second try. */
const WAIT = 240_000
/** ms for coming again. */
const RETRY_WINDOW = 2 * 86_400_000
const KNOWN = 35 * 86_400_000
/** ms for an answer of Redis. */
const PATIENCE = 500

export function createGreylist(options: {
  redisUrl: string
  /** Before every key. */
  prefix?: string
  now?: () => number
}): Greylist {
  const { prefix = 'restante:grey:', now = Date.now } = options
  const redis = new Redis(options.redisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    commandTimeout: PATIENCE,
    retryStrategy: times => Math.min(times * 200, 5_000),
    connectionName: 'restante-greylist',
    lazyConnect: true,
  })
  // While it is away nobody is put off; without a listener the process would end.
  redis.on('error', () => {})
  let connecting: Promise<unknown> | undefined

  return {
    async check(client, sender, recipients) {
      const late = new Set<string>()
      connecting ??= redis.connect().catch(() => {})
      if (redis.status !== 'ready') await Promise.race([connecting, patience()])
      if (redis.status !== 'ready') return late
      const at = now()
      try {
        const pipeline = redis.pipeline()
        const keys = recipients.map(recipient => prefix + keyOf({ client, sender, recipient }))
        for (const key of keys) pipeline.set(key, at, 'PX', RETRY_WINDOW, 'NX').get(key)
        const replies = (await pipeline.exec()) ?? []
        const known = redis.pipeline()
        recipients.forEach((recipient, n) => {
          const [error, first] = replies[n * 2 + 1] ?? []
          if (error || first === undefined || first === null) return
          if (at - Number(first) < WAIT) late.add(recipient)
          else known.pexpire(keys[n] ?? '', KNOWN)
        })
        if (known.length > 0) await known.exec()
        return late
      } catch {
        return new Set()
      }
    },
    close() {
      redis.disconnect()
    },
  }
}

function patience(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, PATIENCE).unref())
}

/** Servers of one sender share a network; senders that number each message (VERP, BATV) are one sender. */
function keyOf({ client, sender, recipient }: Triplet): string {
  const [local = '', domain = ''] = sender.toLowerCase().split(/@(?=[^@]*$)/)
  const plain = `${local.replace(/\+.*$/, '').replace(/[0-9a-f]*\d[0-9a-f]*/g, '#')}@${domain}`
  return createHash('sha256')
    .update([networkOf(client), plain, recipient.toLowerCase()].join('\0'))
    .digest('base64url')
    .slice(0, 24)
}
