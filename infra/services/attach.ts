/**
 * The way to the gateway's PostgreSQL and Redis for whoever is not the gateway: a command of `restante`.
 *
 * They are, in this order: those named by DATABASE_URL and REDIS_URL; those of the gateway that runs on the
 * data folder, which says where they are in `<data>/run/services.json`; the embedded ones, started for as
 * long as the command takes. One lock keeps starters apart: the second of two commands waits for the first.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from '@restante/core/config/settings.ts'
import { z } from 'zod'
import { type Lock, tryLock } from './lock.ts'
import { startPostgres } from './postgres.ts'
import { alive } from './process.ts'
import { startRedis } from './redis.ts'
import type { RunningServer } from './server.ts'

export type Attached = { databaseUrl: string; redisUrl: string; close(): Promise<void> }

/** Held by whoever starts, or has started, embedded servers on a data folder. */
export const servicesLock = (data: string) => join(data, 'run/services.lock')

const announcement = z.object({ databaseUrl: z.string(), redisUrl: z.string(), pid: z.number() })
const announcementFile = (data: string) => join(data, 'run/services.json')

/** Longest wait for another command, or for a gateway that is just starting, in ms. */
const WAIT_LIMIT = 60_000

/**
 * @throws Error in one line when a server can't be had
 */
export async function attach(
  settings: Pick<Settings, 'RESTANTE_DATA' | 'DATABASE_URL' | 'REDIS_URL'>,
  say: (line: string) => void = () => {},
): Promise<Attached> {
  const { DATABASE_URL, REDIS_URL, RESTANTE_DATA: data } = settings
  if (DATABASE_URL && REDIS_URL) {
    return { databaseUrl: DATABASE_URL, redisUrl: REDIS_URL, async close() {} }
  }
  const deadline = Date.now() + WAIT_LIMIT
  for (;;) {
    const running = findServices(data)
    if (running) return { ...running, async close() {} }
    const lock = tryLock(servicesLock(data))
    if (lock) {
      // Between the look above and the lock a gateway may have come and gone: what counts is the lock.
      return await startServices(settings, lock, say)
    }
    if (Date.now() > deadline)
      throw new Error(`the databases in ${data} are being started or used by another command`)
    await sleep(100)
  }
}

/** What a running gateway says of its servers. */
export function findServices(data: string): { databaseUrl: string; redisUrl: string } | undefined {
  try {
    const found = announcement.parse(JSON.parse(readFileSync(announcementFile(data), 'utf8')))
    // The lock tells whether it lives; the process id spares taking the lock in the common case.
    return alive(found.pid) && !lockIsFree(data)
      ? { databaseUrl: found.databaseUrl, redisUrl: found.redisUrl }
      : undefined
  } catch {
    return undefined
  }
}

function lockIsFree(data: string): boolean {
  const lock = tryLock(servicesLock(data))
  lock?.release()
  return lock !== undefined
}

/** Tells the commands where the servers are, for as long as this process lives. */
export function announceServices(data: string, urls: { databaseUrl: string; redisUrl: string }): void {
  mkdirSync(join(data, 'run'), { recursive: true })
  const file = announcementFile(data)
  writeFileSync(`${file}.new`, JSON.stringify({ ...urls, pid: process.pid }), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

export function withdrawServices(data: string): void {
  rmSync(announcementFile(data), { force: true })
}

export type Services = Attached & { redis?: RunningServer; postgres?: RunningServer }

/** Starts what no URL is given for. The lock is released by `close`, or when the start fails. */
export async function startServices(
  settings: Pick<Settings, 'RESTANTE_DATA' | 'DATABASE_URL' | 'REDIS_URL'>,
  lock: Lock,
  say: (line: string) => void,
  durable = true,
): Promise<Services> {
  const options = { data: settings.RESTANTE_DATA, say, durable }
  const results = await Promise.allSettled([
    settings.REDIS_URL ? undefined : startRedis(options),
    settings.DATABASE_URL ? undefined : startPostgres(options),
  ])
  const [redis, postgres] = results.map(result => (result.status === 'fulfilled' ? result.value : undefined))
  const close = async () => {
    await Promise.all([redis?.close(), postgres?.close()])
    lock.release()
  }
  const failed = results.find(result => result.status === 'rejected')
  if (failed) {
    await close()
    throw failed.reason
  }
  return {
    databaseUrl: settings.DATABASE_URL ?? postgres?.url ?? '',
    redisUrl: settings.REDIS_URL ?? redis?.url ?? '',
    redis,
    postgres,
    close,
  }
}
