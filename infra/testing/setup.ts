/**
 * Before the first test: a real PostgreSQL and a real Redis of the run's own, in a temporary folder, named to
 * the tests by TEST_DATABASE_URL and TEST_REDIS_URL. Those that are set already are used as they are.
 *
 * They give up durability for speed. However the run ends, they end: by the teardown, at the process's exit,
 * or, after a kill -9, by the kernel's signal.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { servicesLock, startServices } from '../services/attach.ts'
import { tryLock } from '../services/lock.ts'
import { signal } from '../services/process.ts'

export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  const { TEST_DATABASE_URL, TEST_REDIS_URL } = process.env
  if (TEST_DATABASE_URL && TEST_REDIS_URL) return undefined
  const data = mkdtempSync(join(tmpdir(), 'restante-test-'))
  const lock = tryLock(servicesLock(data))
  if (!lock) throw new Error(`${data} is locked, though it is new`)
  const services = await startServices(
    { RESTANTE_DATA: data, DATABASE_URL: TEST_DATABASE_URL, REDIS_URL: TEST_REDIS_URL },
    lock,
    line => process.stdout.write(`${line}\n`),
    false,
  )
  process.env.TEST_DATABASE_URL = services.databaseUrl
  process.env.TEST_REDIS_URL = services.redisUrl
  const sweep = () => {
    for (const server of [services.postgres, services.redis]) if (server) signal(server.pid, 'SIGKILL')
    rmSync(data, { recursive: true, force: true, maxRetries: 5 })
  }
  process.once('exit', sweep)
  return async () => {
    process.off('exit', sweep)
    await services.close()
    rmSync(data, { recursive: true, force: true, maxRetries: 5 })
  }
}
