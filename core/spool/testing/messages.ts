/** Envelopes, contents and small helpers that the spool's tests share. */
import type { Envelope, Location, Scanned, SpoolReader } from '../types.ts'

export function envelope(id: string, more: Partial<Envelope> = {}): Envelope {
  return {
    id,
    kind: 'inbound',
    sender: 'marta@example.org',
    recipients: [{ address: 'nuria@example.com' }],
    receivedAt: '2026-03-01T08:00:00.000Z',
    ...more,
  }
}

/** Bytes that differ at every place, so that a shifted or swapped piece is seen. */
export function content(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length)
  let state = seed >>> 0 || 1
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** Random numbers from 0 to 1 that a seed repeats. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export async function scanAll(reader: SpoolReader): Promise<Scanned[]> {
  const found: Scanned[] = []
  for (const { name } of await reader.segments()) {
    for await (const item of reader.scan(name, 0)) found.push(item)
  }
  return found
}

/** Ids of all messages that a reader sees, and what else it saw. */
export async function inventory(reader: SpoolReader) {
  const all = await scanAll(reader)
  return {
    ids: all.flatMap(item => (item.type === 'message' ? [item.envelope.id] : [])),
    notes: all.flatMap(item => (item.type === 'note' ? [item.note] : [])),
    damage: all.flatMap(item => (item.type === 'damage' ? [item] : [])),
    places: new Map(
      all.flatMap(item => (item.type === 'message' ? [[item.envelope.id, item.location] as const] : [])),
    ),
  }
}

export async function readWhole(reader: SpoolReader, location: Location): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of (await reader.read(location)).content) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Looks again until it is so. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  what: string,
  within = 10_000,
): Promise<void> {
  const deadline = Date.now() + within
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${within} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
