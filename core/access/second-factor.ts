/**
 * The second factor: an authenticator app, recovery codes for when it is lost, or a passkey (passkeys.ts). Asked for
 * after a password or a one-time code, when the person wants it so.
 *
 * A code counts once: the step of the last one used is raised in the statement that accepts it, a recovery code is
 * struck out in it. Tries are counted for the person: whoever gets here knew the password.
 */
import { createHmac, randomInt } from 'node:crypto'
import { seal, unseal } from '../config/secret.ts'
import type { Db, Executor } from '../db/connection.ts'
import type { Limit, Limiter } from './limits.ts'
import { base32, makeSeed, stepOf } from './totp.ts'

export type FactorDeps = { db: Db; limiter: Limiter; sealKey: Buffer }
export type Tried = 'ok' | 'refused' | 'limited'

export const SECOND_TRIES: Limit = { name: 'second-factor', limit: 6, window: 15 * 60_000 }
const RECOVERY_CODES = 10
/** No letter that is taken for another. */
const ALPHABET = '23456789abcdefghjkmnpqrstvwxyz'

export type SecondFactor = {
  /** Asked for after a password. */
  on: boolean
  app: boolean
  passkeys: number
  /** Recovery codes that were not used yet. */
  recovery: number
}

export async function secondFactorOf(db: Executor, personId: string): Promise<SecondFactor> {
  const row = await db
    .selectFrom('person')
    .select(({ selectFrom, fn }) => [
      'second_factor as on',
      selectFrom('totp')
        .select(fn.countAll<number>().as('n'))
        .where('person_id', '=', personId)
        .where('confirmed_at', 'is not', null)
        .as('app'),
      selectFrom('passkey')
        .select(fn.countAll<number>().as('n'))
        .where('person_id', '=', personId)
        .as('passkeys'),
      selectFrom('recovery_code')
        .select(fn.countAll<number>().as('n'))
        .where('person_id', '=', personId)
        .where('used_at', 'is', null)
        .as('recovery'),
    ])
    .where('id', '=', personId)
    .executeTakeFirst()
  return {
    on: row?.on ?? false,
    app: Number(row?.app ?? 0) > 0,
    passkeys: Number(row?.passkeys ?? 0),
    recovery: Number(row?.recovery ?? 0),
  }
}

/** Begins to set an app up: it counts from the first right code on. @returns the seed, in base 32 to type it in */
export async function beginApp(
  db: Executor,
  personId: string,
  sealKey: Buffer,
  now: Date,
): Promise<{ seed: Buffer; secret: string }> {
  const seed = makeSeed()
  const row = {
    secret: seal(sealKey, seed.toString('base64')),
    confirmed_at: null,
    last_step: 0,
    created_at: now,
  }
  await db
    .insertInto('totp')
    .values({ person_id: personId, ...row })
    // An app that is in use is not pushed aside by one that is only being set up.
    .onConflict(conflict =>
      conflict.column('person_id').doUpdateSet(row).where('totp.confirmed_at', 'is', null),
    )
    .execute()
  return { seed, secret: base32(seed) }
}

/** The seed that is being set up, to show it again; null: none is. */
export async function pendingApp(db: Executor, personId: string, sealKey: Buffer): Promise<Buffer | null> {
  const row = await db
    .selectFrom('totp')
    .select('secret')
    .where('person_id', '=', personId)
    .where('confirmed_at', 'is', null)
    .executeTakeFirst()
  return row ? Buffer.from(unseal(sealKey, row.secret), 'base64') : null
}

/** @returns new recovery codes, shown this once; or why not */
export async function confirmApp(
  deps: FactorDeps,
  personId: string,
  code: string,
  now: Date,
): Promise<{ type: 'ok'; recovery: string[] } | { type: Exclude<Tried, 'ok'> }> {
  const tried = await useApp(deps, personId, code, now, false)
  if (tried !== 'ok') return { type: tried }
  return await deps.db.transaction().execute(async tx => {
    await tx.updateTable('totp').set({ confirmed_at: now }).where('person_id', '=', personId).execute()
    await tx.updateTable('person').set({ second_factor: true }).where('id', '=', personId).execute()
    return { type: 'ok', recovery: await newRecoveryCodes(tx, personId, deps.sealKey) }
  })
}

/** A code of the app, or a recovery code. */
export async function verifySecondFactor(
  deps: FactorDeps,
  personId: string,
  given: string,
  now: Date,
): Promise<Tried> {
  const code = given.replace(/[\s-]/g, '').toLowerCase()
  if (/^\d{6}$/.test(code)) return await useApp(deps, personId, code, now, true)
  const taken = await deps.limiter.take(SECOND_TRIES, personId)
  if (!taken.allowed) return 'limited'
  const used = await deps.db
    .updateTable('recovery_code')
    .set({ used_at: now })
    .where('person_id', '=', personId)
    .where('hash', '=', hashOf(deps.sealKey, personId, code))
    .where('used_at', 'is', null)
    .executeTakeFirst()
  if (used.numUpdatedRows === 0n) return 'refused'
  await deps.limiter.giveBack(SECOND_TRIES, personId)
  return 'ok'
}

async function useApp(
  { db, limiter, sealKey }: FactorDeps,
  personId: string,
  code: string,
  now: Date,
  confirmed: boolean,
): Promise<Tried> {
  const taken = await limiter.take(SECOND_TRIES, personId)
  if (!taken.allowed) return 'limited'
  const row = await db
    .selectFrom('totp')
    .select(['secret', 'last_step'])
    .where('person_id', '=', personId)
    .where('confirmed_at', confirmed ? 'is not' : 'is', null)
    .executeTakeFirst()
  if (!row) return 'refused'
  const step = stepOf(Buffer.from(unseal(sealKey, row.secret), 'base64'), code, now, row.last_step)
  if (step === null) return 'refused'
  // Two that come with the same code at once: one of them raises it.
  const raised = await db
    .updateTable('totp')
    .set({ last_step: step })
    .where('person_id', '=', personId)
    .where('last_step', '<', step)
    .executeTakeFirst()
  if (raised.numUpdatedRows === 0n) return 'refused'
  await limiter.giveBack(SECOND_TRIES, personId)
  return 'ok'
}

/** In place of all before. @returns them, shown this once */
export async function newRecoveryCodes(db: Executor, personId: string, sealKey: Buffer): Promise<string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, () =>
    Array.from({ length: 12 }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''),
  )
  await db.deleteFrom('recovery_code').where('person_id', '=', personId).execute()
  await db
    .insertInto('recovery_code')
    .values(
      codes.map(code => ({ person_id: personId, hash: hashOf(sealKey, personId, code), used_at: null })),
    )
    .execute()
  return codes.map(code => code.match(/.{4}/g)!.join('-'))
}

/** Asks for it or not. Without an app or a passkey it can't be asked for. @returns whether it is on now */
export async function setSecondFactor(db: Executor, personId: string, on: boolean): Promise<boolean> {
  const { app, passkeys } = await secondFactorOf(db, personId)
  const next = on && (app || passkeys > 0)
  await db.updateTable('person').set({ second_factor: next }).where('id', '=', personId).execute()
  return next
}

/** Takes the app away; without a passkey nothing is asked for after the password any more. */
export async function removeApp(db: Executor, personId: string): Promise<void> {
  await db.deleteFrom('totp').where('person_id', '=', personId).execute()
  await settleFactor(db, personId)
}

/** All of it, for somebody who has lost their phone: an admin's deed. */
export async function removeSecondFactor(db: Executor, personId: string): Promise<void> {
  await db.deleteFrom('totp').where('person_id', '=', personId).execute()
  await db.deleteFrom('passkey').where('person_id', '=', personId).execute()
  await settleFactor(db, personId)
}

/** Nothing is asked for that nobody could give. */
export async function settleFactor(db: Executor, personId: string): Promise<void> {
  const { app, passkeys } = await secondFactorOf(db, personId)
  if (app || passkeys > 0) return
  await db.updateTable('person').set({ second_factor: false }).where('id', '=', personId).execute()
  await db.deleteFrom('recovery_code').where('person_id', '=', personId).execute()
}

/** 58 bits of chance: a key that is not in the database makes guessing from a stolen one hopeless. */
const hashOf = (key: Buffer, personId: string, code: string) =>
  createHmac('sha256', key).update(`recovery ${personId} ${code}`).digest('hex')
