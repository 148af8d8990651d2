/** Tar files: POSIX (IEEE 1003.1, pax), GNU's long names, and the old form. */
import type { Archive } from './archive.ts'
import { tarSumIsRight } from './magic.ts'
import type { ByteReader } from './reader.ts'

const BLOCK = 512
/** Of a long name or a set of pax records; longer ones are skipped. */
const LONGEST_NOTE = 64 * 1024

export async function readTar(reader: ByteReader, archive: Archive): Promise<void> {
  let longName: string | undefined
  let any = false
  for (;;) {
    const block = await reader.take(BLOCK)
    if (!block) {
      if (!any || (await reader.peek(1)).length > 0) archive.say('archive-unreadable')
      return
    }
    if (block.every(octet => octet === 0)) return
    const size = sizeOf(block)
    if (size === undefined || !tarSumIsRight(block)) return archive.say('archive-unreadable')
    any = true
    const padded = Math.ceil(size / BLOCK) * BLOCK
    const type = String.fromCharCode(block[156]!)
    if (type === 'L' || type === 'x') {
      const note = size <= LONGEST_NOTE ? await reader.take(padded) : undefined
      if (note)
        longName = (type === 'L' ? text(note.subarray(0, size)) : paxPath(note.subarray(0, size))) ?? longName
      else if (!(await reader.skip(padded))) return archive.say('archive-unreadable')
      continue
    }
    const prefix = block.toString('latin1', 257, 262) === 'ustar' ? text(block.subarray(345, 500)) : ''
    const short = (prefix ? `${prefix}/` : '') + text(block.subarray(0, 100))
    const names = longName === undefined ? [short] : [longName, short]
    // The short name beside a long one is its beginning, cut anywhere.
    const judged = longName === undefined ? names : [longName]
    longName = undefined
    if ('5KgVNM'.includes(type)) {
      if (!(await reader.skip(padded))) return archive.say('archive-unreadable')
      continue
    }
    const sink = archive.open(judged)
    if (sink === 'stop') return
    if (!sink && size > 0) archive.say('archive-large')
    const complete = await reader.pass(size, sink && (chunk => sink.write(chunk)))
    await sink?.end()
    if (!complete || !(await reader.skip(padded - size))) return archive.say('archive-unreadable')
  }
}

function text(field: Buffer): string {
  const end = field.indexOf(0)
  const raw = end < 0 ? field : field.subarray(0, end)
  const utf8 = raw.toString('utf8')
  return utf8.includes('\ufffd') ? raw.toString('latin1') : utf8
}

/** Octal, or base 256 when its first bit is set; undefined when it is neither, or absurd. */
function sizeOf(block: Buffer): number | undefined {
  if (block[124]! & 0x80) {
    const high = block.readUIntBE(124, 6) & 0x7fffffff
    const low = block.readUIntBE(130, 6)
    return high === 0 && low < 2 ** 46 ? low : undefined
  }
  const digits = block.toString('latin1', 124, 136).replace(/[\0 ]/g, ' ').trim()
  if (digits === '') return 0
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined
}

/** `LENGTH path=NAME\n` among the records. */
function paxPath(records: Buffer): string | undefined {
  for (let at = 0; at < records.length; ) {
    const space = records.indexOf(0x20, at)
    if (space < 0 || space - at > 10) return undefined
    const length = Number(records.toString('latin1', at, space))
    if (!Number.isInteger(length) || length <= space - at) return undefined
    const record = records.toString('utf8', space + 1, at + length - 1)
    if (record.startsWith('path=')) return record.slice(5)
    at += length
  }
  return undefined
}
