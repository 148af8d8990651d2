/**
 * Signatures: a person has several, and says which of them stands under messages from which address; in a shared
 * mailbox, too, each member their own. Their HTML is made safe when it is written, whoever wrote it.
 */
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import { sanitizeHtml } from '../mail/sanitize.ts'

export type Signature = { id: string; name: string; html: string; text: string }

export const MAX_SIGNATURES = 20
/** Characters. */
const MAX_NAME = 100
const MAX_LENGTH = 20_000

export class SignatureError extends Error {
  override name = 'SignatureError'
  readonly code: 'no-name' | 'too-long' | 'too-many' | 'unknown'
  constructor(code: SignatureError['code']) {
    super(code)
    this.code = code
  }
}

export async function ownSignatures(db: Executor, personId: string): Promise<Signature[]> {
  return await db
    .selectFrom('signature')
    .select(['id', 'name', 'html', 'text'])
    .where('person_id', '=', personId)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
}

/** Address → the signature under messages from it. */
export async function chosenSignatures(db: Executor, personId: string): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('signature_choice')
    .select(['address', 'signature_id'])
    .where('person_id', '=', personId)
    .execute()
  return new Map(rows.map(row => [row.address, row.signature_id]))
}

/** @param id null: a new one. @throws SignatureError */
export async function saveSignature(
  db: Executor,
  personId: string,
  id: string | null,
  given: Omit<Signature, 'id'>,
): Promise<string> {
  const name = given.name.trim().slice(0, MAX_NAME)
  if (!name) throw new SignatureError('no-name')
  if (given.html.length > MAX_LENGTH || given.text.length > MAX_LENGTH) throw new SignatureError('too-long')
  const { html } = sanitizeHtml(given.html, { remote: false })
  const values = { name, html, text: given.text.trim() }
  if (id !== null) {
    const done = await db
      .updateTable('signature')
      .set(values)
      .where('id', '=', id)
      .where('person_id', '=', personId)
      .executeTakeFirst()
    if (done.numUpdatedRows !== 1n) throw new SignatureError('unknown')
    return id
  }
  if ((await ownSignatures(db, personId)).length >= MAX_SIGNATURES) throw new SignatureError('too-many')
  const made = newId()
  await db
    .insertInto('signature')
    .values({ id: made, person_id: personId, ...values })
    .execute()
  return made
}

export async function removeSignature(db: Executor, personId: string, id: string): Promise<void> {
  await db.deleteFrom('signature').where('id', '=', id).where('person_id', '=', personId).execute()
}

/** @param id null: none. @throws SignatureError `unknown` */
export async function chooseSignature(
  db: Executor,
  personId: string,
  address: string,
  id: string | null,
): Promise<void> {
  if (id === null) {
    await db
      .deleteFrom('signature_choice')
      .where('person_id', '=', personId)
      .where('address', '=', address)
      .execute()
    return
  }
  if (!(await ownSignatures(db, personId)).some(one => one.id === id)) throw new SignatureError('unknown')
  await db
    .insertInto('signature_choice')
    .values({ person_id: personId, address, signature_id: id })
    .onConflict(conflict => conflict.columns(['person_id', 'address']).doUpdateSet({ signature_id: id }))
    .execute()
}
