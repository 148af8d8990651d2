/**
 * Sliding counters: how often something happened for a key in the last minutes. In Redis, so that all
 * processes count together; in memory while Redis is away, because a limit that fails open invites whoever
 * can make it fail.
 *
 * A counter is two fixed windows, the older one weighed by what of it is still in sight: two small integers a
 * key, at most a few percent off.
 */
import { Redis } from 'ioredis'
import type { Log } from '../observe/log.ts'

/** At most `limit` in `window` milliseconds. */
export type Limit = { name: string; limit: number; window: number }
export type Taken = { allowed: true } | { allowed: false /** Seconds. */; retryAfter: number }

export interface Limiter {
  /**
   * Counts for the key, one unless told; refused ones count too, or a burst would renew itself.
   * @param amount at least 1
   */
  take(limit: Limit, key: string, amount?: number): Promise<Taken>
  /** Takes it back: what was counted turned out to be harmless, or did not happen. */
  giveBack(limit: Limit, key: string, amount?: number): Promise<void>
  close(): Promise<void>
}

export type LimiterOptions = {
  /** Absent: memory only. */
  redisUrl?: string
  /** Before every key. */
  prefix?: string
  log: Log
  now?: () => number
}

/** Longest that a sign-in waits for Redis, in ms. */
const REDIS_PATIENCE = 500

export function createLimiter({
  redisUrl,
  prefix = 'restante:limit:',
  log,
  now = Date.now,
}: LimiterOptions): Limiter {
  const memory = memoryCounters(now)
  const redis = redisUrl ? connectRedis(redisUrl) : undefined
  let away = false

  async function add(limit: Limit, key: string, amount: number): Promise<number> {
    const index = Math.floor(now() / limit.window)
    const name = (at: number) => `${prefix}${limit.name}:${key}:${at}`
    if (redis) {
      try {
        const replies = await redis
          .multi()
          .incrby(name(index), amount)
          .pexpire(name(index), limit.window * 2)
          .get(name(index - 1))
          .exec()
        const [current, , before] = (replies ?? []).map(([error, value]) => {
          if (error) throw error
          return Number(value ?? 0)
        })
        if (away) log.info({ event: 'limits.redis-back' })
        away = false
        return weigh(before ?? 0, current ?? 0, limit.window, now())
      } catch (error) {
        if (!away) log.warn({ event: 'limits.redis-away', error })
        away = true
      }
    }
    const current = memory.add(name(index), amount, limit.window * 2)
    return weigh(memory.get(name(index - 1)), current, limit.window, now())
  }

  return {
    async take(limit, key, amount = 1) {
      const count = await add(limit, key, amount)
      if (count <= limit.limit) return { allowed: true }
      const untilNextWindow = limit.window - (now() % limit.window)
      return { allowed: false, retryAfter: Math.max(1, Math.ceil(untilNextWindow / 1_000)) }
    },
    async giveBack(limit, key, amount = 1) {
      await add(limit, key, -amount)
    },
    async close() {
      redis?.disconnect()
    },
  }
}

function weigh(before: number, current: number, window: number, now: number): number {
  const seen = (now % window) / window
  return before * (1 - seen) + current
}

function connectRedis(url: string): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 2_000,
    commandTimeout: REDIS_PATIENCE,
    retryStrategy: times => Math.min(times * 200, 2_000),
    connectionName: 'restante-limits',
  })
  // Each failed command says it itself; without a listener the process would end.
  redis.on('error', () => {})
  return redis
}

/** Keys kept in memory at most: the oldest go first. */
const MEMORY_LIMIT = 50_000

function memoryCounters(now: () => number) {
  const counters = new Map<string, { value: number; until: number }>()
  return {
    add(key: string, amount: number, life: number): number {
      const found = counters.get(key)
      const value = Math.max(0, (found && found.until > now() ? found.value : 0) + amount)
      counters.delete(key)
      counters.set(key, { value, until: now() + life })
      if (counters.size > MEMORY_LIMIT) counters.delete(counters.keys().next().value!)
      return value
    },
    get(key: string): number {
      const found = counters.get(key)
      return found && found.until > now() ? found.value : 0
    },
  }
}
