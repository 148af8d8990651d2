'use server'
/**
 * Somebody's own access to their mailbox at their own server, by form. What is given is kept sealed; the worker tries
 * it (worker/restore/credentials.ts), and its answer is waited for here.
 */
import { audit } from '@restante/core/access/audit.ts'
import type { ImapProblem } from '@restante/core/db/schema/restore.ts'
import { DirectoryError } from '@restante/core/directory/errors.ts'
import {
  ownAccess,
  removeImapCredentials,
  setImapCredentials,
} from '@restante/core/directory/imap-credentials.ts'
import { findMailbox } from '@restante/core/directory/mailboxes.ts'
import { revalidatePath } from 'next/cache'
import { redirect } from 'next/navigation'
import { services } from '../server/services.ts'
import { currentPerson } from '../server/session.ts'

export type AccessState =
  | { type: 'fresh' }
  /** The server let us in. */
  | { type: 'good' }
  /** No answer yet. */
  | { type: 'waiting' }
  | { type: 'bad'; problem: ImapProblem | 'empty' | 'too-many' | 'unavailable' }

/** How long the form waits for the worker, in ms, and how often it looks. */
const PATIENCE = 20_000
const LOOK = 250
/** Each try is one at their server, which may lock people out who guess. */
const TRIES = { name: 'imap-credentials', limit: 10, window: 3_600_000 }

export async function giveAccess(_previous: AccessState, form: FormData): Promise<AccessState> {
  const person = await currentPerson()
  if (!person) redirect('/sign-in?next=%2Fown-server')
  const { db, sealKey, limiter, log } = await services()
  const text = (name: string, most: number) => String(form.get(name) ?? '').slice(0, most)
  const secret = text('secret', 8_192)
  if (secret === '') return { type: 'bad', problem: 'empty' }
  if (!(await limiter.take(TRIES, person.id)).allowed) return { type: 'bad', problem: 'too-many' }
  try {
    const mailbox = await findMailbox(db, person.address)
    const kind = form.get('kind') === 'refresh-token' ? ('refresh-token' as const) : ('password' as const)
    const access = await ownAccess(db, mailbox, sealKey)
    if (!access.kinds.includes(kind)) return { type: 'bad', problem: 'no-way' }
    await db.transaction().execute(async tx => {
      const given = { kind, user: text('user', 320), secret }
      await setImapCredentials(tx, person.address, given, person.address, sealKey)
      await audit(tx, {
        organizationId: person.organizationId,
        actor: person.address,
        action: 'imap-credentials.set',
        target: person.address,
        detail: { kind },
      })
    })
    const deadline = Date.now() + PATIENCE
    for (;;) {
      const { given } = await ownAccess(db, mailbox, sealKey)
      if (given?.checkedAt) {
        revalidatePath('/own-server')
        return given.problem === null ? { type: 'good' } : { type: 'bad', problem: given.problem }
      }
      if (Date.now() > deadline) return { type: 'waiting' }
      await new Promise(resolve => setTimeout(resolve, LOOK))
    }
  } catch (error) {
    if (!(error instanceof DirectoryError)) log.error({ event: 'webmail.own-server-failed', error })
    return { type: 'bad', problem: 'unavailable' }
  }
}

export async function forgetAccess(): Promise<void> {
  const person = await currentPerson()
  if (!person) redirect('/sign-in?next=%2Fown-server')
  const { db } = await services()
  await db.transaction().execute(async tx => {
    if (!(await removeImapCredentials(tx, person.address))) return
    await audit(tx, {
      organizationId: person.organizationId,
      actor: person.address,
      action: 'imap-credentials.remove',
      target: person.address,
    })
  })
  revalidatePath('/own-server')
}
