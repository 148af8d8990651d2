/**
 * Words as search compares them: what is indexed and what is asked for go through here, so that they meet.
 *
 * A word is a run of letters and digits. `plain` takes case and accents away: nobody types them on a phone, and
 * half of all mail is written without.
 */

/** Characters of a word; more tells nothing apart. */
const LONGEST = 40

const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  ı: 'i',
  þ: 'th',
  ŀ: 'l',
}

/** Lower case, without accents, in the letters that they stand on. */
export function plain(text: string): string {
  return text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[ßæœøđðłıþŀ]/g, letter => LETTERS[letter] ?? letter)
}

/** Lower-case words with their accents, in their order. Catalan's l·l is one word. */
export function wordsOf(text: string): string[] {
  const words = text
    .toLowerCase()
    .normalize('NFC')
    .replace(/(?<=l)[·•](?=l)/g, '')
    .match(/[\p{L}\p{N}\p{M}]+/gu)
  return words?.map(word => (word.length > LONGEST ? word.slice(0, LONGEST).toWellFormed() : word)) ?? []
}

/** Whether it has words at all in the sense of this file: in some scripts nothing stands between them. */
export function hasSpacedWords(text: string): boolean {
  return !/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Khmer}\p{Script=Lao}]/u.test(
    text,
  )
}

export type Term = {
  /** All of them, one after the other when it is a phrase. */
  words: string[]
  /** In quotes: exactly this, lower case. Without: null. */
  phrase: string | null
  /** Its last word is only a beginning. */
  prefix: boolean
}

const MAX_TERMS = 20

/**
 * What is asked for, as RFC 8621 §4.4.1 reads it: all words, those in quotes together. The last one may still be
 * being typed, so its beginning is enough, unless a space or a quotation mark ended it; `word*` says the same of any.
 */
export function termsOf(query: string): Term[] {
  const found = [...query.matchAll(/"([^"]*)"|'([^']*)'(?=\s|$)|(\S+)/g)].slice(0, MAX_TERMS)
  return found.flatMap((match, index): Term[] => {
    const quoted = match[1] ?? match[2]
    const text = quoted ?? match[3]!.replaceAll('"', '')
    const words = wordsOf(text)
    if (words.length === 0) return []
    const last = index === found.length - 1 && match.index + match[0].length === query.length
    const phrase = quoted === undefined ? null : quoted.toLowerCase().replace(/\s+/g, ' ').trim()
    return [{ words, phrase, prefix: quoted === undefined && (last || text.endsWith('*')) }]
  })
}
