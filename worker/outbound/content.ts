/**
 * The content of a message that goes out, while things are added to it: what is short is read once and kept in
 * memory until it is sent, what is long is read anew for each look at it.
 */
import { Readable } from 'node:stream'
import type { Mail } from '../smtp/transaction.ts'

/** Longer ones are not held, in bytes: hundreds are under way at a time. */
const HELD = 256 * 1024
/** A header block longer than this is nobody's. */
const MOST_HEADER = 256 * 1024

/** @throws when the content can't be read */
export async function inMemory(mail: Mail): Promise<Mail> {
  return mail.bytes || mail.size > HELD ? mail : withBytes(mail, await wholeOf(mail))
}

/** @throws when the content can't be read */
export async function wholeOf(mail: Mail): Promise<Buffer> {
  if (mail.bytes) return mail.bytes
  const { size, content } = await mail.content()
  const chunks: Buffer[] = []
  let seen = 0
  for await (const chunk of content as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    seen += chunk.length
  }
  if (seen !== size) throw new Error(`${seen} of ${size} bytes`)
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/** The same message with another content. */
export function withBytes(mail: Mail, bytes: Buffer): Mail {
  return {
    ...mail,
    bytes,
    size: bytes.length,
    content: async () => ({ size: bytes.length, content: Readable.from([bytes]) }),
  }
}

/** @param fields whole lines with CRLF, which go first */
export function withFields(mail: Mail, fields: Buffer): Mail {
  if (mail.bytes) return withBytes(mail, Buffer.concat([fields, mail.bytes]))
  return {
    ...mail,
    size: mail.size + fields.length,
    content: async () => {
      const { size, content } = await mail.content()
      return { size: size + fields.length, content: Readable.from(following(fields, content)) }
    },
  }
}

async function* following(first: Buffer, rest: Readable): AsyncGenerator<Buffer> {
  try {
    yield first
    yield* rest
  } finally {
    rest.destroy()
  }
}

/** The header as text, its lines still folded. @throws when the content can't be read */
export async function headerOf(mail: Mail): Promise<string> {
  if (mail.bytes) {
    const end = mail.bytes.indexOf('\r\n\r\n')
    return mail.bytes.toString('utf8', 0, end < 0 ? mail.bytes.length : end)
  }
  const { content } = await mail.content()
  const parts: Buffer[] = []
  let size = 0
  try {
    for await (const part of content as AsyncIterable<Buffer>) {
      parts.push(part)
      size += part.length
      if (size > MOST_HEADER || part.includes('\r\n\r\n')) break
    }
  } finally {
    content.destroy()
  }
  return Buffer.concat(parts).toString('utf8').split('\r\n\r\n', 1)[0]!
}
