/**
 * What a person is told about their own ways in, at their confirmed second address: a one-time code they asked for,
 * and that something was changed. Asking for a code looks the same whether or not there is anybody to send it to.
 */
import { makeCode } from '../access/codes.ts'
import { seal } from '../config/secret.ts'
import type { Db, Executor } from '../db/connection.ts'
import { normalizeAddress } from '../directory/addresses.ts'
import { waysInOf } from '../directory/ways-in.ts'
import { enqueue } from './channels.ts'
import type { SecurityEvent } from './say.ts'

/** @returns whether one is on its way; never to be shown to whoever asked */
export async function sendSignInCode(
  db: Db,
  text: string,
  keys: { codeKey: Buffer; sealKey: Buffer },
  now: Date,
): Promise<boolean> {
  const address = normalizeAddress(text)
  const row = address
    ? await db
        .selectFrom('person')
        .innerJoin('telling_channel', 'telling_channel.person_id', 'person.id')
        .select(['person.id', 'telling_channel.id as channelId'])
        .where('person.address', '=', address)
        .where('telling_channel.kind', '=', 'mail')
        .where('telling_channel.confirmed_at', 'is not', null)
        .executeTakeFirst()
    : undefined
  if (!row || !address) return false
  await db.transaction().execute(async tx => {
    const { code } = await makeCode(tx, row.id, 'sent', { by: 'owner', key: keys.codeKey, now })
    // Sealed: what lies in the database opens nothing.
    const sealed = seal(keys.sealKey, JSON.stringify({ code, address }))
    await enqueue(tx, row.channelId, 'sign-in', { type: 'sign-in', sealed }, now)
  })
  return true
}

/** Tells the person at their second address, if there is one, that something of their ways in was changed. */
export async function tellSecurity(
  db: Executor,
  personId: string,
  event: SecurityEvent,
  now: Date,
): Promise<void> {
  const channels = await db
    .selectFrom('telling_channel')
    .select('id')
    .where('person_id', '=', personId)
    .where('kind', '=', 'mail')
    .where('confirmed_at', 'is not', null)
    .execute()
  for (const { id } of channels) {
    await enqueue(db, id, 'notice', { type: 'security', event, at: now.toISOString() }, now)
  }
}

/** Tells people beforehand how they will get in. @returns how many second addresses it goes to */
export async function tellWaysIn(db: Executor, personIds: readonly string[], now: Date): Promise<number> {
  if (personIds.length === 0) return 0
  const channels = await db
    .selectFrom('telling_channel')
    .select(['id', 'person_id'])
    .where('person_id', 'in', [...personIds])
    .where('kind', '=', 'mail')
    .where('confirmed_at', 'is not', null)
    .execute()
  for (const { id, person_id } of channels) {
    if (person_id === null) continue
    await enqueue(db, id, 'notice', { type: 'ways-in', ways: await waysInOf(db, person_id) }, now)
  }
  return channels.length
}
