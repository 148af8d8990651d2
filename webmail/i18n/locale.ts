/** Which language somebody reads: their own choice, else the first of the browser's that we have. */
import type { Locale } from '@restante/core/db/schema/directory.ts'

export const locales = ['en', 'ca', 'es', 'it'] as const satisfies readonly Locale[]
/** Each language in its own name, for the choice. */
export const localeNames: Record<Locale, string> = {
  en: 'English',
  ca: 'Català',
  es: 'Español',
  it: 'Italiano',
}
/** Where the choice is kept before somebody has signed in. */
export const LOCALE_COOKIE = 'restante-locale'

export function isLocale(value: unknown): value is Locale {
  return typeof value === 'string' && (locales as readonly string[]).includes(value)
}

/** The best of an Accept-Language header (RFC 9110 §12.5.4); English when none is ours. */
export function negotiate(header: string | null): Locale {
  const wanted = (header ?? '')
    .split(',')
    .map((entry, index) => {
      const [tag = '', ...parameters] = entry.trim().toLowerCase().split(';')
      const weight = parameters.map(p => /^\s*q=([\d.]+)$/.exec(p)?.[1]).find(Boolean)
      return { language: tag.split('-')[0], weight: weight === undefined ? 1 : Number(weight), index }
    })
    .filter(entry => entry.weight > 0)
    .sort((a, b) => b.weight - a.weight || a.index - b.index)
  return wanted.map(entry => entry.language).find(isLocale) ?? 'en'
}
