/**
 * An e-mail's words as a tsvector, and a search as a tsquery over it.
 *
 * Nobody knows a message's language, so a word stands there as it is and as each of four languages' stemmers has it;
 * a search asks for any of these. The stemmers are PostgreSQL's own (Snowball), asked for each word once and then
 * remembered. Every word begins with some letters of its mailbox's id: the index then holds one mailbox's words
 * together, and a prefix is looked up among that mailbox's words only. Weights say where a word stands.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { AddressJson } from '../db/schema/mail.ts'
import { plain, type Term, wordsOf } from '../mail/words.ts'

/** Where a word stands: A subject, B senders, C those addressed, D text and names of attachments. */
export type Weight = 'A' | 'B' | 'C' | 'D'

const DICTIONARIES = ['catalan_stem', 'english_stem', 'italian_stem', 'spanish_stem'] as const
/** Words that are remembered with their stems. */
const REMEMBERED = 50_000
/** Different words of one e-mail. */
const MAX_WORDS = 3_000
/** A shorter beginning would find nearly everything. */
const LEAST_PREFIX = 2

const remembered = new Map<string, readonly string[]>()

/** A word, and its stems, all without accents. In the order of `words`. */
async function stemsOf(db: Executor, words: Iterable<string>): Promise<Map<string, readonly string[]>> {
  const result = new Map<string, readonly string[]>()
  const unknown: string[] = []
  for (const word of words) {
    const known = remembered.get(word)
    if (known) result.set(word, known)
    else unknown.push(word)
  }
  if (unknown.length > 0) {
    const { rows } = await sql<{ word: string; stems: string[] }>`
      select word, array_remove(${sql.join(
        DICTIONARIES.map(name => sql`ts_lexize(${sql.lit(name)}, word)`),
        sql` || `,
      )}, null) as stems from unnest(${unknown}::text[]) as asked (word)`.execute(db)
    for (const { word, stems } of rows) {
      const forms = [...new Set([word, ...(stems ?? [])].map(plain))]
      result.set(word, forms)
      if (remembered.size >= REMEMBERED) remembered.delete(remembered.keys().next().value!)
      remembered.set(word, forms)
    }
  }
  return result
}

/** A word and its stems, without accents. */
export async function formsOf(db: Executor, word: string): Promise<readonly string[]> {
  return (await stemsOf(db, [word])).get(word) ?? [plain(word)]
}

/** With what the words of a mailbox begin. Two mailboxes may share it: e-mails are asked for by mailbox, too. */
export const markOf = (mailboxId: string): string => mailboxId.replaceAll('-', '').slice(-6)

export type Searched = {
  id: string
  subject: string
  from_list: AddressJson[]
  sender_list: AddressJson[]
  to_list: AddressJson[]
  cc_list: AddressJson[]
  bcc_list: AddressJson[]
  /** core/mail/summary: subject, people, attachments, text. */
  search: string
}

/** The tsvectors of e-mails of one mailbox, as text, in their order. */
export async function vectorsOf(
  db: Executor,
  mailboxId: string,
  emails: readonly Searched[],
): Promise<string[]> {
  const mark = markOf(mailboxId)
  const fields = emails.map(fieldsOf)
  const all = new Set(fields.flatMap(({ subject, text }) => [...subject, ...text]))
  const stems = await stemsOf(db, all)
  return fields.map(({ subject, from, to, text }) => {
    const places = new Map<string, Set<Weight>>()
    const add = (forms: readonly string[], weight: Weight) => {
      for (const form of forms) {
        const key = form.replace(/[^\p{L}\p{N}]/gu, '')
        if (!key) continue
        const weights = places.get(key)
        if (weights) weights.add(weight)
        else if (places.size < MAX_WORDS * 2) places.set(key, new Set([weight]))
      }
    }
    for (const word of subject) add(stems.get(word) ?? [], 'A')
    for (const word of from) add([plain(word)], 'B')
    for (const word of to) add([plain(word)], 'C')
    for (const word of text) add(stems.get(word) ?? [], 'D')
    return [...places].map(([word, weights]) => `'${mark}${word}':${positions(weights)}`).join(' ')
  })
}

/** A tsvector keeps one weight a position, so each has a position of its own. */
function positions(weights: ReadonlySet<Weight>): string {
  return (['A', 'B', 'C', 'D'] as const)
    .flatMap((weight, index) => (weights.has(weight) ? `${index + 1}${weight}` : []))
    .join(',')
}

function fieldsOf(email: Searched) {
  const named = (list: readonly AddressJson[]) =>
    list.flatMap(({ name, email: address }) => wordsOf(`${name ?? ''} ${address}`))
  return {
    subject: distinct(wordsOf(email.subject)),
    from: distinct(named([...email.from_list, ...email.sender_list])),
    to: distinct(named([...email.to_list, ...email.cc_list, ...email.bcc_list])),
    text: distinct(wordsOf(textOf(email))),
  }
}

const distinct = (words: readonly string[]) => [...new Set(words)].slice(0, MAX_WORDS)

/** What core/mail/summary put behind subject and people. */
export function textOf({
  search,
  subject,
  from_list,
  to_list,
  cc_list,
}: Pick<Searched, 'search' | 'subject' | 'from_list' | 'to_list' | 'cc_list'>): string {
  const people = [...from_list, ...to_list, ...cc_list].flatMap(one => [one.name ?? '', one.email])
  const before = [subject, ...people].join(' ').replace(/\s+/g, ' ').toLowerCase().trim()
  return search.startsWith(before) ? search.slice(before.length) : search
}

/** A tsquery as text, null when it asks for nothing. `stemmed`: words of languages, not of names. */
export async function queryOf(
  db: Executor,
  mailboxId: string,
  terms: readonly Term[],
  weights: string,
  stemmed: boolean,
): Promise<string | null> {
  const mark = markOf(mailboxId)
  const stems = stemmed ? await stemsOf(db, new Set(terms.flatMap(term => term.words))) : null
  const parts = terms.flatMap(({ words, phrase, prefix }) =>
    words.map((word, index) => {
      const open = prefix && index === words.length - 1 && plain(word).length >= LEAST_PREFIX
      const forms = phrase === null && stems ? (stems.get(word) ?? [plain(word)]) : [plain(word)]
      const asked = forms.map((form, at) => lexeme(mark, form, at === 0 && open, weights)).filter(Boolean)
      return asked.length > 0 ? `(${asked.join(' | ')})` : ''
    }),
  )
  return parts.filter(Boolean).join(' & ') || null
}

function lexeme(mark: string, form: string, prefix: boolean, weights: string): string {
  const key = form.replace(/[^\p{L}\p{N}]/gu, '')
  const label = `${prefix ? '*' : ''}${weights}`
  return key ? `'${mark}${key}'${label && `:${label}`}` : ''
}
