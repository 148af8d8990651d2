/**
 * The keys that a domain's outgoing mail is signed with (RFC 6376, RFC 8463), and what DNS has to say of them.
 *
 * A key is made inactive: its record goes into DNS first, and signing begins when it is activated. Several may be
 * active, so that a key is changed without a gap and RSA stands beside Ed25519. Private halves are sealed.
 */
import { createPublicKey, generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { seal, unseal } from '../config/secret.ts'
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import { findDomain } from './domains.ts'
import { DirectoryError } from './errors.ts'

export type DkimAlgorithm = 'rsa' | 'ed25519'
export const DKIM_ALGORITHMS: readonly DkimAlgorithm[] = ['rsa', 'ed25519']

export type DkimKey = {
  domain: string
  selector: string
  algorithm: DkimAlgorithm
  active: boolean
  createdAt: Date
  /** To be published as TXT, in pieces of at most 255 characters where the zone file wants that. */
  record: { name: string; value: string }
}

export type SigningKey = { domain: string; selector: string; privateKey: string }

/** Long enough for years, short enough for one UDP answer. */
const RSA_BITS = 2_048

/** @throws DirectoryError `unknown-domain`, `bad-selector`, `key-exists` */
export async function addDkimKey(
  db: Executor,
  input: { domain: string; selector: string; algorithm: DkimAlgorithm },
  sealKey: Buffer,
): Promise<DkimKey> {
  const selector = input.selector.toLowerCase()
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(selector)) {
    throw new DirectoryError('bad-selector', `${input.selector} is no selector: letters, digits and hyphens`)
  }
  const domain = await findDomain(db, input.domain)
  const { privateKey } =
    input.algorithm === 'rsa'
      ? await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS })
      : await promisify(generateKeyPair)('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const row = await db
    .insertInto('dkim_key')
    .values({
      id: newId(),
      domain_id: domain.id,
      selector,
      algorithm: input.algorithm,
      private_key: seal(sealKey, pem),
    })
    .onConflict(conflict => conflict.columns(['domain_id', 'selector']).doNothing())
    .returningAll()
    .executeTakeFirst()
  if (!row) throw new DirectoryError('key-exists', `${domain.name} has a key ${selector} already`)
  return keyOf({ ...row, domain: domain.name }, sealKey)
}

/** @throws DirectoryError `unknown-domain` */
export async function listDkimKeys(db: Executor, domain: string, sealKey: Buffer): Promise<DkimKey[]> {
  const found = await findDomain(db, domain)
  const rows = await db
    .selectFrom('dkim_key')
    .selectAll()
    .where('domain_id', '=', found.id)
    .orderBy('created_at')
    .execute()
  return rows.map(row => keyOf({ ...row, domain: found.name }, sealKey))
}

/** @throws DirectoryError `unknown-domain`, `unknown-key` */
export async function setDkimKey(
  db: Executor,
  input: { domain: string; selector: string; active: boolean },
): Promise<void> {
  const domain = await findDomain(db, input.domain)
  const result = await db
    .updateTable('dkim_key')
    .set({ active: input.active })
    .where('domain_id', '=', domain.id)
    .where('selector', '=', input.selector.toLowerCase())
    .executeTakeFirst()
  if (result.numUpdatedRows === 0n) throw unknownKey(domain.name, input.selector)
}

/** Mail that is on its way keeps its signature: leave the record in DNS for a few days. */
export async function removeDkimKey(
  db: Executor,
  input: { domain: string; selector: string },
): Promise<void> {
  const domain = await findDomain(db, input.domain)
  const result = await db
    .deleteFrom('dkim_key')
    .where('domain_id', '=', domain.id)
    .where('selector', '=', input.selector.toLowerCase())
    .executeTakeFirst()
  if (result.numDeletedRows === 0n) throw unknownKey(domain.name, input.selector)
}

const unknownKey = (domain: string, selector: string) =>
  new DirectoryError('unknown-key', `${domain} has no key ${selector}`)

/** The active keys of all domains. */
export async function signingKeys(db: Executor, sealKey: Buffer): Promise<SigningKey[]> {
  const rows = await db
    .selectFrom('dkim_key')
    .innerJoin('domain', 'domain.id', 'dkim_key.domain_id')
    .select(['domain.name', 'dkim_key.selector', 'dkim_key.private_key'])
    .where('dkim_key.active', '=', true)
    .orderBy('dkim_key.algorithm', 'desc')
    .execute()
  return rows.map(row => ({
    domain: row.name,
    selector: row.selector,
    privateKey: unseal(sealKey, row.private_key),
  }))
}

function keyOf(
  row: {
    domain: string
    selector: string
    algorithm: DkimAlgorithm
    active: boolean
    created_at: Date
    private_key: string
  },
  sealKey: Buffer,
): DkimKey {
  const spki = createPublicKey(unseal(sealKey, row.private_key)).export({ type: 'spki', format: 'der' })
  // RFC 8463 §4: of Ed25519 the bare 32 bytes, without their ASN.1.
  const bytes = row.algorithm === 'ed25519' ? spki.subarray(-32) : spki
  return {
    domain: row.domain,
    selector: row.selector,
    algorithm: row.algorithm,
    active: row.active,
    createdAt: row.created_at,
    record: {
      name: `${row.selector}._domainkey.${row.domain}`,
      value: `v=DKIM1; k=${row.algorithm}; p=${bytes.toString('base64')}`,
    },
  }
}
