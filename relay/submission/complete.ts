/**
 * What a submission server makes right in a message before anybody else sees it (RFC 6409 §8): a missing Date, a
 * missing Message-ID. And what it looks at: whether the author is somebody that the sender may write as.
 */
import { randomBytes } from 'node:crypto'
import { asAddresses } from '@restante/core/mail/headers.ts'
import { rfc5322Date } from '../received.ts'
import { Refused, type Reply } from '../replies.ts'

/** Longer headers are refused before (policy/data.ts). */
const END = Buffer.from('\r\n\r\n')

export type Completion = {
  hostname: string
  at: Date
  /** Given the addresses in From; a reason to refuse. */
  objection: (authors: readonly string[]) => Reply | undefined
}

/** @throws Refused */
export async function* completed(
  content: AsyncIterable<Buffer>,
  { hostname, at, objection }: Completion,
): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0)
  for await (const chunk of content) {
    if (!head) {
      yield chunk
      continue
    }
    head = Buffer.concat([head, chunk])
    const end = head.subarray(0, 2).equals(END.subarray(0, 2)) ? 0 : head.indexOf(END)
    if (end < 0) continue
    yield* whole(head, end === 0 ? 0 : end + 2)
    head = null
  }
  if (head) yield* whole(head, head.length)

  function* whole(bytes: Buffer, length: number): Generator<Buffer> {
    const header = bytes.toString('utf8', 0, length).replace(/\r\n[ \t]+/g, ' ')
    const refused = objection(authorsOf(header))
    if (refused) throw new Refused(refused)
    const missing = [
      ...(/^date:/im.test(header) ? [] : [`Date: ${rfc5322Date(at)}\r\n`]),
      ...(/^message-id:/im.test(header)
        ? []
        : [`Message-ID: <${randomBytes(16).toString('hex')}@${hostname}>\r\n`]),
    ]
    if (missing.length > 0) yield Buffer.from(missing.join(''))
    yield bytes
  }
}

/** Of all From fields, so that a second one does not smuggle another author in. */
function authorsOf(header: string): string[] {
  return [...header.matchAll(/^from:(.*)$/gim)].flatMap(([, value = '']) =>
    asAddresses(value).map(({ email }) => email),
  )
}
