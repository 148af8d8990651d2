/**
 * The spool's segments and large contents, byte for byte as they are stored (encrypted, where the spool is).
 *
 * They are copied after the database's moment was taken, and compaction is kept out from before it: what a row
 * points at is there, and what came in later is read by ingest after the restore, like mail after a crash.
 * Segments first: a large content is durable before the record that names it.
 */
import { silentLog } from '@restante/core/observe/log.ts'
import { openWritableStore } from '@restante/core/spool/open.ts'
import type { WritableStore } from '@restante/core/spool/store.ts'
import type { ReadPart, WritePart } from './archive.ts'

const READ = 1024 * 1024

export const openStore = (url: string, writer: 'backup' | 'restore'): Promise<WritableStore> =>
  openWritableStore({ url, writer, log: silentLog })

export type Copied = { segments: number; large: number; bytes: number }

export async function copyContents(store: WritableStore, write: WritePart): Promise<Copied> {
  const copied: Copied = { segments: 0, large: 0, bytes: 0 }
  for (const { name } of await store.list()) {
    const segment = await store.open(name)
    if (!segment) continue
    try {
      await write({ type: 'segment', name }, async block => {
        for (let position = 0; position < segment.end; ) {
          const bytes = await segment.read(position, Math.min(READ, segment.end - position))
          if (bytes.length === 0) throw new Error(`segment ${name} ends at ${position}, not ${segment.end}`)
          await block(bytes)
          position += bytes.length
        }
        copied.bytes += segment.end
      })
    } finally {
      await segment.close()
    }
    copied.segments++
  }
  for (const { id } of await store.listLarge()) {
    const content = await store.readLarge(id)
    if (!content) continue
    await write({ type: 'large', id }, async block => {
      for await (const bytes of content) {
        copied.bytes += bytes.length
        await block(bytes)
      }
    })
    copied.large++
  }
  return copied
}

/** Takes one part of type `segment` or `large`; durable when it resolves. */
export async function putContent(store: WritableStore, { part, blocks }: ReadPart): Promise<void> {
  if (part.type === 'segment') {
    const sink = await store.create(part.name as string)
    for await (const bytes of blocks) await sink.commit([bytes])
    await sink.close()
    return
  }
  const sink = await store.createLarge(part.id as string)
  for await (const bytes of blocks) await sink.write(bytes)
  await sink.finish()
}
