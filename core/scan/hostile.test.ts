/**
 * Contents that are made to cost, through all steps that need no engine: each comes to a verdict, none keeps the event
 * loop for 50 ms, none holds more than 64 MiB.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DnsServer, startDns, txt } from '../../e2e/servers/dns.ts'
import { Directory } from '../directory/snapshot.ts'
import { summarize } from '../mail/summary.ts'
import { silentLog } from '../observe/log.ts'
import { scannedContent, scannedStream } from './fields.ts'
import { createScanner } from './inbound.ts'
import { type Staged, stage } from './staged.ts'
import { HOSTILE, type Hostile, SIGNER } from './testing/hostile.ts'
import { longestTurn, mostHeld } from './testing/turns.ts'
import type { Scanned, Scanner } from './types.ts'

/** ms of processor time */
const LONGEST_TURN = 50
/** MiB. The thread that looks into files has 56 of its own (attachments/threads.ts); all else has to do with the rest. */
const MOST_HEAP = 8
/** MiB of chunks on their way. */
const MOST_BUFFERS = 24
/** MiB that the tree of its parts and the beginnings of their texts take. */
const MOST_READING = 32
const TRIES = 3

let folder: string
let server: DnsServer
let scanner: Scanner
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restante-hostile-'))
  server = await startDns({
    'test.': [
      `strict ${txt('v=spf1 ip4:192.0.2.1 -all')}`,
      `_dmarc.strict ${txt('v=DMARC1; p=none')}`,
      `s1._domainkey.${SIGNER.replace('.test', '')} ${txt('v=DKIM1; k=rsa; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL')}`,
    ].join('\n'),
  })
  const directory = new Directory({
    version: 1,
    readAt: '2026-11-22T10:00:00.000Z',
    domains: [{ name: 'here.test', organizationId: 'o1', backendId: 'b1', scan: { arc: true } }],
    addresses: [['anna@here.test', ['m1']]],
    lists: [{ organizationId: 'o1', kind: 'allow', value: 'partner.test' }],
  })
  scanner = createScanner({
    settings: {
      RESTANTE_DATA: folder,
      RESTANTE_HOSTNAME: 'mx.here.test',
      RELAY_EXEMPT_NETWORKS: '127.0.0.0/8',
      REDIS_URL: undefined,
      DNS_SERVERS: [server.address],
      DNSBL_ZONES: [],
      ARC_DOMAIN: undefined,
      ARC_SELECTOR: 'arc',
      ARC_KEY: undefined,
      ARC_TRUSTED: [],
      RSPAMD_URL: [],
      SPAMD_URL: [],
      CLAMD_URL: [],
    },
    directory: () => directory,
    log: silentLog,
  })
})
afterAll(async () => {
  await scanner?.close()
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

async function* slowly(content: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* content
}

const staged = ({ content }: Hostile): Promise<Staged> =>
  stage(slowly(content()), { folder: join(folder, 'staging'), encrypt: true })

const scan = ({ size, bytes, content }: Staged): Promise<Scanned> =>
  scanner.scan({
    envelope: {
      id: '00000000-0000-7000-8000-000000000001',
      kind: 'inbound',
      sender: 'mallory@strict.test',
      recipients: [{ address: 'anna@here.test' }],
      receivedAt: '2026-11-22T10:00:00.000Z',
      client: { address: '192.0.2.1', helo: 'client.test' },
    },
    size,
    ...(bytes && { bytes }),
    content,
  })

/** What is written down for each; all else passes. What takes long may come to the end of its time: it is held then. */
const EXPECTED: Record<string, Scanned['record']['verdict']> = {
  '100,000 Received fields': 'quarantine',
  '1 MiB of addresses in From': 'quarantine',
  'a header that never ends': 'quarantine',
  'broken MIME': 'mark',
  '10,000 files': 'quarantine',
  'multiparts nested 1,000 deep': 'quarantine',
  'a boundary and 100,000 lines that are almost it': 'quarantine',
  '20,000 uuencoded files': 'quarantine',
  'a zip bomb': 'quarantine',
  'zip bombs within zips': 'quarantine',
  'a zip of 12,000 names': 'quarantine',
  'a winmail.dat of 20,000 titles': 'quarantine',
}

/** As the relay: the scan, and what goes into the spool. */
async function take(message: Staged): Promise<Scanned> {
  const scanned = await scan(message)
  if (message.bytes) scannedContent(message.bytes, '', scanned)
  else for await (const _ of scannedStream(message.content(), '', scanned)) void _
  return scanned
}

/** ms of processor time; in the first try is a compiler's work, too. */
async function turnOf(run: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let n = 0; n < TRIES && least >= LONGEST_TURN; n++) least = Math.min(least, await longestTurn(run))
  return least
}

test.each(HOSTILE)('$name', { timeout: 120_000 }, async hostile => {
  const message = await staged(hostile)
  try {
    let scanned: Scanned | undefined
    const turn = await turnOf(async () => {
      scanned = await take(message)
    })
    expect(turn).toBeLessThan(LONGEST_TURN)
    const steps = ['authentication', 'lists', 'connection', 'attachments']
    expect(scanned?.record.steps.map(({ step }) => step)).toEqual(steps)
    const unscanned = scanned?.record.steps.some(({ reason }) => reason === 'time-over')
    expect(scanned?.record.verdict).toBe(unscanned ? 'quarantine' : (EXPECTED[hostile.name] ?? 'pass'))
    const held = await mostHeld(() => take(message))
    expect(held.heap).toBeLessThan(MOST_HEAP)
    expect(held.buffers).toBeLessThan(MOST_BUFFERS)

    // As the worker, which sums it up for lists and search.
    const read = () => summarize(message.bytes ?? message.content())
    expect(await turnOf(read)).toBeLessThan(LONGEST_TURN)
    const heldReading = await mostHeld(read)
    expect(heldReading.heap + heldReading.buffers).toBeLessThan(MOST_READING)
  } finally {
    await message.close()
  }
})
