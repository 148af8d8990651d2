/**
 * One file, looked at while its octets go by: its names at once, its content as soon as enough of it is there to
 * tell what it is. An archive's files are looked at the same way, within the limits of the whole message.
 *
 * A look holds the first KiB of its file and what its format's reader asked for, never the file.
 */
import type { FileSink } from './archive.ts'
import { readCompressed } from './compressed.ts'
import {
  CLOSED_ARCHIVE_ENDINGS,
  DOCUMENT_ENDINGS,
  HTML_ENDINGS,
  MACRO_ENDINGS,
  MESSAGE_ENDINGS,
  ZIP_ENDINGS,
} from './endings.ts'
import type { Inspection } from './inspection.ts'
import { DANGEROUS_KINDS, type Kind, SNIFF, sniff } from './magic.ts'
import { endingsOf, judgeName, shownName, shownPath } from './names.ts'
import { COMPOUND_PATTERNS, isSmuggling, PatternSearch, SMUGGLING_PATTERNS } from './patterns.ts'
import { readRar } from './rar.ts'
import { ByteReader, Pipe } from './reader.ts'
import { readSeven } from './seven.ts'
import { readTar } from './tar.ts'
import { readTnef } from './tnef.ts'
import { UuencodeSearch } from './uuencode.ts'
import { readZip, ZIP_START } from './zip.ts'

export type FileFacts = {
  /** All it is called; none for a message's text. */
  names: readonly string[]
  /** The archives and messages around it, as findings show them. */
  within: string
  /** Media type as declared; '' within an archive. */
  type: string
  /** Archives around it. */
  archives: number
  /** Compressed files right around it. */
  wraps: number
  /** MIME depth, for a message within. */
  depth: number
  /** Messages around it that had to be decoded, or were files. */
  messages: number
  /** It is a message, whatever it is called. */
  message?: boolean
  /** Something to save or open, not the text that is shown. */
  attached: boolean
}

/** What the name promises, and kinds that are honest for it. Others get a mark. */
const EXPECTED: readonly (readonly [RegExp, readonly Kind[]])[] = [
  [/^pdf$/, ['pdf']],
  [/^(png|jpe?g|gif|bmp|tiff?|webp|heic)$/, ['picture']],
  [/^(docx|xlsx|pptx|od[tsp])$/, ['zip', 'ole']],
  [/^(doc|xls|ppt)$/, ['ole', 'zip', 'rtf', 'pdf']],
  [/^zip$/, ['zip']],
  [/^rar$/, ['rar']],
  [/^7z$/, ['7z']],
  [/^(gz|tgz)$/, ['gzip']],
  [/^(txt|csv|html?)$/, ['rtf']],
]
/** Kinds that have a reader. */
const UNPACKED: ReadonlySet<Kind> = new Set(['zip', 'rar', '7z', 'tar', 'gzip', 'zstd', 'ole', 'tnef'])
const ARCHIVE_ENDING = /^(zip|rar|7z|gz|tgz|tar|zst)$/

/** ISO 9660 and UDF begin at the 17th sector: the mark, after one octet. */
const DISK_AT = 0x8001
const DISK_MARKS = new Set(['CD001', 'BEA01', 'NSR02', 'NSR03'])

export class Look implements FileSink {
  readonly #inspection: Inspection
  readonly #file: FileFacts
  readonly #shown: string
  readonly #endings: string[]
  #head: Buffer[] = []
  #headSize = 0
  #size = 0
  #decided = false
  #sinks: FileSink[] = []
  #diskMark = ''

  constructor(inspection: Inspection, file: FileFacts) {
    this.#inspection = inspection
    this.#file = file
    this.#shown = shownPath(file.within, file.names[0] ?? '') || file.type
    this.#endings = [...new Set(file.names.flatMap(endingsOf))]
    nameOnly(inspection, file.within, file.names)
  }

  async write(chunk: Buffer): Promise<void> {
    if (chunk.length === 0) return
    this.#watchDisk(chunk)
    this.#size += chunk.length
    if (this.#decided) {
      for (const sink of this.#sinks) await sink.write(chunk)
      return
    }
    // Copied: the chunk may be used again by whoever gave it.
    this.#head.push(Buffer.from(chunk))
    this.#headSize += chunk.length
    if (this.#headSize >= SNIFF) await this.#decide()
  }

  async end(): Promise<void> {
    if (!this.#decided && this.#size > 0) await this.#decide()
    for (const sink of this.#sinks) await sink.end()
    if (DISK_MARKS.has(this.#diskMark)) this.#dangerous('disk')
  }

  #watchDisk(chunk: Buffer): void {
    const from = this.#size
    if (from + chunk.length <= DISK_AT || from >= DISK_AT + 5) return
    const start = Math.max(0, DISK_AT - from)
    this.#diskMark += chunk.toString('latin1', start, Math.min(chunk.length, DISK_AT + 5 - from))
  }

  async #decide(): Promise<void> {
    this.#decided = true
    const bytes = Buffer.concat(this.#head)
    this.#head = []
    const kind = sniff(bytes.subarray(0, SNIFF))
    this.#dangerous(kind)
    this.#judgeMatch(kind)
    this.#sinks = this.#readersFor(kind)
    for (const sink of this.#sinks) await sink.write(bytes)
  }

  #dangerous(kind: Kind): void {
    const family = DANGEROUS_KINDS[kind]
    if (!family) return
    const own = this.#endings.filter(ending => family.includes(ending))
    // Its name has said it, or the domain's policy on that name does.
    if (own.length) return
    this.#inspection.say({
      reason: 'dangerous-content',
      detail: this.#shown,
      endings: [family[0]!],
    })
  }

  #judgeMatch(kind: Kind): void {
    if (kind === 'closed') {
      this.#say('archive-unreadable')
      return
    }
    const archiveByName = this.#endings.some(ending => ARCHIVE_ENDING.test(ending))
    if (kind === 'unknown') {
      // A zip file may have a beginning of its own; its search says whether there was one (#readersFor).
      if (archiveByName && !this.#endings.some(ending => ZIP_ENDINGS.has(ending)))
        this.#say('archive-unreadable')
      return
    }
    const mismatched = this.#endings.some(ending =>
      EXPECTED.some(([pattern, kinds]) => pattern.test(ending) && !kinds.includes(kind)),
    )
    if (mismatched && !DANGEROUS_KINDS[kind]) this.#say('type-mismatch')
  }

  #readersFor(kind: Kind): FileSink[] {
    const sinks: FileSink[] = []
    const { type, attached } = this.#file
    const zipByName = this.#endings.some(ending => ZIP_ENDINGS.has(ending)) || /\bzip\b|x-zip/.test(type)
    if (this.#inspection.shallow && (UNPACKED.has(kind) || zipByName || this.#isMessage())) {
      this.#inspection.isDeep = true
      return sinks
    }
    switch (kind) {
      case 'zip':
      case 'rar':
      case '7z':
      case 'tar':
        this.#addArchive(sinks, kind)
        break
      case 'gzip':
      case 'zstd':
        this.#addCompressed(sinks, kind)
        break
      case 'ole':
        sinks.push(this.#compoundSearch())
        break
      case 'tnef':
        sinks.push(reading(reader => readTnef(reader, this.#inspection.archive(this.#file, this.#shown, 0))))
        break
      case 'unknown':
      case 'program':
      case 'pdf':
      case 'picture':
      case 'rtf':
      case 'closed':
        if (zipByName) this.#addHiddenZip(sinks, kind)
        break
      default:
        break
    }
    if (kind === 'unknown' && this.#isMessage()) {
      sinks.push(
        this.#inspection.message(shownPath(this.#file.within, this.#file.names[0] ?? 'message'), this.#file),
      )
    } else if (
      kind === 'unknown' &&
      (type.startsWith('text/') || this.#endings.some(ending => /^uue?$/.test(ending)))
    ) {
      sinks.push(
        new UuencodeSearch(name =>
          this.#inspection.file({
            ...this.#file,
            names: [name],
            type: '',
            attached: true,
            within: this.#within(),
          }),
        ),
      )
    }
    const html =
      this.#endings.some(ending => HTML_ENDINGS.has(ending)) ||
      /^(text\/html|application\/xhtml\+xml|image\/svg\+xml)$/.test(type)
    if (kind === 'unknown' && attached && html) sinks.push(this.#smugglingSearch())
    return sinks
  }

  #isMessage(): boolean {
    return this.#file.message === true || this.#endings.some(ending => MESSAGE_ENDINGS.has(ending))
  }

  #within(): string {
    return this.#file.names.length ? this.#shown : this.#file.within
  }

  #addArchive(sinks: FileSink[], kind: 'zip' | 'rar' | '7z' | 'tar'): void {
    const limit = this.#inspection.budget.limits.depth
    if (this.#file.archives >= limit) {
      // A document is a zip file too, which nobody unpacks to find one more within.
      if (!this.#endings.some(ending => DOCUMENT_ENDINGS.has(ending))) this.#say('archive-depth')
      return
    }
    const archive = this.#inspection.archive(this.#file, this.#shown, 1)
    const read = { zip: readZip, rar: readRar, '7z': readSeven, tar: readTar }[kind]
    sinks.push(reading(reader => read(reader, archive)))
  }

  #addCompressed(sinks: FileSink[], kind: 'gzip' | 'zstd'): void {
    if (this.#file.wraps >= this.#inspection.budget.limits.wraps) {
      this.#say('archive-depth')
      return
    }
    const archive = this.#inspection.archive({ ...this.#file, wraps: this.#file.wraps + 1 }, this.#shown, 0)
    sinks.push(reading(reader => readCompressed(reader, kind, archive, this.#file.names)))
  }

  /** A zip file is read from its end by most programs, so anything may stand before it. */
  #addHiddenZip(sinks: FileSink[], kind: Kind): void {
    if (this.#file.archives >= this.#inspection.budget.limits.depth) return
    const archive = this.#inspection.archive(this.#file, this.#shown, 1)
    const named = this.#endings.includes('zip')
    sinks.push(
      reading(async reader => {
        const before = await reader.seek([ZIP_START])
        if (before >= 0) {
          if (kind !== 'program') this.#say('type-mismatch')
          await readZip(reader, archive)
        } else if (kind === 'unknown' && named) this.#say('archive-unreadable')
      }),
    )
  }

  #compoundSearch(): FileSink {
    const search = new PatternSearch(COMPOUND_PATTERNS)
    return {
      write: async chunk => search.push(chunk),
      end: async () => {
        if (search.found.has('encrypted')) this.#say('document-encrypted')
        if (search.found.has('macro')) this.#say('macro')
        if (search.found.has('installer')) this.#dangerous('program')
      },
    }
  }

  #smugglingSearch(): FileSink {
    const search = new PatternSearch(SMUGGLING_PATTERNS, { caseless: true })
    return {
      write: async chunk => search.push(chunk),
      end: async () => {
        if (isSmuggling(search.found)) this.#say('html-smuggling')
      },
    }
  }

  #say(
    reason:
      | 'archive-unreadable'
      | 'archive-depth'
      | 'type-mismatch'
      | 'macro'
      | 'document-encrypted'
      | 'html-smuggling',
  ): void {
    this.#inspection.say({ reason, detail: this.#shown })
  }
}

/** What a file's names say; for one whose content can't be seen, all there is. */
export function nameOnly(inspection: Inspection, within: string, names: readonly string[]): void {
  const endings = new Set<string>()
  for (const name of names) {
    const shown = shownPath(within, name)
    for (const found of judgeName(name, shown, inspection.blockedEndings)) inspection.say(found)
    const own = endingsOf(name)
    for (const ending of own) endings.add(ending)
    if (own.some(ending => MACRO_ENDINGS.has(ending)) || MACRO_PART.test(name)) {
      inspection.say({ reason: 'macro', detail: MACRO_PART.test(name) && within ? within : shown })
    }
    if (own.some(ending => CLOSED_ARCHIVE_ENDINGS.has(ending)))
      inspection.say({ reason: 'archive-unreadable', detail: shown })
  }
  // A shorter reading of the same name is no other name.
  const apart = names.filter(name => !names.some(other => other !== name && other.startsWith(name)))
  const lasts = new Set(apart.map(name => endingsOf(name).sort().join()).filter(Boolean))
  if (lasts.size > 1) {
    inspection.say({
      reason: 'conflicting-names',
      detail: shownPath(within, apart.map(shownName).join(' | ')),
    })
  }
}

/** Where documents keep macros: MS-OVBA, Excel's older macro sheets, OpenDocument's Basic. */
const MACRO_PART = /(^|\/)vbaProject\.bin$|^xl\/macrosheets\/|^Basic\/.*script-lb\.xml$/i

/** A reader of a format, fed with what is written. */
export function reading(read: (reader: ByteReader) => Promise<void>): FileSink {
  const pipe = new Pipe()
  let failure: unknown
  const done = read(new ByteReader(pipe))
    .catch(error => {
      failure = error
    })
    .finally(() => pipe.close())
  return {
    write: chunk => pipe.write(chunk),
    async end() {
      pipe.end()
      await done
      if (failure) throw failure
    },
  }
}
