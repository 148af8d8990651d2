/** Our ARC seals, verified by another implementation (dkimpy), and the key that they are made with. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DnsServer, startDns, txt } from '../../../e2e/servers/dns.ts'
import { createDns, type Dns } from '../../dns/dns.ts'
import { silentLog } from '../../observe/log.ts'
import { scannedContent } from '../fields.ts'
import { contextOf, subjectOf } from '../testing/subject.ts'
import { createSealer, type Sealer } from './sealer.ts'
import { authenticationStep } from './step.ts'

/** Reads a message, answers what the chain is worth; the keys come from its first argument. */
const VERIFY = `
import sys, json, dkim
keys = json.loads(sys.argv[1])
lookup = lambda name, timeout=5: keys.get(name.decode().rstrip('.'), '').encode() or None
cv, results, reason = dkim.ARC(sys.stdin.buffer.read()).verify(dnsfunc=lookup)
print(json.dumps({'cv': cv.decode() if cv else None, 'sets': len(results), 'reason': str(reason)}))
`

let folder: string
let server: DnsServer
let dns: Dns
let sealer: Sealer
let keys: Record<string, string>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restante-seal-'))
  sealer = createSealer({
    RESTANTE_DATA: folder,
    RESTANTE_HOSTNAME: 'mx.here.test',
    ARC_DOMAIN: 'here.test',
    ARC_SELECTOR: 'restante',
    ARC_KEY: undefined,
  })
  const record = await sealer.record()
  keys = { [record.name]: record.value }
  server = await startDns({ 'test.': `restante._domainkey.here ${txt(record.value)}` })
  dns = createDns({ servers: [server.address] })
})
afterAll(async () => {
  dns?.close()
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

async function pass(message: string, policy = {}): Promise<string> {
  const step = authenticationStep({ hostname: 'mx.here.test', dns, log: silentLog, sealer })
  const outcome = await step.run(subjectOf(message), contextOf(policy))
  return scannedContent(Buffer.from(message), 'Received: from a by b; now\r\n', {
    addFields: outcome.addFields ?? [],
    removeFields: outcome.removeFields ?? [],
  }).toString()
}

async function verified(message: string): Promise<{ cv: string | null; sets: number; reason: string }> {
  const child = promisify(execFile)('/usr/bin/python3', ['-c', VERIFY, JSON.stringify(keys)])
  child.child.stdin?.end(message)
  return JSON.parse((await child).stdout)
}

const message =
  'Authentication-Results: mx.here.test; dmarc=pass\r\nReceived: from x by y; then\r\nFrom: Anna <anna@far.test>\r\nTo: bruno@here.test\r\nSubject: Hello\r\n  folded\r\nMessage-ID: <1@far.test>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n\r\nHello  there \r\n\r\n\r\n'

test('another implementation verifies our seal, also the second one on the same message', async () => {
  const once = await pass(message, { arc: true })
  expect(once).toMatch(
    /^Received: .*\r\nARC-Seal: i=1;[\s\S]*ARC-Message-Signature: i=1;[\s\S]*ARC-Authentication-Results: i=1; mx\.here\.test/,
  )
  expect(once.match(/^Authentication-Results:/gm)).toHaveLength(1)
  expect(await verified(once)).toMatchObject({ cv: 'pass', sets: 1 })
  const twice = await pass(once, { arc: true })
  expect(twice).toMatch(/ARC-Seal: i=2;[\s\S]* cv=pass/)
  expect(twice).toMatch(/arc=pass/)
  expect(await verified(twice)).toMatchObject({ cv: 'pass', sets: 2 })
})

test('a seal of a message that was changed after it does not verify, there and here', async () => {
  const changed = (await pass(message, { arc: true })).replace('Hello  there', 'Send money')
  expect(await verified(changed)).toMatchObject({ cv: 'fail' })
  expect(await pass(changed)).toMatch(/arc=fail/)
})

test('without the setting nothing is sealed', async () => {
  expect(await pass(message)).not.toMatch(/^ARC-/m)
})

test('the key is made once, readable by its owner only, and the same for who starts at the same time', async () => {
  const settings = {
    RESTANTE_DATA: join(folder, 'new'),
    RESTANTE_HOSTNAME: 'mx.here.test',
    ARC_DOMAIN: undefined,
    ARC_SELECTOR: 'restante',
    ARC_KEY: undefined,
  }
  const all = await Promise.all([1, 2, 3].map(() => createSealer(settings).record()))
  expect(new Set(all.map(record => record.value)).size).toBe(1)
  expect(all[0]?.name).toBe('restante._domainkey.mx.here.test')
  const file = join(folder, 'new', 'arc.pem')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readFile(file, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/)
  // A key that somebody else must bring is never made here.
  await expect(createSealer({ ...settings, ARC_KEY: join(folder, 'none.pem') }).key()).rejects.toThrow(
    /ENOENT/,
  )
})
