/**
 * The gateway's embedded servers, kept running: one that ends unexpectedly is started again on the same port,
 * so that whoever uses it only reconnects.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from '@restante/core/config/settings.ts'
import type { Log } from '@restante/core/observe/log.ts'
import {
  type Attached,
  announceServices,
  servicesLock,
  startServices,
  withdrawServices,
} from '../services/attach.ts'
import { waitLock } from '../services/lock.ts'
import { startPostgres } from '../services/postgres.ts'
import { startRedis } from '../services/redis.ts'
import type { RunningServer, ServerOptions } from '../services/server.ts'

/** Longest wait for a command that uses the databases alone, in ms. */
const COMMAND_LIMIT = 60_000
/** Pause between two tries to start a server again, in ms. */
const RETRY_PAUSE = 1_000

/**
 * @param onMove is called when a server had to be started at another address
 * @throws Error in one line when one can't be started
 */
export async function keepServices(
  settings: Settings,
  say: (line: string) => void,
  log: Log,
  onMove: (urls: { databaseUrl: string; redisUrl: string }) => void,
): Promise<Attached> {
  const data = settings.RESTANTE_DATA
  const lock = await waitLock(servicesLock(data), COMMAND_LIMIT)
  if (!lock) throw new Error(`the databases in ${data} are in use by a restante command that does not end`)
  const services = await startServices(settings, lock, say)
  const urls = { databaseUrl: services.databaseUrl, redisUrl: services.redisUrl }
  announceServices(data, urls)
  let ending = false

  const servers = new Map<string, RunningServer>()
  const keep = (
    name: string,
    key: keyof typeof urls,
    server: RunningServer | undefined,
    again: (options: ServerOptions) => Promise<RunningServer>,
  ) => {
    if (!server) return
    servers.set(name, server)
    void server.ended.then(async () => {
      while (!ending) {
        log.error({ event: 'up.server-died', server: name })
        say(`${name} ended unexpectedly, starting it again`)
        try {
          const next = await again({ data, say })
          if (ending) return await next.close()
          if (next.url !== urls[key]) {
            urls[key] = next.url
            announceServices(data, urls)
            onMove({ ...urls })
          }
          return keep(name, key, next, again)
        } catch (error) {
          log.error({ event: 'up.server-failed', server: name, error })
          await sleep(RETRY_PAUSE)
        }
      }
    })
  }
  keep('Redis', 'redisUrl', services.redis, startRedis)
  keep('PostgreSQL', 'databaseUrl', services.postgres, startPostgres)
  return {
    ...urls,
    async close() {
      ending = true
      withdrawServices(data)
      await Promise.all([...servers.values()].map(server => server.close(SERVER_PATIENCE)))
      lock.release()
    },
  }
}

/** Longest polite end of a server, in ms: with the children's 7.5 s it stays below the contract's 10 s. */
const SERVER_PATIENCE = 1_500
