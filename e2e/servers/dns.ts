/**
 * A real DNS server (Knot) for tests, on a free port of loopback, with the zones that a test writes. What is in
 * none of them is refused, as a server that does not know us would.
 */
import { execFile, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../ports.ts'

export type DnsServer = {
  /** host:port, for DNS_SERVERS. */
  address: string
  /** Of the signed zones: DS records in master file form, for who validates. */
  anchors: string[]
  close(): Promise<void>
}

/** Zone name → its records in master file form, names relative to it; SOA and NS are added. */
export type Zones = Readonly<Record<string, string>>

/** A TXT record as a master file has it, in pieces of what a piece can hold. */
export function txt(text: string): string {
  const pieces = text.match(/[\s\S]{1,250}/g) ?? ['']
  return `TXT ${pieces.map(piece => `"${piece.replace(/["\\;]/g, '\\$&')}"`).join(' ')}`
}

/** @param signed zones that are signed (DNSSEC) */
export async function startDns(zones: Zones, signed: readonly string[] = []): Promise<DnsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'restante-knot-'))
  for (const name of ['run', 'db', 'zones']) await mkdir(join(folder, name))
  const port = await freeDnsPort()
  const names = Object.keys(zones)
  for (const name of names)
    await writeFile(
      join(folder, 'zones', `${name}zone`),
      `$ORIGIN ${name}\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n${zones[name]}\n`,
    )
  const config = join(folder, 'knot.conf')
  await writeFile(
    config,
    [
      'server:',
      `    rundir: "${join(folder, 'run')}"`,
      `    listen: 127.0.0.1@${port}`,
      '    udp-workers: 1',
      '    tcp-workers: 1',
      '    background-workers: 1',
      'log:',
      '  - target: stderr',
      '    any: warning',
      'database:',
      `    storage: "${join(folder, 'db')}"`,
      'policy:',
      '  - id: signed',
      '    algorithm: ecdsap256sha256',
      '    nsec3: off',
      'zone:',
      ...names.flatMap(name => [
        `  - domain: ${name}`,
        `    storage: "${join(folder, 'zones')}"`,
        `    file: ${name}zone`,
        ...(signed.includes(name)
          ? [
              '    dnssec-signing: on',
              '    dnssec-policy: signed',
              '    zonefile-sync: -1',
              '    journal-content: all',
            ]
          : []),
      ]),
      '',
    ].join('\n'),
  )
  const child = spawn('/usr/sbin/knotd', ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk
  })
  const ended = new Promise<void>(resolve => {
    child.once('exit', () => resolve())
    child.once('error', error => {
      said += error.message
      resolve()
    })
  })
  const resolver = new Resolver({ timeout: 500, tries: 1 })
  resolver.setServers([`127.0.0.1:${port}`])
  const deadline = Date.now() + 20_000
  for (;;) {
    const answers = await Promise.all(names.map(name => resolver.resolveSoa(name).catch(() => undefined)))
    if (answers.every(Boolean)) break
    if (Date.now() > deadline || child.exitCode !== null) {
      child.kill('SIGKILL')
      throw new Error(`knotd (Debian package knot) does not serve: ${said}`)
    }
    await pause(20)
  }
  const anchors: string[] = []
  for (const name of signed) {
    const { stdout } = await promisify(execFile)('/usr/sbin/keymgr', ['-c', config, name, 'ds'])
    anchors.push(...stdout.split('\n').filter(line => / 13 2 /.test(line)))
  }
  return {
    address: `127.0.0.1:${port}`,
    anchors,
    async close() {
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A port that is free for TCP and UDP, and stays so: none that the kernel gives to clients. */
export async function freeDnsPort(): Promise<number> {
  for (;;) {
    const port = await freePort()
    const socket = createSocket('udp4')
    const isFree = await new Promise<boolean>(resolve => {
      socket.once('error', () => resolve(false))
      socket.bind(port, '127.0.0.1', () => resolve(true))
    })
    await new Promise<void>(resolve => socket.close(() => resolve()))
    if (isFree) return port
  }
}
