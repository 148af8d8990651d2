'use server'
/** How somebody writes, by form. Each action asks itself who is there, and changes what is theirs. */
import { audit } from '@restante/core/access/audit.ts'
import { setUndoSend, UNDO_SEND } from '@restante/core/directory/undo-send.ts'
import { revalidatePath } from 'next/cache'
import { redirect } from 'next/navigation'
import { services } from '../server/services.ts'
import { currentPerson } from '../server/session.ts'

export type WritingState = { type: 'fresh' } | { type: 'done' } | { type: 'refused' }

export async function setOwnUndoSend(_previous: WritingState, form: FormData): Promise<WritingState> {
  const person = await currentPerson()
  if (!person) redirect('/sign-in?next=%2Fwriting')
  const seconds = UNDO_SEND.find(one => String(one) === form.get('seconds'))
  if (seconds === undefined) return { type: 'refused' }
  const { db, log } = await services()
  try {
    await db.transaction().execute(async tx => {
      await setUndoSend(tx, person.id, seconds)
      const { organizationId, address } = person
      await audit(tx, {
        organizationId,
        actor: address,
        action: 'person.set',
        target: address,
        detail: { undoSend: seconds },
      })
    })
  } catch (error) {
    log.error({ event: 'webmail.writing-failed', error })
    return { type: 'refused' }
  }
  revalidatePath('/writing')
  return { type: 'done' }
}
