/**
 * The quick look: does a short message hold nothing but text to be shown? Most do, and need neither a thread nor
 * a wait. Anything doubtful is "no", which only costs the longer look.
 */
import { MimeWalker } from '../mime/walk.ts'

/** Octets of a message that is worth trying; a longer one is no hurry. */
const LONGEST = 64 * 1024
const LIMITS = { parts: 12, depth: 6, header: 32 * 1024 }
const TEXTS = new Set(['text/plain', 'text/html'])
const ENCODINGS = new Set(['', '7bit', '8bit', 'binary', 'quoted-printable', 'base64'])

/** A file within the text (uuencode.ts), also when its first letters are encoded. */
const BEGIN = /(?:^|\n)(?:b|=62)(?:e|=65)(?:g|=67)(?:i|=69)(?:n|=6e)[ =-]/i

/** @param bytes the whole message */
export function holdsOnlyText(bytes: Buffer): boolean {
  if (bytes.length > LONGEST) return false
  const walker = new MimeWalker(LIMITS)
  let encoded = false
  for (const events of [walker.push(bytes), walker.end()]) {
    for (const event of events) {
      switch (event.type) {
        case 'open': {
          const { type, names, dispositions, encodings } = event.part
          if (!TEXTS.has(type) || names.length > 0) return false
          if (dispositions.some(disposition => disposition !== 'inline')) return false
          if (!encodings.every(encoding => ENCODINGS.has(encoding))) return false
          encoded = encodings.includes('base64')
          break
        }
        case 'data':
          if (BEGIN.test(encoded ? decoded(event.chunk) : event.chunk.toString('latin1'))) return false
          break
        case 'close':
          encoded = false
          break
        case 'named':
        case 'ambiguous':
        case 'limit':
          return false
        default:
          throw new Error(`no such event: ${event satisfies never}`)
      }
    }
  }
  return true
}

const decoded = (chunk: Buffer) => Buffer.from(chunk.toString('latin1'), 'base64').toString('latin1')
