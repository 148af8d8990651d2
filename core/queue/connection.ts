/**
 * The way to Redis, for those who add jobs and for those who work them off.
 *
 * A lost Redis is an ordinary event: the connection is retried for ever, one log line says when it went and
 * one when it came back. A producer fails at once while it is away (`enableOfflineQueue: false`, or `add`
 * would hang); a consumer waits.
 */
import { Redis } from 'ioredis'
import type { Log } from '../observe/log.ts'

export function connectRedis(url: string, role: 'producer' | 'consumer', log: Log): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    enableOfflineQueue: role === 'consumer',
    connectTimeout: 5_000,
    retryStrategy: attempt => Math.min(attempt * 200, 2_000),
  })
  let away = false
  redis.on('error', error => {
    if (!away) log.warn({ event: 'redis.away', role, reason: error.message })
    away = true
  })
  redis.on('ready', () => {
    if (away) log.info({ event: 'redis.back', role })
    away = false
  })
  return redis
}
