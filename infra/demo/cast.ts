/** Who is in the demo: an example company, its people, and those who write to them. */
import type { Locale, Role } from '@restante/core/db/schema/directory.ts'

export const organization = 'Example Bakery'
export const domain = 'bakery.example'

export type Colleague = { address: string; name: string; role: Role; locale: Locale }

const colleague = (local: string, name: string, locale: Locale = 'en', role: Role = 'user'): Colleague => ({
  address: `${local}@${domain}`,
  name,
  role,
  locale,
})

/** The one who sees the story: an admin, so that the admin page is hers too. */
export const clara = colleague('clara', 'Clara Puig', 'en', 'admin')
export const people: readonly Colleague[] = [
  clara,
  colleague('tom', 'Tom Baker'),
  colleague('sofia', 'Sofia Rossi', 'it'),
  colleague('pau', 'Pau Serra', 'ca'),
  colleague('lucia', 'Lucía Vega', 'es'),
]

export const shared = {
  address: `info@${domain}`,
  name: 'Example Bakery',
  aliases: [`orders@${domain}`],
  members: [clara.address, `tom@${domain}`],
}

/** Everything that the example mail server has a mailbox for. */
export const knownAddresses: ReadonlySet<string> = new Set([
  ...people.map(person => person.address),
  shared.address,
  ...shared.aliases,
])

/** Outside writers, as they stand in From. */
export const writers = {
  mill: '"Martha Miller, Old Mill" <martha@oldmill.example>',
  millOffice: '"Old Mill, office" <office@oldmill.example>',
  cafe: '"Harbour Café" <kitchen@harbourcafe.example>',
  news: '"The Flour Post" <news@flourpost.example>',
  nikos: '"Νίκος Παππάς" <nikos@taverna.example>',
  mei: '"田中 芽衣" <mei@matsuri.example>',
  layla: '"ليلى حداد" <layla@souk.example>',
  anna: '"Anna Ferrer i Roca" <anna@fornet.example>',
  bank: '"Town Bank" <statements@townbank.example>',
  jan: 'Jan de Vries <jan@vandermeel.example>',
} as const
