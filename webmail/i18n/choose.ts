'use server'
/** Keeps somebody's choice of language: with the person when signed in, else in a cookie. */
import { revalidatePath } from 'next/cache'
import { cookies } from 'next/headers'
import { services } from '../server/services.ts'
import { currentPerson, forgetPerson } from '../server/session.ts'
import { isLocale, LOCALE_COOKIE } from './locale.ts'

export async function chooseLocale(form: FormData): Promise<void> {
  const locale = form.get('locale')
  if (!isLocale(locale)) return
  const person = await currentPerson().catch(() => null)
  if (person) {
    const { db } = await services()
    await db.updateTable('person').set({ locale }).where('id', '=', person.id).execute()
    forgetPerson(person.id)
  }
  const store = await cookies()
  store.set(LOCALE_COOKIE, locale, { sameSite: 'lax', path: '/', maxAge: 365 * 24 * 3600, httpOnly: true })
  revalidatePath('/', 'layout')
}
