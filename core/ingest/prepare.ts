/**
 * Reads a message from the spool and sums it up. What reading throws is about the spool, never about what
 * the message contains.
 */

import { summarize } from '../mail/summary.ts'
import type { Envelope, Location, SpoolReader } from '../spool/types.ts'
import { planAt, type Router } from './plan.ts'
import type { Prepared } from './rows.ts'

/** A message that is on stable storage, from wherever its content is at hand. */
export type Accepted = { envelope: Envelope; location: Location; size: number; content?: Buffer | undefined }

export async function prepare(
  reader: SpoolReader,
  accepted: Accepted,
  directory: Router,
  now: Date = new Date(),
): Promise<Prepared> {
  const { location, size } = accepted
  const planned = planAt(accepted.envelope, directory, now)
  if (accepted.content) {
    const shown = planned.plan.emails.length > 0 ? accepted.content : headerOf(accepted.content)
    return { location, size, summary: await summarize(shown), ...planned }
  }
  const { content } = await reader.read(location)
  try {
    return { location, size, summary: await summarize(content), ...planned }
  } finally {
    content.destroy()
  }
}

/** Of a message that no mailbox shows, its row has the subject and the id only. */
function headerOf(content: Buffer): Buffer {
  const end = content.indexOf('\r\n\r\n')
  return end < 0 ? content : content.subarray(0, end + 4)
}
