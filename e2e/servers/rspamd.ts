/**
 * A real rspamd on loopback: Debian's configuration with everything off that asks the network, workers on ports
 * of its own. Its first start compiles its maps and takes some seconds. Runs as root or as an ordinary user.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../ports.ts'
import { startOrRemove } from './clamd.ts'
import { type Daemon, startDaemon } from './daemon.ts'

export type Rspamd = {
  port: number
  controllerPort: number
  password: string
  start(): Promise<void>
  kill(): Promise<void>
  /** It hangs, its ports open, and goes on. */
  freeze(): void
  thaw(): void
  remove(): Promise<void>
}

const OFF = [
  ...['arc', 'asn', 'dkim', 'dkim_signing', 'dmarc', 'fuzzy_check', 'greylist', 'hfilter', 'mx_check'],
  ...['neural', 'phishing', 'ratelimit', 'rbl', 'spf', 'surbl', 'url_redirector', 'history_redis', 'replies'],
]

/** @param redis where it keeps what it learns; without, it learns nothing */
export async function startRspamd(options: { redis?: string } = {}): Promise<Rspamd> {
  const folder = mkdtempSync(join(tmpdir(), 'rspamd-'))
  const [port, controllerPort] = (await freePorts(2)) as [number, number]
  const password = 'open sesame'
  for (const name of ['conf/local.d', 'db', 'run', 'log']) mkdirSync(join(folder, name), { recursive: true })
  const write = (name: string, lines: string[]) =>
    writeFileSync(join(folder, 'conf/local.d', name), `${lines.join('\n')}\n`)
  for (const name of OFF) write(`${name}.conf`, ['enabled = false;'])
  const redis = options.redis && new URL(options.redis)
  if (redis) {
    // Refused, or not answered within its time, it takes what it has learnt for never seen.
    write('redis.conf', [
      `servers = "${redis.hostname}:${redis.port || 6379}";`,
      ...(redis.password ? [`password = "${decodeURIComponent(redis.password)}";`] : []),
      'timeout = 20s;',
    ])
    write('classifier-bayes.conf', ['backend = "redis";', 'min_learns = 1;'])
  }
  write('options.inc', [
    'dns { nameserver = ["127.0.0.1:1:1"]; timeout = 0.2s; retransmits = 1; }',
    'map_watch_interval = 1h;',
    'enable_test_patterns = true;',
  ])
  write('logging.inc', ['type = "file"; filename = "$LOGDIR/rspamd.log"; level = "info";'])
  write('worker-normal.inc', [`bind_socket = "127.0.0.1:${port}";`, 'count = 1;'])
  write('worker-controller.inc', [
    `bind_socket = "127.0.0.1:${controllerPort}";`,
    `password = "${password}";`,
    'secure_ip = [];',
  ])
  write('worker-proxy.inc', ['enabled = false;'])
  write('worker-fuzzy.inc', ['enabled = false;'])
  write('milter_headers.conf', [
    'use = ["x-spamd-bar", "x-spam-level"];',
    'skip_local = false;',
    'skip_authenticated = false;',
  ])
  let daemon: Daemon | undefined
  const rspamd: Rspamd = {
    port,
    controllerPort,
    password,
    async start() {
      if (daemon?.running()) return
      const folders = { LOCAL_CONFDIR: 'conf', DBDIR: 'db', RUNDIR: 'run', LOGDIR: 'log' }
      const variables = Object.entries(folders).map(([name, at]) => `--var=${name}=${join(folder, at)}`)
      daemon = await startDaemon('/usr/bin/rspamd', ['-f', '-i', ...variables], {
        log: join(folder, 'log/out'),
        cwd: folder,
        seconds: 90,
        ready: async () => (await pong(port)) && (await pong(controllerPort)),
      })
    },
    async kill() {
      await daemon?.kill()
    },
    freeze: () => daemon?.freeze(),
    thaw: () => daemon?.thaw(),
    async remove() {
      await daemon?.kill()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
  await startOrRemove(rspamd)
  return rspamd
}

async function pong(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/ping`, { signal: AbortSignal.timeout(2_000) })
    return response.ok
  } catch {
    return false
  }
}
