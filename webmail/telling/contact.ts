'use server'
/** A person's own second contacts, by form. Each action asks itself who is there. */
import { audit } from '@restante/core/access/audit.ts'
import { confirmContact, removeContact, setContact } from '@restante/core/telling/contacts.ts'
import { TellingError } from '@restante/core/telling/errors.ts'
import { revalidatePath } from 'next/cache'
import { redirect } from 'next/navigation'
import { type Services, services } from '../server/services.ts'
import { currentPerson, type Person } from '../server/session.ts'

export type ContactState =
  | { type: 'fresh' }
  | { type: 'done' }
  | { type: 'refused'; code: TellingError['code'] | 'unavailable' }

export async function askContact(_previous: ContactState, form: FormData): Promise<ContactState> {
  return await act('contact.set', (person, { db, sealKey }) =>
    setContact(db, person, String(form.get('address') ?? '').slice(0, 320), sealKey, new Date()),
  )
}

export async function enterCode(_previous: ContactState, form: FormData): Promise<ContactState> {
  return await act('contact.confirm', (person, { db }) =>
    confirmContact(db, person.id, String(form.get('code') ?? '').slice(0, 40), new Date()),
  )
}

export async function forgetContact(_previous: ContactState, form: FormData): Promise<ContactState> {
  return await act('contact.remove', (person, { db }) =>
    removeContact(db, person.id, String(form.get('id') ?? '')),
  )
}

async function act(
  action: string,
  work: (person: Person, services: Services) => Promise<unknown>,
): Promise<ContactState> {
  const person = await currentPerson()
  if (!person) redirect('/sign-in?next=%2Fcontact')
  const opened = await services()
  try {
    await work(person, opened)
    await audit(opened.db, {
      organizationId: person.organizationId,
      actor: person.address,
      action,
      target: person.address,
    })
  } catch (error) {
    if (error instanceof TellingError) return { type: 'refused', code: error.code }
    opened.log.error({ event: 'webmail.contact-failed', error })
    return { type: 'refused', code: 'unavailable' }
  }
  revalidatePath('/contact')
  return { type: 'done' }
}
