/**
 * An organization's own sign-in (OpenID Connect): Entra, Google, any issuer. It says who somebody is by an address,
 * which must be one of the organization's people, and which the issuer must call verified, unless an operator said
 * that the issuer is the organization's alone (one tenant of Entra, which says nothing of that).
 */
import { seal, unseal } from '../config/secret.ts'
import type { Executor } from '../db/connection.ts'
import { normalizeAddress } from '../directory/addresses.ts'
import { DirectoryError } from '../directory/errors.ts'
import { findOrganization } from '../directory/organizations.ts'
import { type Person, personColumns } from '../directory/people.ts'
import { change } from '../directory/transaction.ts'
import { isId } from '../queue/scope.ts'

export type Provider = {
  organizationId: string
  /** As people know it. */
  name: string
  issuer: string
  clientId: string
  clientSecret: string
  trustAddress: boolean
}

/** @throws DirectoryError `unknown-organization`, `bad-provider` */
export async function setProvider(
  db: Executor,
  organization: string,
  input: { name: string; issuer: string; clientId: string; clientSecret: string; trustAddress: boolean },
  sealKey: Buffer,
  now: Date,
): Promise<Omit<Provider, 'clientSecret'>> {
  const url = URL.canParse(input.issuer) ? new URL(input.issuer) : null
  const near = url && /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname)
  if (!url || (url.protocol !== 'https:' && !(near && url.protocol === 'http:')) || url.search || url.hash) {
    throw new DirectoryError('bad-provider', 'the issuer must be a URL like https://login.example.com/tenant')
  }
  if (!input.clientId || !input.clientSecret || !input.name.trim()) {
    throw new DirectoryError('bad-provider', 'a name, a client id and its secret are needed')
  }
  return change(db, async tx => {
    const { id } = await findOrganization(tx, organization)
    const row = {
      name: input.name.trim().slice(0, 100),
      issuer: input.issuer.replace(/\/$/, ''),
      client_id: input.clientId,
      client_secret: seal(sealKey, input.clientSecret),
      trust_address: input.trustAddress,
    }
    await tx
      .insertInto('sign_in_provider')
      .values({ organization_id: id, created_at: now, ...row })
      .onConflict(conflict => conflict.column('organization_id').doUpdateSet(row))
      .execute()
    const { name, issuer, client_id: clientId, trust_address: trustAddress } = row
    return { organizationId: id, name, issuer, clientId, trustAddress }
  })
}

/** @returns whether there was one @throws DirectoryError `unknown-organization` */
export async function removeProvider(db: Executor, organization: string): Promise<boolean> {
  return change(db, async tx => {
    const { id } = await findOrganization(tx, organization)
    const gone = await tx.deleteFrom('sign_in_provider').where('organization_id', '=', id).executeTakeFirst()
    return gone.numDeletedRows > 0n
  })
}

/** @throws Error when it was sealed with another secret */
export async function providerOf(
  db: Executor,
  organizationId: string,
  sealKey: Buffer,
): Promise<Provider | null> {
  if (!isId(organizationId)) return null
  const row = await db
    .selectFrom('sign_in_provider')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .executeTakeFirst()
  if (!row) return null
  return {
    organizationId,
    name: row.name,
    issuer: row.issuer,
    clientId: row.client_id,
    clientSecret: unseal(sealKey, row.client_secret),
    trustAddress: row.trust_address,
  }
}

/** Which sign-in the people of a domain have; says nothing of who they are. */
export async function providerForDomain(
  db: Executor,
  domain: string,
): Promise<{ organizationId: string; name: string } | null> {
  const row = await db
    .selectFrom('sign_in_provider')
    .innerJoin('domain', 'domain.organization_id', 'sign_in_provider.organization_id')
    .select(['sign_in_provider.organization_id as organizationId', 'sign_in_provider.name'])
    .where('domain.name', '=', domain)
    .executeTakeFirst()
  return row ?? null
}

/** OpenID Connect Core §5.1, as far as we read them. */
export type Claims = { email?: unknown; email_verified?: unknown; preferred_username?: unknown }

/** The organization's person whom the issuer means; null: none that may be believed. */
export async function personOfClaims(
  db: Executor,
  provider: Provider,
  claims: Claims,
): Promise<Person | null> {
  const verified = claims.email_verified === true || claims.email_verified === 'true'
  // Entra leaves `email` out for people without a mailbox there; the name they sign in with is an address too.
  const text = claims.email ?? (provider.trustAddress ? claims.preferred_username : undefined)
  const address = typeof text === 'string' ? normalizeAddress(text) : null
  // What is called unverified is not trusted, whoever says it.
  const denied = claims.email_verified === false || claims.email_verified === 'false'
  if (!address || denied || (!verified && !provider.trustAddress)) return null
  const person = await db
    .selectFrom('person')
    .select(personColumns)
    .where('address', '=', address)
    .where('organization_id', '=', provider.organizationId)
    .executeTakeFirst()
  return person ?? null
}
