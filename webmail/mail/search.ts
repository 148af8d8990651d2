/**
 * What somebody types into the search field, as JMAP's filter (RFC 8621 §4.4.1). Words are looked for
 * everywhere; operators as people know them narrow it, in the languages of the interface:
 * `from:marta subject:"the order" has:attachment is:unread before:2026-11-01 -invoice`.
 */
import type { Folder, Id } from '../jmap/types.ts'

export type Filter = Record<string, unknown>

/** Each operator by its names; the accents are optional. */
const OPERATORS: Record<string, string> = {
  ...named('from', 'from de da'),
  ...named('to', 'to para per a'),
  ...named('cc', 'cc'),
  ...named('subject', 'subject asunto assumpte oggetto'),
  ...named('in', 'in en dins cartella carpeta folder'),
  ...named('is', 'is es e'),
  ...named('has', 'has te tiene ha'),
  ...named('before', 'before abans antes prima'),
  ...named('after', 'after despres despues dopo'),
  ...named('larger', 'larger mes-gran mas-grande piu-grande'),
  ...named('smaller', 'smaller mes-petit mas-pequeno piu-piccolo'),
}
const VALUES: Record<string, string> = {
  ...named('unread', 'unread no-llegit no-leido non-letto'),
  ...named('read', 'read llegit leido letto'),
  ...named('starred', 'starred flagged destacat destacado speciale'),
  ...named('answered', 'answered respost respondido risposto'),
  ...named('attachment', 'attachment attachments adjunt adjunts adjunto adjuntos allegato allegati'),
}

function named(meaning: string, names: string): Record<string, string> {
  return Object.fromEntries(names.split(' ').map(name => [name, meaning]))
}

/** @param folders for `in:`, with the name that the reader knows them by */
export function parseSearch(
  text: string,
  folders: readonly Pick<Folder, 'id' | 'role' | 'name'>[],
  nameOf: (folder: Pick<Folder, 'role' | 'name'>) => string,
): Filter {
  const conditions: Filter[] = []
  const words: string[] = []
  for (const match of text.matchAll(/(-?)(?:([\p{L}-]+):)?("[^"]*"|[^\s"]+)/gu)) {
    const [whole, minus, name = '', value = ''] = match
    const bare = value.replace(/"/g, '').trim()
    const operator = OPERATORS[plain(name)]
    const condition = operator && bare ? conditionOf(operator, bare, folders, nameOf) : null
    if (condition) conditions.push(minus ? { operator: 'NOT', conditions: [condition] } : condition)
    else if (minus && bare) conditions.push({ operator: 'NOT', conditions: [{ text: value }] })
    else if (whole.trim()) words.push(name ? `"${whole.replace(/"/g, '')}"` : value)
  }
  if (words.length > 0) conditions.unshift({ text: words.join(' ') })
  return conditions.length === 1 && conditions[0] ? conditions[0] : { operator: 'AND', conditions }
}

function conditionOf(
  operator: string,
  value: string,
  folders: readonly Pick<Folder, 'id' | 'role' | 'name'>[],
  nameOf: (folder: Pick<Folder, 'role' | 'name'>) => string,
): Filter | null {
  switch (operator) {
    case 'from':
    case 'to':
    case 'cc':
    case 'subject':
      return { [operator]: value }
    case 'in': {
      const wanted = plain(value)
      const folder = folders.find(
        one => one.role === wanted || plain(one.name) === wanted || plain(nameOf(one)) === wanted,
      )
      return folder ? { inMailbox: folder.id satisfies Id } : null
    }
    case 'is':
      return STATES[VALUES[plain(value)] ?? ''] ?? null
    case 'has':
      return VALUES[plain(value)] === 'attachment' ? { hasAttachment: true } : null
    case 'before':
    case 'after': {
      const at = dayOf(value)
      return at === null ? null : { [operator]: at }
    }
    case 'larger':
    case 'smaller': {
      const size = sizeOf(value)
      return size === null ? null : { [operator === 'larger' ? 'minSize' : 'maxSize']: size }
    }
    default:
      return null
  }
}

const STATES: Record<string, Filter> = {
  unread: { notKeyword: '$seen' },
  read: { hasKeyword: '$seen' },
  starred: { hasKeyword: '$flagged' },
  answered: { hasKeyword: '$answered' },
}

const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

/** The begin of a day where the reader is: 2026-11-05, or 5/11/2026 as it is written in Europe. */
function dayOf(text: string): string | null {
  const iso = /^(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2}))?$/.exec(text)
  const european = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/.exec(text)
  const [year, month, day] = iso
    ? [iso[1], iso[2], iso[3] ?? '1']
    : european
      ? [european[3], european[2], european[1]]
      : []
  if (!year || !month || !day) return null
  const date = new Date(Number(year), Number(month) - 1, Number(day))
  return Number.isNaN(date.getTime()) || date.getMonth() !== Number(month) - 1 ? null : date.toISOString()
}

/** 500k, 5M, 5MB: in octets. */
function sizeOf(text: string): number | null {
  const match = /^(\d+(?:[.,]\d+)?)\s*([km]?)b?$/i.exec(text)
  if (!match?.[1]) return null
  const unit = { k: 1_000, m: 1_000_000 }[match[2]?.toLowerCase() ?? ''] ?? 1
  return Math.round(Number(match[1].replace(',', '.')) * unit)
}

/**
 * A snippet's text (RFC 8621 §5) in runs: what was found is marked. The server escaped everything but its own
 * `<mark>`; nothing of it is ever put into the page as HTML.
 */
export function markedRuns(snippet: string): { text: string; found: boolean }[] {
  return snippet
    .split(/(<mark>.*?<\/mark>)/s)
    .filter(Boolean)
    .map(part => {
      const found = /^<mark>(.*)<\/mark>$/s.exec(part)
      return { text: unescapeHtml(found?.[1] ?? part), found: found !== null }
    })
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

function unescapeHtml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? '')
}
