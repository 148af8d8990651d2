/** What tests of the scan's steps hand to them. */
import { Readable } from 'node:stream'
import { type ScanPolicyInput, scanPolicySchema } from '../../directory/scan-policy.ts'
import type { StepContext, StepName, StepOutcome, Subject } from '../types.ts'

export type Given = {
  sender?: string
  recipients?: readonly string[]
  address?: string
  helo?: string
  /** As a stream only, in chunks of so many bytes. */
  chunks?: number
}

export function subjectOf(message: string | Buffer, given: Given = {}): Subject {
  const bytes = Buffer.isBuffer(message) ? message : Buffer.from(message)
  const { sender = '', recipients = ['anna@here.test'], address = '192.0.2.1', helo = 'client.test' } = given
  return {
    envelope: {
      id: '00000000-0000-7000-8000-000000000001',
      kind: 'inbound',
      sender,
      recipients: recipients.map(one => ({ address: one })),
      receivedAt: '2026-11-22T10:00:00.000Z',
      client: { address, helo },
    },
    size: bytes.length,
    ...(given.chunks === undefined && { bytes }),
    content: () => Readable.from(cut(bytes, given.chunks ?? 65_536), { objectMode: false }),
  }
}

function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export function contextOf(
  policy: ScanPolicyInput = {},
  outcomes: Partial<Record<StepName, StepOutcome>> = {},
): StepContext {
  return {
    signal: new AbortController().signal,
    outcomeOf: step => outcomes[step],
    policyOf: () => scanPolicySchema.parse(policy),
  }
}
