/**
 * winmail.dat: what Outlook sends to those it takes for its own (MS-OXTNEF §2.1.3). The titles of its
 * attachments and their octets are files like others.
 */
import type { Archive } from './archive.ts'
import type { ByteReader } from './reader.ts'

const TITLE = 0x00018010
const DATA = 0x0006800f
const RENDERING = 0x00069002
/** MAPI properties of an attachment; its long name is among them. */
const PROPERTIES = 0x00069005
const LARGEST_NOTE = 256 * 1024

export async function readTnef(reader: ByteReader, archive: Archive): Promise<void> {
  if (!(await reader.skip(6))) return
  for (;;) {
    const head = await reader.take(9)
    if (!head) return
    const attribute = head.readUInt32LE(1)
    const length = head.readUInt32LE(5)
    if (head[0] !== 1 && head[0] !== 2) return archive.say('archive-unreadable')
    if (attribute === RENDERING || (attribute !== DATA && attribute !== TITLE && attribute !== PROPERTIES)) {
      if (!(await reader.skip(length + 2))) return archive.say('archive-unreadable')
      continue
    }
    if (attribute === DATA) {
      const sink = archive.open(['attachment'])
      if (sink === 'stop') return
      if (!sink) archive.say('archive-large')
      const complete = await reader.pass(length, sink && (chunk => sink.write(chunk)))
      await sink?.end()
      if (!complete) return archive.say('archive-unreadable')
    } else {
      const note = length <= LARGEST_NOTE ? await reader.take(length) : undefined
      if (!note && !(await reader.skip(length))) return archive.say('archive-unreadable')
      const names = note ? (attribute === TITLE ? [titleOf(note)] : longNames(note)) : []
      if (names.length && !archive.named(names)) return
    }
    if (!(await reader.skip(2))) return
  }
}

const titleOf = (note: Buffer) => note.toString('latin1').split('\0', 1)[0]!

/** PidTagAttachLongFilename and PidTagAttachFilename, found by their tags: as text or as UTF-16. */
function longNames(note: Buffer): string[] {
  const names: string[] = []
  for (const tag of [0x3707, 0x3704]) {
    for (const type of [0x001e, 0x001f]) {
      const mark = Buffer.alloc(8)
      mark.writeUInt16LE(type, 0)
      mark.writeUInt16LE(tag, 2)
      mark.writeUInt32LE(1, 4)
      const at = note.indexOf(mark)
      if (at < 0 || at + 12 > note.length) continue
      const value = note.subarray(at + 12, at + 12 + Math.min(note.readUInt32LE(at + 8), 2_048))
      const text =
        type === 0x001f ? value.subarray(0, value.length & ~1).toString('utf16le') : value.toString('latin1')
      const name = text.split('\0', 1)[0]!
      if (name) names.push(name)
    }
  }
  return names
}
