/**
 * The scan of what people send, before it is appended: a compromised account must not cost its company its
 * good name. What is refused is told to its sender at once; what is set aside is accepted and waits for an admin.
 */
import { decided } from '../scan/decide.ts'
import { scannedContent, scannedStream } from '../scan/fields.ts'
import { replyTo } from '../scan/reasons.ts'
import { type Staging, stage } from '../scan/staged.ts'
import type { Scanner } from '../scan/types.ts'
import type { Content, Envelope } from '../spool/types.ts'
import { ObjectError } from './errors.ts'

export type SubmissionScan = { scanner: Scanner; staging: Staging }

export type Checked = {
  envelope: Envelope
  content: Content
  /** After the content was read. */
  close(): Promise<void>
}

/** @throws ObjectError forbiddenToSend, with the scan's reason; what `content` throws */
export async function checkSubmission(
  scan: SubmissionScan | undefined,
  envelope: Envelope,
  content: AsyncIterable<Buffer>,
): Promise<Checked> {
  if (!scan) return { envelope, content, close: async () => {} }
  const staged = await stage(content, scan.staging)
  try {
    const scanned = await scan.scanner.scan({ envelope, ...staged })
    if (scanned.answer.type !== 'accept') throw refusal(scanned.answer)
    return {
      envelope: decided(envelope, scanned),
      content: staged.bytes
        ? scannedContent(staged.bytes, '', scanned)
        : scannedStream(staged.content(), '', scanned),
      close: staged.close,
    }
  } catch (error) {
    await staged.close()
    throw error
  }
}

/** `scan` names the reason, so that a client can say it in its user's language (core/scan/reasons). */
function refusal(answer: { type: 'reject' | 'defer'; reason: string; detail?: string }): ObjectError {
  const { type, reason, detail } = answer
  return new ObjectError('forbiddenToSend', {
    description: replyTo(answer).text,
    scan: { reason, ...(detail !== undefined && { detail }), later: type === 'defer' },
  })
}
