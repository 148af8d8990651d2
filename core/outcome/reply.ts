/**
 * SMTP replies taken apart (RFC 5321 §4.2, RFC 3463). Pure, and patient with what real servers send.
 */

export type Reply = {
  code: number
  /** "5.1.1"; undefined when the reply has none, or one that contradicts its code. */
  enhanced?: string
  /** What it says beside the two, as one line of at most 500 characters. */
  text: string
}

const LINE = /^(\d{3})(?:[ -]|$)/
const ENHANCED = /^\d{3}[ -]?[\s#<]*([245])\.(\d{1,3})\.(\d{1,3})\b/

/** @returns null when it is no SMTP reply at all */
export function parseReply(raw: string): Reply | null {
  const lines = raw.split(/\r?\n/).filter(line => line.length > 0)
  const first = lines[0]
  if (first === undefined) return null
  const code = LINE.exec(first)?.[1]
  if (code === undefined || !/^[2-5]/.test(code)) return null
  const found = lines.map(line => ENHANCED.exec(line)).find(match => match !== null)
  // RFC 2034 §4: the class must match the reply's. A server that says 450 5.1.1 means 450: trying again costs
  // little, giving up costs a message.
  const enhanced =
    found && found[1] === code[0] ? `${found[1]}.${Number(found[2])}.${Number(found[3])}` : undefined
  return { code: Number(code), enhanced, text: textOf(lines, enhanced !== undefined) }
}

function textOf(lines: readonly string[], withEnhanced: boolean): string {
  const prefix = withEnhanced ? /^\d{3}[ -]?(?:[245]\.\d{1,3}\.\d{1,3}\b)?/ : /^\d{3}[ -]?/
  return clean(lines.map(line => line.replace(prefix, '')).join(' '))
}

/** One line without control characters, at most 500 characters. */
export function clean(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 500)
}
