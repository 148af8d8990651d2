/**
 * Rates across nodes: twice a second what this one counted is added in Redis, and the sums come back.
 *
 * Nothing waits for Redis. While it is away each node counts for itself, and mail goes on: a limit that
 * closed the door because Redis is away would be an outage of its own.
 */
import type { Log } from '@restante/core/observe/log.ts'
import { Redis } from 'ioredis'
import { type Rates, WINDOW } from './rates.ts'

/** ms between exchanges. */
const PERIOD = 500
/** Keys in one exchange at most; the others are told the next time they are counted. */
const MOST = 5_000

export type SharedRates = {
  /** Tells and asks now; never rejects. */
  exchange(): Promise<void>
  close(): Promise<void>
}

export function shareRates(options: {
  rates: Rates
  redisUrl: string
  log: Log
  /** Before every key. */
  prefix?: string
  period?: number
}): SharedRates {
  const { rates, log, prefix = 'restante:rate:', period = PERIOD } = options
  const redis = new Redis(options.redisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 2_000,
    commandTimeout: 2_000,
    retryStrategy: times => Math.min(times * 200, 5_000),
    connectionName: 'restante-rates',
  })
  // Each exchange that fails says it itself; without a listener the process would end.
  redis.on('error', () => {})
  let away = false
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    const { window, counts } = rates.fresh()
    if (counts.size === 0 || redis.status !== 'ready') return
    const names = [...counts.keys()].slice(0, MOST)
    try {
      const pipeline = redis.pipeline()
      for (const name of names) {
        const key = `${prefix}${window}:${name}`
        pipeline.incrby(key, counts.get(name) ?? 0).pexpire(key, WINDOW * 2)
      }
      const replies = (await pipeline.exec()) ?? []
      names.forEach((name, index) => {
        const [error, total] = replies[index * 2] ?? []
        if (error) throw error
        rates.learn(window, name, Number(total))
      })
      if (away) log.info({ event: 'relay.rates-shared-again' })
      away = false
    } catch (error) {
      if (!away) log.warn({ event: 'relay.rates-not-shared', error })
      away = true
    }
  }
  const exchange = () => {
    running ??= run().finally(() => {
      running = undefined
    })
    return running
  }
  const timer = setInterval(exchange, period)
  timer.unref()

  return {
    exchange,
    async close() {
      clearInterval(timer)
      await running
      redis.disconnect()
    },
  }
}
