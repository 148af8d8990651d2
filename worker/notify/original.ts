/**
 * The message that a notice is about, as far as the notice needs it: its header, its fields, and all of it when it
 * is short. One that can't be read is no reason to keep silent: the notice goes without.
 */
import type { Readable } from 'node:stream'
import type { Location } from '@restante/core/spool/types.ts'
import type { Services } from '../services.ts'
import type { Header } from './automatic.ts'

/** Of the original, at most; beyond it only its headers go back. */
const MOST_CONTENT = 256 * 1024
const MOST_HEADERS = 64 * 1024

export type Original = {
  headers: Buffer
  fields: Header[]
  /** null: too long, or unreadable. */
  content: Buffer | null
}

export async function readOriginal(
  { spool, log }: Pick<Services, 'spool' | 'log'>,
  location: Location,
  id: string,
): Promise<Original> {
  let content: Readable | null = null
  const chunks: Buffer[] = []
  let length = 0
  let whole = true
  try {
    const opened = await spool.read(location)
    content = opened.content
    for await (const chunk of content) {
      chunks.push(chunk as Buffer)
      length += (chunk as Buffer).length
      if (length > MOST_CONTENT) {
        whole = false
        break
      }
    }
  } catch (error) {
    whole = false
    log.warn({ event: 'notice.original-unreadable', id, error })
  } finally {
    content?.destroy()
  }
  const bytes = Buffer.concat(chunks)
  const end = bytes.indexOf('\r\n\r\n')
  const headers = bytes.subarray(0, Math.min(end < 0 ? bytes.length : end + 2, MOST_HEADERS))
  return { headers, fields: fieldsOf(headers), content: whole ? bytes : null }
}

function fieldsOf(headers: Buffer): Header[] {
  return headers
    .toString('latin1')
    .replace(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/)
    .flatMap(line => {
      const colon = line.indexOf(':')
      return colon > 0 ? [{ name: line.slice(0, colon).trim(), value: line.slice(colon + 1) }] : []
    })
}
