/** People as they are shown, and addresses as they are typed. */
import type { EmailAddress } from '../jmap/types.ts'

/** A name, or the address when there is none. */
export function displayName(person: EmailAddress): string {
  return person.name?.trim() || person.email
}

/** "Marta, Joan, +3" for a row: first names when there are several. */
export function shortNames(people: readonly EmailAddress[]): string {
  if (people.length <= 1) return people.map(displayName).join('')
  const names = people.slice(0, 3).map(person => {
    const name = person.name?.trim()
    return name ? (name.split(/[\s,]+/)[0] ?? name) : (person.email.split('@')[0] ?? person.email)
  })
  return names.join(', ') + (people.length > 3 ? `, +${people.length - 3}` : '')
}

/** One or two letters that stand for somebody. */
export function initials(person: EmailAddress): string {
  const words = displayName(person)
    .replace(/@.*/, '')
    .split(/[\s._-]+/)
    .filter(word => /^\p{L}|\p{N}/u.test(word))
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(word => [...(word ?? '')][0])
  return letters.join('').toLocaleUpperCase() || '?'
}

/** A steady hue for an address, in degrees. */
export function hue(address: string): number {
  let sum = 7
  for (const letter of address.toLowerCase()) sum = (sum * 31 + letter.charCodeAt(0)) % 3600
  return sum % 360
}

export type Typed = { people: EmailAddress[]; rest: string }

/**
 * Reads addresses as people type and paste them: `a@b.c`, `Name <a@b.c>`, `"Last, First" <a@b.c>`, separated
 * by commas, semicolons or lines. What is no address stays in `rest`.
 */
export function parseAddresses(text: string): Typed {
  const people: EmailAddress[] = []
  const rest: string[] = []
  for (const part of split(text)) {
    const person = parseAddress(part)
    if (person) people.push(person)
    else if (part.trim()) rest.push(part.trim())
  }
  return { people, rest: rest.join(', ') }
}

function split(text: string): string[] {
  const parts: string[] = []
  let part = ''
  let quoted = false
  for (const letter of text) {
    if (letter === '"') quoted = !quoted
    if (!quoted && /[,;\n\r]/.test(letter)) {
      parts.push(part)
      part = ''
    } else part += letter
  }
  return [...parts, part]
}

/** One address, or null. Not the whole of RFC 5322: what a person would write. */
export function parseAddress(text: string): EmailAddress | null {
  const trimmed = text.trim()
  const angle = /^(.*)<([^<>]+)>$/s.exec(trimmed)
  const email = (angle?.[2] ?? trimmed).trim().replace(/^mailto:/i, '')
  if (!isAddress(email)) return null
  const name = (angle?.[1] ?? '')
    .trim()
    .replace(/^"(.*)"$/s, '$1')
    .trim()
  return { name: name || null, email }
}

export function isAddress(email: string): boolean {
  return (
    email.length <= 320 &&
    /^[^\s@<>(),;:"\\[\]]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,}$/u.test(
      email,
    ) &&
    !/^\.|\.\.|\.@/.test(email)
  )
}

/** The same list without a second mention of an address. */
export function unique(people: readonly EmailAddress[]): EmailAddress[] {
  const seen = new Set<string>()
  return people.filter(person => {
    const key = person.email.toLowerCase()
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
