'use server'
/** A person's own list and daily mail, by form. Each action asks itself who is there, and for their own mailbox. */
import { audit } from '@restante/core/access/audit.ts'
import type { Executor } from '@restante/core/db/connection.ts'
import { DirectoryError } from '@restante/core/directory/errors.ts'
import { addListEntry, removeListEntry } from '@restante/core/directory/lists.ts'
import { setPerson } from '@restante/core/directory/people.ts'
import { revalidatePath } from 'next/cache'
import { redirect } from 'next/navigation'
import { services } from '../server/services.ts'
import { currentPerson, type Person } from '../server/session.ts'
import { type OwnMailbox, ownMailbox } from './own.ts'

export type FilterState =
  | { type: 'fresh' }
  | { type: 'done'; value: string }
  | { type: 'refused'; code: 'bad-list-entry' | 'list-entry-exists' | 'unavailable' }

export async function addOwnEntry(_previous: FilterState, form: FormData): Promise<FilterState> {
  const kind = form.get('kind') === 'block' ? 'block' : 'allow'
  return await act('list.add', async (tx, person, mailbox) => {
    const added = await addListEntry(tx, {
      organizationId: mailbox.organizationId,
      mailboxId: mailbox.id,
      kind,
      value: String(form.get('value') ?? '').slice(0, 320),
      createdBy: person.address,
    })
    return { target: added.value, detail: { kind, mailbox: person.address } }
  })
}

export async function removeOwnEntry(_previous: FilterState, form: FormData): Promise<FilterState> {
  return await act('list.remove', async (tx, person, mailbox) => {
    const removed = await removeListEntry(tx, {
      organizationId: mailbox.organizationId,
      mailboxId: mailbox.id,
      id: String(form.get('id') ?? '').slice(0, 40),
    })
    return { target: removed.value, detail: { kind: removed.kind, mailbox: person.address } }
  })
}

const DIGESTS = { daily: 'daily', off: 'off', organization: null } as const

export async function setOwnDigest(_previous: FilterState, form: FormData): Promise<FilterState> {
  const wish = String(form.get('digest'))
  if (!(wish in DIGESTS)) return { type: 'refused', code: 'unavailable' }
  return await act('person.set', async (tx, person) => {
    await setPerson(tx, person.address, { digest: DIGESTS[wish as keyof typeof DIGESTS] })
    return { target: person.address, detail: { digest: wish } }
  })
}

type Done = { target: string; detail: Record<string, unknown> }

async function act(
  action: string,
  work: (tx: Executor, person: Person, mailbox: OwnMailbox) => Promise<Done>,
): Promise<FilterState> {
  const person = await currentPerson()
  if (!person) redirect('/sign-in?next=%2Ffilter')
  const { db, log } = await services()
  let value: string
  try {
    value = await db.transaction().execute(async tx => {
      const mailbox = await ownMailbox(tx, person)
      if (!mailbox) throw new DirectoryError('unknown-mailbox', 'nobody has a list without a mailbox')
      const { target, detail } = await work(tx, person, mailbox)
      const { organizationId } = mailbox
      await audit(tx, { organizationId, actor: person.address, action, target, detail })
      return target
    })
  } catch (error) {
    const code = error instanceof DirectoryError ? error.code : undefined
    if (code === 'bad-list-entry' || code === 'list-entry-exists') return { type: 'refused', code }
    // Gone already, in another window perhaps: what is shown next is right.
    if (code !== 'unknown-list-entry') {
      log.error({ event: 'webmail.filter-failed', error })
      return { type: 'refused', code: 'unavailable' }
    }
    value = ''
  }
  revalidatePath('/filter')
  return { type: 'done', value }
}
