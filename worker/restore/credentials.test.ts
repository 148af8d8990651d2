/** Credentials that people give are tried at a real Dovecot; what is said of them is the server's doing. */

import { seal } from '@restante/core/config/secret.ts'
import { setImapCredentials } from '@restante/core/directory/imap-credentials.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DOVECOT_PASSWORD, type Dovecot, startDovecot } from '../../e2e/servers/dovecot.ts'
import { type TestGateway, testGateway } from '../testing/gateway.ts'
import { dueCredentials, tryCredentials } from './credentials.ts'
import { createTokens } from './token.ts'

const ANNA = 'anna@example.test'
let dovecot: Dovecot
let gateway: TestGateway

beforeAll(async () => {
  dovecot = await startDovecot()
  const imap = `imap://127.0.0.1:${dovecot.imapPort}?tls=none`
  gateway = await testGateway([`lmtp://127.0.0.1:${dovecot.lmtpPort}?tls=none`], { imap })
}, 30_000)
afterAll(async () => {
  await gateway?.close()
  await dovecot?.remove()
})

const db = () => gateway.services.db
const give = (secret: string, kind: 'password' | 'refresh-token' = 'password') =>
  setImapCredentials(db(), ANNA, { kind, secret }, ANNA, gateway.services.sealKey)
const later = (ms: number) => new Date(Date.now() + ms)

async function tried(at = new Date()): Promise<string | null> {
  for (const one of await dueCredentials(db(), at))
    await tryCredentials(gateway.services, createTokens(), one)
  const row = await db().selectFrom('imap_credentials').selectAll().executeTakeFirstOrThrow()
  expect(row.checked_at).not.toBeNull()
  return row.problem
}
const useImap = (url: string | null) =>
  db()
    .updateTable('backend')
    .set({ imap: url && seal(gateway.services.sealKey, url) })
    .execute()

test('good ones are good, and tried again the next day', async () => {
  await give(DOVECOT_PASSWORD)
  expect(await tried()).toBeNull()
  expect(await dueCredentials(db(), later(3_600_000))).toEqual([])
  expect(await dueCredentials(db(), later(25 * 3_600_000))).toHaveLength(1)
})

test('refused ones are not tried again before others are given', async () => {
  await give('guess')
  expect(await tried()).toBe('refused')
  expect(await dueCredentials(db(), later(48 * 3_600_000))).toEqual([])
  await give(DOVECOT_PASSWORD)
  expect(await tried()).toBeNull()
})

test('those given while others are being tried are tried too', async () => {
  await give('guess')
  const [first] = await dueCredentials(db(), new Date())
  await give(DOVECOT_PASSWORD)
  await tryCredentials(gateway.services, createTokens(), first!)
  const row = await db().selectFrom('imap_credentials').selectAll().executeTakeFirstOrThrow()
  expect(row.checked_at).toBeNull()
  expect(await tried()).toBeNull()
})

test('a way that the server does not have, a server that is away or nowhere: tried again soon', async () => {
  await give('token', 'refresh-token')
  expect(await tried()).toBe('no-way')
  await useImap(null)
  expect(await tried(later(6 * 60_000))).toBe('no-way')
  await useImap('imap://127.0.0.1:1?tls=none')
  await give(DOVECOT_PASSWORD)
  expect(await tried()).toBe('unreachable')
  expect(await dueCredentials(db(), later(6 * 60_000))).toHaveLength(1)
})
