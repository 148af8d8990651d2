/** The embedded servers through the accidents that a data folder meets. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { announceServices, attach, servicesLock, withdrawServices } from './attach.ts'
import { tryLock } from './lock.ts'
import { startPostgres } from './postgres.ts'
import { alive, gone, signal } from './process.ts'
import { startRedis } from './redis.ts'
import type { RunningServer } from './server.ts'

const opened: RunningServer[] = []
const folders: string[] = []
const children: ReturnType<typeof spawn>[] = []

function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'restante-services-'))
  folders.push(folder)
  return folder
}
const options = (data: string) => ({ data, say: () => {} })

async function postgres(data: string): Promise<RunningServer> {
  const server = await startPostgres(options(data))
  opened.push(server)
  return server
}
async function redis(data: string): Promise<RunningServer> {
  const server = await startRedis(options(data))
  opened.push(server)
  return server
}

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await Promise.all(opened.splice(0).map(server => server.close()))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

async function command(url: string, name: string, ...words: string[]): Promise<unknown> {
  const client = new Redis(url, { retryStrategy: () => null })
  try {
    return await client.call(name, ...words)
  } finally {
    client.disconnect()
  }
}

/** A process that has nothing to do with us. */
function stranger(): number {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' })
  children.push(child)
  return child.pid ?? 0
}

describe('PostgreSQL', () => {
  test('every acknowledged row survives a kill -9, and the address stays', async () => {
    const data = dataFolder()
    const first = await postgres(data)
    await query(first.url, 'create table t (n int)')
    await query(first.url, 'insert into t values (1), (2)')
    signal(first.pid, 'SIGKILL')
    expect(await gone(first.pid, 5_000)).toBe(true)
    const second = await postgres(data)
    expect(second.adopted).toBe(false)
    expect(second.url).toBe(first.url)
    expect(await query(second.url, 'select count(*)::int as count from t')).toEqual([{ count: 2 }])
  })

  test('a server left over from a killed gateway is taken over, and can be ended', async () => {
    const data = dataFolder()
    const first = await postgres(data)
    const second = await postgres(data)
    expect(second).toMatchObject({ adopted: true, pid: first.pid, url: first.url })
    await second.close()
    expect(alive(first.pid)).toBe(false)
  })

  test('a process id in postmaster.pid that went to a stranger does not stop the start', async () => {
    const data = dataFolder()
    const first = await postgres(data)
    const file = join(data, 'postgres/18/postmaster.pid')
    const left = readFileSync(file, 'utf8').split('\n')
    await first.close()
    const other = stranger()
    writeFileSync(file, [other, ...left.slice(1)].join('\n'))
    const second = await postgres(data)
    expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(alive(other)).toBe(true)
  })

  test('a cluster that was half made is made again', async () => {
    const data = dataFolder()
    mkdirSync(join(data, 'postgres/new/base'), { recursive: true })
    const server = await postgres(data)
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('nobody gets in without the password', async () => {
    const { url } = await postgres(dataFolder())
    const wrong = new URL(url)
    wrong.password = 'guess'
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/)
  })

  test('text sorts and searches in any language', async () => {
    const { url } = await postgres(dataFolder())
    const rows = await query(url, `select lower('ÀÉ Ω') as low, 'Ελλάδα' ilike '%ΛΛΆ%' as found`)
    expect(rows).toEqual([{ low: 'àé ω', found: true }])
  })
})

describe('Redis', () => {
  test('what was written to disk survives a kill -9, and the address stays', async () => {
    const data = dataFolder()
    const first = await redis(data)
    await command(first.url, 'set', 'k', 'v')
    await command(first.url, 'waitaof', '1', '0', '2000').catch(async () => {
      // Before 7.2 there is no WAITAOF; a rewrite syncs as well.
      await command(first.url, 'bgrewriteaof')
      await expect
        .poll(async () => String(await command(first.url, 'info', 'persistence')), { timeout: 10_000 })
        .toMatch(/aof_rewrite_in_progress:0[\s\S]*aof_last_bgrewrite_status:ok/)
    })
    signal(first.pid, 'SIGKILL')
    expect(await gone(first.pid, 5_000)).toBe(true)
    const second = await redis(data)
    expect(second.url).toBe(first.url)
    expect(await command(second.url, 'get', 'k')).toBe('v')
  })

  test('a server left over from a killed gateway is taken over', async () => {
    const data = dataFolder()
    const first = await redis(data)
    const second = await redis(data)
    expect(second).toMatchObject({ adopted: true, pid: first.pid })
  })

  test('a file it cannot read is set aside and it starts empty', async () => {
    const data = dataFolder()
    const first = await redis(data)
    await command(first.url, 'set', 'k', 'v')
    await first.close()
    writeFileSync(join(data, 'redis/data/appendonlydir/appendonly.aof.manifest'), 'nonsense\n')
    const second = await redis(data)
    expect(await command(second.url, 'dbsize')).toBe(0)
  })

  test('it never forgets to make room, and asks for its password', async () => {
    const { url } = await redis(dataFolder())
    expect(await command(url, 'config', 'get', 'maxmemory-policy')).toContain('noeviction')
    await expect(command(url.replace(/:[^:@]+@/, ':guess@'), 'ping')).rejects.toThrow()
  })
})

test('two data folders have servers of their own at the same time', async () => {
  const [a, b] = [dataFolder(), dataFolder()]
  const servers = await Promise.all([postgres(a), postgres(b), redis(a), redis(b)])
  expect(new Set(servers.map(server => server.port)).size).toBe(4)
})

describe('attach', () => {
  test('a command starts servers of its own, and the next waits for it to end', async () => {
    const settings = { RESTANTE_DATA: dataFolder(), DATABASE_URL: undefined, REDIS_URL: undefined }
    const first = await attach(settings)
    let attached = false
    const second = attach(settings).then(services => {
      attached = true
      return services
    })
    expect(await query(first.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(attached).toBe(false)
    await first.close()
    const services = await second
    expect(await command(services.redisUrl, 'ping')).toBe('PONG')
    await services.close()
  })

  test('a command uses the servers of a gateway that runs, and leaves them running', async () => {
    const data = dataFolder()
    const [database, memory] = await Promise.all([postgres(data), redis(data)])
    const lock = tryLock(servicesLock(data))
    announceServices(data, { databaseUrl: database.url, redisUrl: memory.url })
    const services = await attach({ RESTANTE_DATA: data, DATABASE_URL: undefined, REDIS_URL: undefined })
    expect(services).toMatchObject({ databaseUrl: database.url, redisUrl: memory.url })
    await services.close()
    expect(alive(database.pid)).toBe(true)
    withdrawServices(data)
    lock?.release()
  })

  test('servers of somebody else are used as they are', async () => {
    const settings = { RESTANTE_DATA: '/nowhere', DATABASE_URL: 'postgres://a/b', REDIS_URL: 'redis://c' }
    expect(await attach(settings)).toMatchObject({ databaseUrl: 'postgres://a/b', redisUrl: 'redis://c' })
  })
})

test('a lock is lifted when its holder is killed', async () => {
  const file = join(dataFolder(), 'lock')
  const script = `import { tryLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))}
    tryLock(process.argv[1]); console.log('held'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await new Promise(resolve => child.stdout.once('data', resolve))
  expect(tryLock(file)).toBeUndefined()
  child.kill('SIGKILL')
  await expect.poll(() => tryLock(file), { timeout: 5_000 }).toBeDefined()
})
