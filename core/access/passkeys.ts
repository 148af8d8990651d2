/**
 * Passkeys (WebAuthn Level 3): a key in the person's device or its keychain, with their finger, face or PIN. Instead
 * of a password, or after one.
 *
 * A challenge counts once and for minutes; the caller keeps it with the browser, this file counts its use. The
 * browser's own check of the origin is what makes a passkey worthless on a page that only looks like ours.
 */
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import type { Db, Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import { type Person, personColumns } from '../directory/people.ts'
import { isId } from '../queue/scope.ts'
import type { Limit, Limiter } from './limits.ts'
import { settleFactor } from './second-factor.ts'

export type Passkey = { id: string; name: string; createdAt: Date; lastUsedAt: Date | null }
/** Where passkeys are for: the host of the webmail's address, and its origin. */
export type Party = { id: string; origin: string }

export const CHALLENGE_LIFE = 5 * 60_000
const CHALLENGE_USE: Limit = { name: 'passkey-challenge', limit: 1, window: 2 * CHALLENGE_LIFE }
const MOST = 10

export function partyOf(publicUrl: string): Party {
  const url = new URL(publicUrl)
  return { id: url.hostname, origin: url.origin }
}

export async function registrationOptions(
  db: Executor,
  person: Pick<Person, 'id' | 'address' | 'name'>,
  party: Party,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  return await generateRegistrationOptions({
    rpName: 'Restante',
    rpID: party.id,
    userName: person.address,
    userID: new Uint8Array(Buffer.from(person.id.replaceAll('-', ''), 'hex')),
    userDisplayName: person.name || person.address,
    timeout: CHALLENGE_LIFE,
    attestationType: 'none',
    excludeCredentials: (await credentialsOf(db, person.id)).map(one => ({
      id: one.id,
      transports: one.transports,
    })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  })
}

export type Registered = { type: 'ok'; passkey: Passkey } | { type: 'refused' | 'too-many' }

/** @param challenge as given out; it is used up by this */
export async function addPasskey(
  { db, limiter }: { db: Db; limiter: Limiter },
  personId: string,
  given: { response: RegistrationResponseJSON; challenge: string; name: string },
  party: Party,
  now: Date,
): Promise<Registered> {
  if (!(await useChallenge(limiter, given.challenge))) return { type: 'refused' }
  const verified = await verifyRegistrationResponse({
    response: given.response,
    expectedChallenge: given.challenge,
    expectedOrigin: party.origin,
    expectedRPID: party.id,
    requireUserVerification: true,
  }).catch(() => ({ verified: false as const }))
  if (!verified.verified) return { type: 'refused' }
  if ((await listPasskeys(db, personId)).length >= MOST) return { type: 'too-many' }
  const { credential } = verified.registrationInfo
  const passkey = {
    id: newId(),
    name: given.name.trim().slice(0, 100) || 'Passkey',
    createdAt: now,
    lastUsedAt: null,
  }
  const made = await db
    .insertInto('passkey')
    .values({
      id: passkey.id,
      person_id: personId,
      credential: credential.id,
      public_key: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: given.response.response.transports ?? [],
      name: passkey.name,
      created_at: now,
    })
    // A credential's id is its device's to choose: whose it is already stays theirs.
    .onConflict(conflict => conflict.column('credential').doNothing())
    .executeTakeFirst()
  return made.numInsertedOrUpdatedRows === 1n ? { type: 'ok', passkey } : { type: 'refused' }
}

/** @param personId whose passkeys will do; absent: the browser asks which it has for us */
export async function authenticationOptions(
  db: Executor,
  party: Party,
  personId?: string,
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const allowed = personId ? await credentialsOf(db, personId) : []
  return await generateAuthenticationOptions({
    rpID: party.id,
    timeout: CHALLENGE_LIFE,
    userVerification: 'required',
    ...(personId && {
      allowCredentials: allowed.map(one => ({ id: one.id, transports: one.transports })),
    }),
  })
}

/** @returns whose passkey answered; null: nobody's */
export async function verifyPasskey(
  { db, limiter }: { db: Db; limiter: Limiter },
  given: { response: AuthenticationResponseJSON; challenge: string },
  party: Party,
  now: Date,
): Promise<Person | null> {
  if (!(await useChallenge(limiter, given.challenge))) return null
  const row = await db
    .selectFrom('passkey')
    .innerJoin('person', 'person.id', 'passkey.person_id')
    .select([
      ...personColumns,
      'passkey.id as passkeyId',
      'passkey.credential',
      'passkey.public_key',
      'passkey.counter',
    ])
    .where('passkey.credential', '=', given.response.id)
    .executeTakeFirst()
  if (!row) return null
  const { passkeyId, credential, public_key, counter, ...person } = row
  const verified = await verifyAuthenticationResponse({
    response: given.response,
    expectedChallenge: given.challenge,
    expectedOrigin: party.origin,
    expectedRPID: party.id,
    credential: {
      id: credential,
      publicKey: new Uint8Array(Buffer.from(public_key, 'base64url')),
      counter,
    },
    requireUserVerification: true,
  }).catch(() => ({ verified: false as const }))
  if (!verified.verified) return null
  await db
    .updateTable('passkey')
    .set({ counter: verified.authenticationInfo.newCounter, last_used_at: now })
    .where('id', '=', passkeyId)
    .execute()
  return person
}

export async function listPasskeys(db: Executor, personId: string): Promise<Passkey[]> {
  return await db
    .selectFrom('passkey')
    .select(['id', 'name', 'created_at as createdAt', 'last_used_at as lastUsedAt'])
    .where('person_id', '=', personId)
    .orderBy('created_at')
    .execute()
}

/** Only the person's own. @returns whether there was one */
export async function removePasskey(db: Executor, personId: string, id: string): Promise<boolean> {
  if (!isId(id)) return false
  const gone = await db
    .deleteFrom('passkey')
    .where('id', '=', id)
    .where('person_id', '=', personId)
    .executeTakeFirst()
  await settleFactor(db, personId)
  return gone.numDeletedRows > 0n
}

async function credentialsOf(
  db: Executor,
  personId: string,
): Promise<{ id: string; transports: string[] }[]> {
  const rows = await db
    .selectFrom('passkey')
    .select(['credential as id', 'transports'])
    .where('person_id', '=', personId)
    .execute()
  return rows.map(row => ({ id: row.id, transports: row.transports }))
}

/** @returns whether it was its first use */
const useChallenge = async (limiter: Limiter, challenge: string) =>
  (await limiter.take(CHALLENGE_USE, challenge)).allowed
