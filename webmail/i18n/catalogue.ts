/** The words of each language: messages/<language>.json for everybody, messages/admin/ for the admin pages. */
import type { Locale } from '@restante/core/db/schema/directory.ts'
import adminEnglish from '../messages/admin/en.json' with { type: 'json' }
import english from '../messages/en.json' with { type: 'json' }

type Tree = { [key: string]: string | Tree }
export type Messages = typeof english & typeof adminEnglish

const load: Record<Locale, () => Promise<Tree[]>> = {
  en: async () => [],
  ca: () => both(import('../messages/ca.json'), import('../messages/admin/ca.json')),
  es: () => both(import('../messages/es.json'), import('../messages/admin/es.json')),
  it: () => both(import('../messages/it.json'), import('../messages/admin/it.json')),
}

async function both(...files: Promise<{ default: unknown }>[]): Promise<Tree[]> {
  return (await Promise.all(files)).map(file => file.default as Tree)
}

/** All words of a language; what it lacks stands in English. */
export async function catalogue(locale: Locale): Promise<Messages> {
  const own = await load[locale]()
  return own.reduce<Tree>(overlay, { ...english, ...adminEnglish }) as Messages
}

/** Without the words of the admin pages: what every page sends to the browser. */
export function withoutAdmin(messages: Messages): Partial<Messages> {
  return Object.fromEntries(Object.entries(messages).filter(([name]) => !(name in adminEnglish)))
}

/** `upper` laid over `lower`, branch by branch. */
export function overlay(lower: Tree, upper: Tree): Tree {
  const result: Tree = { ...lower }
  for (const [key, value] of Object.entries(upper)) {
    const below = result[key]
    result[key] = typeof value === 'object' && typeof below === 'object' ? overlay(below, value) : value
  }
  return result
}
