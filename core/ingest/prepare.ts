/**
 * Reads a message from the spool and sums it up. What reading throws is about the spool, never about what
 * the message contains.
 */

import { summarize } from '../mail/summary.ts'
import type { Envelope, Location, SpoolReader } from '../spool/types.ts'
import { planMessage, type Router } from './plan.ts'
import type { Prepared } from './rows.ts'

/** A message that is on stable storage, from wherever its content is at hand. */
export type Accepted = { envelope: Envelope; location: Location; size: number; content?: Buffer | undefined }

export async function prepare(reader: SpoolReader, accepted: Accepted, directory: Router): Promise<Prepared> {
  const { envelope, location, size } = accepted
  if (accepted.content) {
    const summary = await summarize(accepted.content)
    return { envelope, location, size, summary, plan: planMessage(envelope, directory) }
  }
  const { content } = await reader.read(location)
  try {
    const summary = await summarize(content)
    return { envelope, location, size, summary, plan: planMessage(envelope, directory) }
  } finally {
    content.destroy()
  }
}
