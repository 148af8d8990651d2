/** The languages, each in its own name; buttons of a form, so that they work without script. */
import type { Locale } from '@restante/core/db/schema/directory.ts'
import { getTranslations } from 'next-intl/server'
import { chooseLocale } from '../../i18n/choose.ts'
import { localeNames, locales } from '../../i18n/locale.ts'
import styles from './sign-in.module.css'

export async function Languages({ current }: { current: Locale }) {
  const t = await getTranslations('common')
  return (
    <form action={chooseLocale} className={styles.languages} aria-label={t('language')}>
      {locales.map(locale => (
        <button
          key={locale}
          type="submit"
          name="locale"
          value={locale}
          lang={locale}
          aria-current={locale === current ? 'true' : undefined}
        >
          {localeNames[locale]}
        </button>
      ))}
    </form>
  )
}
