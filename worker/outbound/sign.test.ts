import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import {
  addDkimKey,
  type DkimKey,
  listDkimKeys,
  removeDkimKey,
  setDkimKey,
} from '@restante/core/directory/dkim.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Mail } from '../smtp/transaction.ts'
import { createSigner } from './sign.ts'

const sealKey = randomBytes(32)
const MESSAGE = Buffer.from(
  'From: =?utf-8?Q?N=C3=BAria?= <nuria@Example.test>\r\nTo: x@elsewhere.test\r\nSubject: Offer\r\n\r\nDear all,\r\n\r\n.dots and  spaces \r\n\r\n\r\n',
)

let database: TestDatabase
let keys: DkimKey[]

beforeAll(async () => {
  database = await testDatabase()
  const { db } = database
  await addOrganization(db, { name: 'Example' })
  await addDomain(
    db,
    { domain: 'example.test', organization: 'Example', backends: ['smtp://127.0.0.1:1'] },
    sealKey,
  )
  for (const algorithm of ['rsa', 'ed25519'] as const)
    await addDkimKey(db, { domain: 'example.test', selector: algorithm, algorithm }, sealKey)
  keys = await listDkimKeys(db, 'example.test', sealKey)
})
afterAll(() => database?.close())
beforeEach(async () => {
  for (const selector of ['rsa', 'ed25519'])
    await setDkimKey(database.db, { domain: 'example.test', selector, active: true })
})

const mailOf = (content: Buffer): Mail => ({
  sender: 'nuria@example.test',
  size: content.length,
  envelope: {},
  recipients: [],
  // In pieces, as the spool gives it.
  content: async () => ({
    size: content.length,
    content: Readable.from([content.subarray(0, 17), content.subarray(17)]),
  }),
})

async function signed(content: Buffer): Promise<Buffer> {
  const signer = createSigner({ db: database.db, sealKey, log: silentLog })
  const mail = await signer.sign(mailOf(content))
  const opened = await mail.content()
  const bytes = Buffer.concat(await opened.content.toArray())
  expect(bytes.length).toBe(mail.size)
  expect(opened.size).toBe(mail.size)
  return bytes
}

const recordOf = (name: string) => keys.find(key => key.record.name === name)?.record.value

test('what leaves carries a signature of each active key, and both hold', async () => {
  const bytes = await signed(MESSAGE)
  expect(bytes.subarray(-MESSAGE.length).equals(MESSAGE)).toBe(true)
  const { results } = await dkimVerify(bytes, {
    resolver: async (name: string) => [[recordOf(name) ?? '']],
  } as never)
  expect(results.map(one => [one.selector, one.status.result])).toEqual([
    ['rsa', 'pass'],
    ['ed25519', 'pass'],
  ])
})

test('another implementation finds the signatures good (dkimpy)', async context => {
  const python = promisify(execFile)
  const there = await python('/usr/bin/python3', ['-c', 'import dkim']).then(
    () => true,
    () => false,
  )
  if (!there) context.skip('dkimpy is not installed (Debian package python3-dkim)')
  const file = join(tmpdir(), `restante-dkim-${randomBytes(4).toString('hex')}.json`)
  const records = Object.fromEntries(keys.map(key => [`${key.record.name}.`, key.record.value]))
  await writeFile(file, JSON.stringify({ message: (await signed(MESSAGE)).toString('base64'), records }))
  const script = `
import base64, dkim, json, sys
given = json.load(open(sys.argv[1]))
verifier = dkim.DKIM(base64.b64decode(given['message']))
answer = lambda name, timeout=5: given['records'].get(name.decode()).encode()
print(verifier.verify(0, dnsfunc=answer), verifier.verify(1, dnsfunc=answer))`
  const { stdout } = await python('/usr/bin/python3', ['-c', script, file])
  expect(stdout.trim()).toBe('True True')
})

test('a key that is not active signs nothing, and a domain without keys is left as it is', async () => {
  for (const selector of ['rsa', 'ed25519'])
    await setDkimKey(database.db, { domain: 'example.test', selector, active: false })
  expect((await signed(MESSAGE)).equals(MESSAGE)).toBe(true)
  const other = Buffer.from('From: x@other.test\r\n\r\nhello\r\n')
  expect((await signed(other)).equals(other)).toBe(true)
  const none = Buffer.from('no header at all')
  expect((await signed(none)).equals(none)).toBe(true)
})

test.each([
  [
    'bad-selector',
    () => addDkimKey(database.db, { domain: 'example.test', selector: 'a b', algorithm: 'rsa' }, sealKey),
  ],
  [
    'key-exists',
    () => addDkimKey(database.db, { domain: 'example.test', selector: 'RSA', algorithm: 'rsa' }, sealKey),
  ],
  [
    'unknown-domain',
    () => addDkimKey(database.db, { domain: 'x.test', selector: 'a', algorithm: 'rsa' }, sealKey),
  ],
  ['unknown-key', () => removeDkimKey(database.db, { domain: 'example.test', selector: 'gone' })],
])('%s is refused in words', async (code, act) => {
  await expect(act()).rejects.toMatchObject({ code })
})
