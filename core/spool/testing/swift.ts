/**
 * A real S3 server for tests: OpenStack Swift with its s3api, from Debian's packages, on loopback.
 *
 * The packages are installed when they are missing and we may (root); else `startSwift` says why there is no
 * server, and the tests that need it say so. In CI that is a failure, never a skip.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'

const PACKAGES = ['swift-proxy', 'swift-account', 'swift-container', 'swift-object', 'memcached']
const PROGRAMS = ['/usr/bin/swift-proxy-server', '/usr/bin/swift-object-server', '/usr/bin/memcached']
const READY_WITHIN = 90_000

export type Swift = {
  /** A spool URL in a bucket of its own. */
  url(prefix: string): string
  close(): void
}

/** Why there can be no server here, or undefined when there can. Installs what is missing when it may. */
export function swiftMissing(): string | undefined {
  if (PROGRAMS.every(program => existsSync(program))) return undefined
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) {
    return 'OpenStack Swift comes from Debian packages, and this is no Debian'
  }
  if (userInfo().uid !== 0) return `missing packages (as root: apt-get install ${PACKAGES.join(' ')})`
  const options = ['-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300']
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = () =>
    execFileSync('apt-get', ['install', ...options, ...PACKAGES], { env, stdio: 'ignore' })
  try {
    try {
      install()
    } catch {
      execFileSync('apt-get', ['update'], { env, stdio: 'ignore' })
      install()
    }
    return undefined
  } catch (error) {
    return `packages could not be installed: ${(error as Error).message}`
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer().once('error', reject)
          server.listen(0, '127.0.0.1', () => resolve(server))
        }),
    ),
  )
  const ports = servers.map(server => (server.address() as { port: number }).port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

/** Tries again with other ports when a server ends at once: somebody may have taken one meanwhile. */
export async function startSwift(): Promise<Swift> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start()
    } catch (error) {
      if (tries === 3) throw error
    }
  }
}

async function start(): Promise<Swift> {
  const folder = mkdtempSync(join(tmpdir(), 'restante-swift-'))
  for (const name of ['etc', 'srv/d1', 'log']) mkdirSync(join(folder, name), { recursive: true })
  const [object, container, account, proxy, cache] = (await freePorts(5)) as [
    number,
    number,
    number,
    number,
    number,
  ]
  const etc = join(folder, 'etc')
  const user = userInfo().username
  for (const [name, port] of Object.entries({ object, container, account })) {
    const builder = join(etc, `${name}.builder`)
    const ring = (...args: string[]) => {
      try {
        execFileSync('swift-ring-builder', [builder, ...args], { stdio: 'ignore' })
      } catch (error) {
        // 1 is a warning: one device is no redundancy, which we know.
        if ((error as { status?: number }).status !== 1) throw error
      }
    }
    ring('create', '6', '1', '1')
    ring('add', `r1z1-127.0.0.1:${port}/d1`, '1')
    ring('rebalance')
    writeFileSync(
      join(etc, `${name}-server.conf`),
      section('DEFAULT', {
        bind_ip: '127.0.0.1',
        bind_port: port,
        user,
        swift_dir: etc,
        devices: join(folder, 'srv'),
        mount_check: 'false',
        workers: 0,
        disable_fallocate: 'true',
      }) +
        section('pipeline:main', { pipeline: `${name}-server` }) +
        section(`app:${name}-server`, { use: `egg:swift#${name}` }),
    )
  }
  const filters = ['catch_errors', 'gatekeeper', 'listing_formats', 'bulk', 'copy', 'slo', 'dlo']
  writeFileSync(
    join(etc, 'proxy-server.conf'),
    section('DEFAULT', { bind_ip: '127.0.0.1', bind_port: proxy, user, swift_dir: etc, workers: 0 }) +
      section('pipeline:main', {
        pipeline:
          'catch_errors gatekeeper cache listing_formats bulk s3api tempauth copy slo dlo proxy-server',
      }) +
      section('app:proxy-server', {
        use: 'egg:swift#proxy',
        account_autocreate: 'true',
        allow_account_management: 'true',
        // Or it would not ask a server again for a minute that was not up yet when it asked first.
        error_suppression_limit: 1_000_000,
      }) +
      section('filter:cache', { use: 'egg:swift#memcache', memcache_servers: `127.0.0.1:${cache}` }) +
      section('filter:s3api', {
        use: 'egg:swift#s3api',
        s3_acl: 'false',
        location: 'us-east-1',
        force_swift_request_proxy_log: 'false',
      }) +
      section('filter:tempauth', { use: 'egg:swift#tempauth', user_mail_app: 'sekret .admin' }) +
      filters.map(name => section(`filter:${name}`, { use: `egg:swift#${name}` })).join(''),
  )
  const children: ChildProcess[] = []
  const run = (program: string, args: string[]) => {
    const out = openSync(join(folder, 'log', `${program}.log`), 'a')
    children.push(spawn(program, args, { stdio: ['ignore', out, out] }))
  }
  const close = () => {
    process.off('exit', close)
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  process.on('exit', close)
  const root = userInfo().uid === 0
  run('memcached', ['-l', '127.0.0.1', '-p', String(cache), ...(root ? ['-u', 'nobody'] : [])])
  for (const name of ['account', 'container', 'object', 'proxy']) {
    run(`swift-${name}-server`, [join(etc, `${name}-server.conf`)])
  }
  const endpoint = `http://127.0.0.1:${proxy}`
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'mail:app', secretAccessKey: 'sekret' },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    maxAttempts: 1,
  })
  const deadline = Date.now() + READY_WITHIN
  for (;;) {
    const ended = children.find(child => child.exitCode !== null)
    if (ended) {
      close()
      throw new Error(`${ended.spawnfile} ended with ${ended.exitCode}`)
    }
    try {
      await client.send(new CreateBucketCommand({ Bucket: 'spool' }))
      break
    } catch (error) {
      if (Date.now() > deadline) {
        close()
        throw new Error('Swift did not come up', { cause: error })
      }
      await new Promise(resolve => setTimeout(resolve, 200))
    }
  }
  client.destroy()
  return {
    url: prefix => `s3://mail%3Aapp:sekret@spool/${prefix}?endpoint=${encodeURIComponent(endpoint)}`,
    close,
  }
}

function section(name: string, values: Record<string, string | number>): string {
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}`)
  return `[${name}]\n${lines.join('\n')}\n`
}
