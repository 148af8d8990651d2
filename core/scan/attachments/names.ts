/**
 * What a file's name says about it, as the programs that save and open it read the name.
 *
 * Windows leaves out dots and spaces at the end and all after a colon (a stream of the file), programs in C stop
 * at a NUL, and a right-to-left override makes `exe.fdp` of `pdf.exe`: every reading counts.
 */
import { DANGEROUS_ENDINGS, HARMLESS_ENDINGS } from './endings.ts'
import type { Observation } from './observations.ts'

/** Characters that turn the way a name reads (Unicode TR 36 §2.6: overrides, embeddings). */
const OVERRIDES = /[\u202a\u202b\u202d\u202e]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const INVISIBLE = /[\u0001-\u0008\u000b-\u001f\u007f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g
/** A gap that pushes the true ending out of sight. */
const GAP = /\s{5,}\.?[^\s.]*\s*$|\s{5,}\.[^.]*$/

/** Every ending that some program sees in this name, lower-case, without its dot. */
export function endingsOf(name: string): string[] {
  const endings = new Set<string>()
  for (const reading of readings(name)) {
    const ending = endingOf(reading)
    if (ending) endings.add(ending)
  }
  return [...endings]
}

function readings(name: string): string[] {
  const visible = name.replace(INVISIBLE, '')
  const all = [visible.replaceAll('\0', '')]
  const nul = visible.indexOf('\0')
  if (nul >= 0) all.push(visible.slice(0, nul))
  for (const reading of [...all]) {
    // Also a colon after one letter: C:evil.exe.
    const colon = reading.indexOf(':', 2)
    if (colon > 0) all.push(reading.slice(0, colon))
    const slash = Math.max(reading.lastIndexOf('/'), reading.lastIndexOf('\\'))
    if (slash >= 0) all.push(reading.slice(slash + 1))
  }
  // The full stops of other scripts look like one, and some programs make one of them.
  return all.map(reading => reading.normalize('NFKC').replace(/[\u3002\uff0e\uff61\u2024]/g, '.'))
}

function endingOf(reading: string): string {
  const trimmed = trim(reading)
  const dot = trimmed.lastIndexOf('.')
  return dot < 0
    ? ''
    : trimmed
        .slice(dot + 1)
        .trim()
        .toLowerCase()
        .slice(0, 24)
}

/** Windows leaves these out at the end of a name. */
function trim(text: string): string {
  let end = text.length
  while (end > 0 && '. \t\r\n"\'\u00a0'.includes(text[end - 1]!)) end--
  return text.slice(0, end)
}

/**
 * What is to be said of a file because of its name, at most one thing.
 *
 * @param shown the file as the finding names it
 * @param blocked endings that some recipient's domain doesn't want besides
 */
export function judgeName(name: string, shown: string, blocked: ReadonlySet<string>): Observation[] {
  const endings = endingsOf(name)
  const dangerous = endings.filter(ending => DANGEROUS_ENDINGS.has(ending))
  const found: Observation[] = []
  if (dangerous.length) {
    if (OVERRIDES.test(name) || name.includes('\0')) found.push({ reason: 'hidden-ending', detail: shown })
    else if (isDouble(name)) found.push({ reason: 'double-ending', detail: shown })
    else if (GAP.test(name)) found.push({ reason: 'hidden-ending', detail: shown })
    else found.push({ reason: 'dangerous-ending', detail: shown, endings: dangerous })
  } else if (/[\u202d\u202e]/.test(name) && endings.length) {
    found.push({ reason: 'hidden-ending', detail: shown })
  }
  const unwanted = endings.filter(ending => blocked.has(ending))
  if (unwanted.length) found.push({ reason: 'blocked-ending', detail: shown, endings: unwanted })
  return found
}

/** A harmless ending right before the true one: only to be read by people. */
function isDouble(name: string): boolean {
  return readings(name).some(reading => {
    const pieces = trim(reading).split('.')
    const before = pieces.at(-2)?.trim().toLowerCase() ?? ''
    return (
      pieces.length > 2 &&
      HARMLESS_ENDINGS.has(before) &&
      DANGEROUS_ENDINGS.has(pieces.at(-1)!.trim().toLowerCase())
    )
  })
}

/** A name fit for a finding: printable, without its path's tricks, short. */
export function shownName(name: string): string {
  const text = name
    .slice(0, 2_000)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is shown as a code
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd]/g, char =>
      char === '\t' ? ' ' : `<U+${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}>`,
    )
    .replace(/ {5,}/g, ' … ')
    .toWellFormed()
  return text.length <= 120 ? text : `${text.slice(0, 60)}…${text.slice(-59)}`
}

/** The file within its archives. */
export function shownPath(outer: string, name: string): string {
  const path = outer ? `${outer}/${shownName(name)}` : shownName(name)
  return path.length <= 200 ? path : `${path.slice(0, 80)}…${path.slice(-119)}`
}
