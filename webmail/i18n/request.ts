/**
 * The language and its words for one request. The English catalogue lies under the others, so that a string
 * that is not translated yet is shown in English rather than as its key.
 */
import { cookies, headers } from 'next/headers'
import { getRequestConfig } from 'next-intl/server'
import { currentPerson } from '../server/session.ts'
import { catalogue } from './catalogue.ts'
import { isLocale, LOCALE_COOKIE, negotiate } from './locale.ts'

export default getRequestConfig(async () => {
  // Without a database the page is still in the reader's language.
  const person = await currentPerson().catch(() => null)
  const chosen = (await cookies()).get(LOCALE_COOKIE)?.value
  const locale =
    person?.locale ?? (isLocale(chosen) ? chosen : negotiate((await headers()).get('accept-language')))
  return { locale, messages: await catalogue(locale), timeZone: 'UTC' }
})
