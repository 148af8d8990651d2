/**
 * What the relay weighs, as the gateway starts it: with 2,000 idle connections, and with large messages on
 * their way in.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { saveSnapshot } from '@restante/core/directory/snapshot.ts'
import { fillCompileCache, NODE_OPTIONS } from '@restante/core/observe/node-options.ts'
import { afterEach, expect, test } from 'vitest'
import { openFilesLimit } from './settings.ts'
import { RawClient } from './testing/client.ts'
import { data } from './testing/relay.ts'

const MIB = 1_048_576
/** RSS, in MiB: 2,000 connections and everything else. */
const MOST = 150
const CONNECTIONS = Math.min(2_000, openFilesLimit() - 300)

const children: ChildProcess[] = []
const folder = mkdtempSync(join(tmpdir(), 'restante-memory-'))
afterEach(async () => {
  for (const child of children.splice(0)) {
    const gone = new Promise(resolve => child.once('exit', resolve))
    if (child.exitCode === null && child.kill('SIGKILL')) await gone
  }
  rmSync(folder, { recursive: true, force: true })
})

/** Four that are free, and not the same one twice. */
async function freePorts(): Promise<number[]> {
  const servers = Array.from({ length: 4 }, () => createServer())
  const ports = servers.map(async server => {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as { port: number }).port
  })
  const found = await Promise.all(ports)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return found
}

async function startRelay(): Promise<{ port: number; rss(): number }> {
  await saveSnapshot(join(folder, 'snapshot/directory.json'), data)
  const [port = 0, metrics, submission, submissions] = await freePorts()
  const main = join(import.meta.dirname, 'main.ts')
  // Of its own: one that other processes began to fill is not filled with the relay's modules before it starts.
  const cache = join(folder, 'compile-cache')
  await fillCompileCache(cache, main)
  const child = spawn(process.execPath, [...NODE_OPTIONS.relay!, main], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: cache,
      RESTANTE_DATA: folder,
      RESTANTE_HOSTNAME: 'mx.test',
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: String(port),
      METRICS_PORT: String(metrics),
      SUBMISSION_PORT: String(submission),
      SUBMISSIONS_PORT: String(submissions),
      REDIS_URL: 'redis://127.0.0.1:1',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      LOG_LEVEL: 'error',
    },
  })
  children.push(child)
  await expect
    .poll(() => fetch(`http://127.0.0.1:${metrics}/healthz`).then(answer => answer.status), {
      timeout: 20_000,
    })
    .toBe(200)
  const rss = () =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1_024
  return { port, rss }
}

async function holdIdle(port: number, count: number): Promise<void> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'testing/idle.ts'), String(port), String(count)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  children.push(child)
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', code => reject(new Error(`idle clients ended with ${code}`)))
  })
}

const onLinux = process.platform === 'linux'

test.runIf(onLinux && CONNECTIONS >= 500)(
  `${CONNECTIONS} idle connections weigh less than ${MOST} MiB with the relay itself, and mail goes on`,
  async () => {
    const relay = await startRelay()
    const before = relay.rss()
    await holdIdle(relay.port, CONNECTIONS)
    const client = await RawClient.hello(relay.port)
    for (let i = 0; i < 50; i++)
      expect(await client.send('z@other.example', ['anna@acme.example'], `Subject: ${i}\r\n\r\n`)).toMatch(
        /^250 /,
      )
    client.destroy()
    const after = relay.rss()
    console.log(
      `relay: ${before.toFixed(0)} MiB alone, ${after.toFixed(0)} with ${CONNECTIONS} idle connections`,
    )
    expect(after).toBeLessThan(MOST)
  },
  60_000,
)

test.runIf(onLinux)(
  'four messages of 50 MiB at once are never whole in memory',
  async () => {
    const relay = await startRelay()
    const before = relay.rss()
    let most = before
    const watch = setInterval(() => {
      most = Math.max(most, relay.rss())
    }, 20)
    const line = `${'x'.repeat(78)}\r\n`
    const block = Buffer.from(line.repeat(800))
    const send = async () => {
      const client = await RawClient.hello(relay.port)
      for (const command of ['MAIL FROM:<z@other.example>', 'RCPT TO:<anna@acme.example>', 'DATA'])
        await client.command(command)
      await client.flush(Buffer.from('Subject: large\r\n\r\n'))
      for (let sent = 0; sent + block.length < 50 * MIB; sent += block.length) await client.flush(block)
      expect(await client.command('.', 60_000)).toMatch(/^250 /)
      client.destroy()
    }
    try {
      await Promise.all([send(), send(), send(), send()])
    } finally {
      clearInterval(watch)
    }
    console.log(`relay: ${before.toFixed(0)} MiB before, ${most.toFixed(0)} at most`)
    // Four whole ones would be 200, and copies; this is what the collector leaves lying about for a while.
    expect(most - before).toBeLessThan(180)
  },
  120_000,
)
