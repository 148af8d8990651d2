/** How many fields of each name a message's header has: for places that are counted from the end. */
import type { Subject } from '../types.ts'

/** Bytes; the relay takes no longer header. */
const HEADER_LIMIT = 1_048_576 + 65_536

/** @returns lower-case name → count */
export async function countFields(subject: Pick<Subject, 'bytes' | 'content'>): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const line of (await headerOf(subject)).split('\n')) {
    const name = /^([!-9;-~]+)[ \t]*:/.exec(line)?.[1]?.toLowerCase()
    if (name) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

async function headerOf({ bytes, content }: Pick<Subject, 'bytes' | 'content'>): Promise<string> {
  let text = ''
  const source: Iterable<Buffer> | AsyncIterable<Buffer> = bytes ? [bytes] : content()
  for await (const chunk of source) {
    text += chunk.toString('latin1')
    const end = /\r?\n\r?\n/.exec(text)
    if (end) return text.slice(0, end.index)
    if (text.length > HEADER_LIMIT) break
  }
  return text
}
