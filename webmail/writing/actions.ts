'use server'
/** How somebody writes, by form. Each action asks itself who is there, and changes what is theirs. */
import { audit } from '@restante/core/access/audit.ts'
import { accountsOf } from '@restante/core/access/permissions.ts'
import {
  chooseSignature,
  removeSignature,
  SignatureError,
  saveSignature,
} from '@restante/core/access/signatures.ts'
import type { Executor } from '@restante/core/db/connection.ts'
import { setUndoSend, UNDO_SEND } from '@restante/core/directory/undo-send.ts'
import { isUuid } from '@restante/core/jmap/arguments.ts'
import { revalidatePath } from 'next/cache'
import { redirect } from 'next/navigation'
import { services } from '../server/services.ts'
import { currentPerson, type Person } from '../server/session.ts'

export type WritingState =
  | { type: 'fresh' }
  | { type: 'done' }
  | { type: 'refused'; code: 'no-name' | 'too-long' | 'too-many' | 'unavailable' }

export async function setOwnUndoSend(_previous: WritingState, form: FormData): Promise<WritingState> {
  const seconds = UNDO_SEND.find(one => String(one) === form.get('seconds'))
  if (seconds === undefined) return { type: 'refused', code: 'unavailable' }
  return await act({ undoSend: seconds }, (tx, person) => setUndoSend(tx, person.id, seconds))
}

export async function saveOwnSignature(_previous: WritingState, form: FormData): Promise<WritingState> {
  const text = (name: string) => String(form.get(name) ?? '')
  const id = text('id')
  if (id && !isUuid(id)) return { type: 'refused', code: 'unavailable' }
  const given = { name: text('name'), html: text('html'), text: text('text') }
  return await act({ signature: given.name.slice(0, 100) }, async (tx, person) => {
    await saveSignature(tx, person.id, id || null, given)
  })
}

export async function removeOwnSignature(_previous: WritingState, form: FormData): Promise<WritingState> {
  const id = String(form.get('id') ?? '')
  if (!isUuid(id)) return { type: 'refused', code: 'unavailable' }
  return await act({ signatureRemoved: id }, (tx, person) => removeSignature(tx, person.id, id))
}

/** Which signature stands under messages from which of one's addresses. */
export async function chooseOwnSignatures(_previous: WritingState, form: FormData): Promise<WritingState> {
  return await act({ signaturesChosen: true }, async (tx, person) => {
    const addresses = (await accountsOf(tx, person)).flatMap(account => account.addresses)
    for (const address of new Set(addresses)) {
      const id = form.get(address)
      if (id === null) continue
      await chooseSignature(tx, person.id, address, isUuid(String(id)) ? String(id) : null)
    }
  })
}

async function act(
  detail: Record<string, unknown>,
  work: (tx: Executor, person: Person) => Promise<void>,
): Promise<WritingState> {
  const person = await currentPerson()
  if (!person) redirect('/sign-in?next=%2Fwriting')
  const { db, log } = await services()
  try {
    await db.transaction().execute(async tx => {
      await work(tx, person)
      const { organizationId, address } = person
      await audit(tx, { organizationId, actor: address, action: 'person.set', target: address, detail })
    })
  } catch (error) {
    if (error instanceof SignatureError && error.code !== 'unknown') {
      return { type: 'refused', code: error.code }
    }
    log.error({ event: 'webmail.writing-failed', error })
    return { type: 'refused', code: 'unavailable' }
  }
  revalidatePath('/writing')
  return { type: 'done' }
}
