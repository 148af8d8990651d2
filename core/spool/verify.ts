/**
 * Reads the whole spool and checks every byte of it: checksums, authentication, and that each large content
 * is there and whole. Changes nothing, and may run beside everything else.
 */
import { type ScannedMessage, SpoolError, type SpoolReader } from './types.ts'

export type Damage = { segment: string; position: number; bytes: number; reason: string }
export type SegmentReport = {
  segment: string
  closed: boolean
  bytes: number
  messages: number
  notes: number
  damaged: number
}
export type VerifyReport = {
  ok: boolean
  segments: SegmentReport[]
  messages: number
  notes: number
  bytes: number
  damage: Damage[]
}

export async function verifySpool(
  reader: SpoolReader,
  options: { signal?: AbortSignal; onSegment?: (report: SegmentReport) => void } = {},
): Promise<VerifyReport> {
  const report: VerifyReport = { ok: true, segments: [], messages: 0, notes: 0, bytes: 0, damage: [] }
  for (const { name, closed, size } of await reader.segments()) {
    options.signal?.throwIfAborted()
    const segment: SegmentReport = {
      segment: name,
      closed,
      bytes: size,
      messages: 0,
      notes: 0,
      damaged: 0,
    }
    const found = (position: number, bytes: number, reason: string) => {
      segment.damaged += 1
      report.damage.push({ segment: name, position, bytes, reason })
    }
    try {
      for await (const item of reader.scan(name, 0)) {
        const { position } = item.location
        if (item.type === 'message') {
          segment.messages += 1
          const reason = item.large && (await problemOf(reader, item))
          if (reason) found(position, item.size, reason)
        } else if (item.type === 'note') segment.notes += 1
        else found(position, item.next - position, item.reason)
      }
    } catch (error) {
      if (!(error instanceof SpoolError)) throw error
      // Compacted away since we listed it: its messages stand elsewhere.
      if (error.code === 'missing') continue
      found(0, size, error.message)
    }
    report.segments.push(segment)
    report.messages += segment.messages
    report.notes += segment.notes
    report.bytes += segment.bytes
    options.onSegment?.(segment)
  }
  report.ok = report.damage.length === 0
  return report
}

async function problemOf(reader: SpoolReader, message: ScannedMessage): Promise<string | undefined> {
  try {
    const { content } = await reader.read(message.location)
    for await (const _chunk of content);
    return undefined
  } catch (error) {
    if (error instanceof SpoolError) return error.message
    throw error
  }
}
