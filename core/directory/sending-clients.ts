/**
 * Mail servers of organizations that use us as their way out (a smarthost): each is known by the network it sends
 * from, with a certificate besides where that is asked, or by a user name and a password. What they may send as are
 * the organization's own domains.
 *
 * A password is 140 bits of chance, shown once; its hash is looked up by equality, as an app password's.
 */
import { createHash, randomBytes } from 'node:crypto'
import { type Networks, parseNetworks } from '../config/networks.ts'
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import { DirectoryError } from './errors.ts'
import { findOrganization } from './organizations.ts'

export type SendingClient = {
  id: string
  organizationId: string
  name: string
  network: string | null
  certificate: string | null
  /** What it signs in with; null: it is known by its network. */
  user: string | null
  createdAt: Date
}

export type NewSendingClient = {
  organization: string
  name: string
  /** CIDR; without it a user and a password are made. */
  network?: string
  /** SHA-256 fingerprint of the certificate that it must show. */
  certificate?: string
}

/** @throws DirectoryError `unknown-organization`, `bad-client`, `client-exists` */
export async function addSendingClient(
  db: Executor,
  input: NewSendingClient,
): Promise<SendingClient & { password?: string }> {
  const organization = await findOrganization(db, input.organization)
  const name = input.name.trim()
  if (name === '' || name.length > 100) {
    throw new DirectoryError('bad-client', 'a sending client needs a name of at most 100 characters')
  }
  const network = input.network && checkNetwork(input.network)
  const certificate = input.certificate && checkFingerprint(input.certificate)
  if (certificate && !network) {
    throw new DirectoryError('bad-client', 'a certificate goes with a network: give both')
  }
  const password = network ? undefined : `restante-${randomBytes(18).toString('base64url')}`
  const row = await db
    .insertInto('sending_client')
    .values({
      id: newId(),
      organization_id: organization.id,
      name,
      network: network ?? null,
      certificate: certificate ?? null,
      hash: password ? hashOf(password) : null,
    })
    .onConflict(conflict => conflict.columns(['organization_id', 'name']).doNothing())
    .returningAll()
    .executeTakeFirst()
  if (!row)
    throw new DirectoryError('client-exists', `${organization.name} has a sending client ${name} already`)
  return { ...clientOf(row), ...(password && { password }) }
}

/** @throws DirectoryError `unknown-organization` */
export async function listSendingClients(db: Executor, organization: string): Promise<SendingClient[]> {
  const { id } = await findOrganization(db, organization)
  const rows = await db
    .selectFrom('sending_client')
    .selectAll()
    .where('organization_id', '=', id)
    .orderBy('name')
    .execute()
  return rows.map(clientOf)
}

/** @throws DirectoryError `unknown-organization`, `unknown-client` */
export async function removeSendingClient(db: Executor, organization: string, name: string): Promise<void> {
  const { id } = await findOrganization(db, organization)
  const result = await db
    .deleteFrom('sending_client')
    .where('organization_id', '=', id)
    .where('name', '=', name.trim())
    .executeTakeFirst()
  if (result.numDeletedRows === 0n)
    throw new DirectoryError('unknown-client', `${organization} has no sending client ${name}`)
}

/** Whose password it is; null: nobody's. */
export async function clientByPassword(
  db: Executor,
  user: string,
  password: string,
): Promise<SendingClient | null> {
  const row = await db
    .selectFrom('sending_client')
    .selectAll()
    .where('hash', '=', hashOf(password))
    .executeTakeFirst()
  return row && userOf(row.id) === user.trim().toLowerCase() ? clientOf(row) : null
}

/** Those that are known by their network, as the listeners look at them. */
export async function clientNetworks(db: Executor): Promise<(SendingClient & { networks: Networks })[]> {
  const rows = await db.selectFrom('sending_client').selectAll().where('network', 'is not', null).execute()
  return rows.map(row => ({ ...clientOf(row), networks: parseNetworks(row.network ?? '') }))
}

function checkNetwork(text: string): string {
  try {
    parseNetworks(text)
  } catch (error) {
    throw new DirectoryError('bad-client', (error as Error).message)
  }
  if (/[\s,]/.test(text.trim()) || /\/0$/.test(text.trim())) {
    throw new DirectoryError('bad-client', `${text} must be one network, and not the whole Internet`)
  }
  return text.trim()
}

function checkFingerprint(text: string): string {
  const plain = text.replace(/[:\s]/g, '').toLowerCase()
  if (/^[0-9a-f]{64}$/.test(plain)) return plain
  throw new DirectoryError('bad-client', `${text} is no SHA-256 fingerprint`)
}

const hashOf = (password: string) => createHash('sha256').update(password.trim()).digest('hex')
const userOf = (id: string) => `server-${id.replaceAll('-', '').slice(-12)}`

function clientOf(row: {
  id: string
  organization_id: string
  name: string
  network: string | null
  certificate: string | null
  hash: string | null
  created_at: Date
}): SendingClient {
  return {
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    network: row.network,
    certificate: row.certificate,
    user: row.hash === null ? null : userOf(row.id),
    createdAt: row.created_at,
  }
}
