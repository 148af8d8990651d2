/** The supervisor as a process: who may start, how it ends, what a kill -9 leaves. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePort } from '../services/port.ts'
import { alive, gone } from '../services/process.ts'

let data = ''
let ports: Record<string, string> = {}
const started: ChildProcess[] = []

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'restante-up-'))
  const names = ['RELAY_PORT', 'SUBMISSION_PORT', 'SUBMISSIONS_PORT', 'WEBMAIL_PORT', 'METRICS_PORT']
  ports = Object.fromEntries(
    await Promise.all(names.map(async name => [name, String(await freePort())] as const)),
  )
})
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGTERM')
    await new Promise(resolve => child.once('exit', resolve))
  }
  await Promise.all(serverPids().map(pid => gone(pid, 10_000)))
  rmSync(data, { recursive: true, force: true, maxRetries: 5 })
})

type Gateway = {
  process: ChildProcess
  stdout: () => string
  stderr: () => string
  code: Promise<number | null>
}

function up(environment: NodeJS.ProcessEnv = {}): Gateway {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    cwd: data,
    env: {
      ...process.env,
      RESTANTE_DATA: data,
      RELAY_HOST: '127.0.0.1',
      LOG_LEVEL: 'silent',
      ...ports,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  const collect = (stream: ChildProcess['stdout']) => {
    let text = ''
    stream?.on('data', chunk => {
      text += chunk
    })
    return () => text
  }
  const code = new Promise<number | null>(resolve => child.once('exit', resolve))
  return { process: child, stdout: collect(child.stdout), stderr: collect(child.stderr), code }
}

/** Of the embedded servers, by the files they keep. */
function serverPids(): number[] {
  try {
    const redis = JSON.parse(readFileSync(join(data, 'redis/server.json'), 'utf8')) as { pid: number }
    return [redis.pid, Number(readFileSync(join(data, 'postgres/18/postmaster.pid'), 'utf8').split('\n')[0])]
  } catch {
    return []
  }
}

async function running(gateway: Gateway): Promise<void> {
  await expect.poll(gateway.stdout, { timeout: 30_000 }).toContain('starting relay, worker and webmail')
}

test('the second gateway on a data folder is refused; SIGTERM ends the first with everything it started', async () => {
  const first = up()
  await running(first)
  const pids = serverPids()
  expect(pids.filter(alive)).toHaveLength(2)

  const second = up()
  expect(await second.code).toBe(1)
  expect(second.stderr()).toBe(
    `another gateway runs on ${data} (process ${first.process.pid}): end it, or set RESTANTE_DATA\n`,
  )

  const begun = Date.now()
  first.process.kill('SIGTERM')
  expect(await first.code).toBe(0)
  expect(Date.now() - begun).toBeLessThan(10_000)
  expect(pids.filter(alive)).toEqual([])
})

test('after a kill -9 nothing is left behind, and the next start goes on from there', async () => {
  const first = up()
  await running(first)
  const pids = serverPids()
  first.process.kill('SIGKILL')
  await first.code
  expect(await Promise.all(pids.map(pid => gone(pid, 15_000)))).toEqual([true, true])

  const second = up()
  await running(second)
  expect(second.stdout()).toContain('the last run was killed, picking up from there')
  expect(second.stdout()).not.toContain('making the PostgreSQL database')
})

test('a database that dies is started again at the same address', async () => {
  const gateway = up()
  await running(gateway)
  const address = readFileSync(join(data, 'run/services.json'), 'utf8')
  const before = serverPids()
  for (const pid of before) process.kill(pid, 'SIGKILL')
  await expect
    .poll(() => serverPids().filter(pid => alive(pid) && !before.includes(pid)), { timeout: 30_000 })
    .toHaveLength(2)
  expect(readFileSync(join(data, 'run/services.json'), 'utf8')).toBe(address)
})

test('a port that is taken stops the start with one line that names it', async () => {
  const server = createServer().listen(Number(ports.RELAY_PORT), '127.0.0.1')
  const gateway = up()
  expect(await gateway.code).toBe(1)
  expect(gateway.stderr()).toBe(`RELAY_PORT ${ports.RELAY_PORT}: another program listens there already\n`)
  server.close()
})

test('a wrong setting stops the start with exit code 2 and one line', async () => {
  const gateway = up({ MAX_MESSAGE_SIZE: 'huge' })
  expect(await gateway.code).toBe(2)
  expect(gateway.stderr()).toMatch(/^MAX_MESSAGE_SIZE "huge": [^\n]+\n$/)
})
