/** A relay for tests: the real server on a free port, over a real spool in a folder of its own. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Directory, type SnapshotData } from '@restante/core/directory/snapshot.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { type OpenOptions, openSpool } from '@restante/core/spool/open.ts'
import type { Envelope, Spool } from '@restante/core/spool/types.ts'
import type { Relay } from '../front.ts'
import { DEFAULT_LIMITS, type RelayLimits } from '../limits.ts'
import { createRelay, type RelayOptions } from '../server.ts'
import { type Certificates, loadCertificates } from '../tls.ts'

export const data: SnapshotData = {
  version: 1,
  readAt: '2026-11-01T10:00:00.000Z',
  domains: [
    { name: 'acme.example', organizationId: 'o1', backendId: 'b1' },
    { name: 'xn--espaol-zwa.example', organizationId: 'o1', backendId: 'b1' },
  ],
  addresses: [
    ['anna@acme.example', ['m1']],
    ['bea@acme.example', ['m2']],
    ['josé@acme.example', ['m3']],
    ['ana@xn--espaol-zwa.example', ['m4']],
  ],
}

export type Kept = { envelope: Envelope; content: Buffer }
export type TestRelay = {
  relay: Relay
  port: number
  spool: Spool
  /** Everything that is in the spool. */
  kept(): Promise<Kept[]>
  close(): Promise<void>
}

let certificates: Promise<Certificates> | undefined

export async function testRelay(
  options: {
    limits?: Partial<RelayLimits>
    messageSize?: number
    ready?: boolean
    /** Anything else. */
    relay?: Partial<RelayOptions>
    /** Stands between the relay and its spool. */
    wrap?: (spool: Spool) => Spool
    disk?: Pick<OpenOptions, 'fs' | 'minimumFree'>
  } = {},
): Promise<TestRelay> {
  const folder = await mkdtemp(join(tmpdir(), 'restante-relay-'))
  certificates ??= loadCertificates({ folder: join(folder, 'tls'), hostname: 'mx.test' })
  const spool = await openSpool({
    url: `file:${join(folder, 'spool')}`,
    secretKey: randomBytes(32),
    encrypt: true,
    writer: 'relay',
    log: silentLog,
    minimumFree: 0,
    ...options.disk,
  })
  const directory = new Directory(data)
  const relay = createRelay({
    hostname: 'mx.test',
    spool: options.wrap ? options.wrap(spool) : spool,
    staging: { folder: join(folder, 'staging'), encrypt: true },
    directory: () => ({ current: directory, ready: options.ready ?? true }),
    certificates: await certificates,
    limits: { ...DEFAULT_LIMITS, messageSize: options.messageSize ?? 100_000, ...options.limits },
    log: silentLog,
    ...options.relay,
  })
  const port = await relay.listen(0, '127.0.0.1')
  return {
    relay,
    port,
    spool,
    async kept() {
      const found: Kept[] = []
      for (const segment of await spool.segments()) {
        for await (const record of spool.scan(segment.name, 0)) {
          if (record.type !== 'message') continue
          const { envelope, content } = await spool.read(record.location)
          const chunks: Buffer[] = []
          for await (const chunk of content) chunks.push(chunk as Buffer)
          found.push({ envelope, content: Buffer.concat(chunks) })
        }
      }
      return found
    },
    async close() {
      await relay.close(200)
      await spool.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
