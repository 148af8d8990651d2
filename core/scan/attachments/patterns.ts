/** Looks for sequences of octets in what goes by, also across the borders of its chunks. */

export class PatternSearch<Name extends string> {
  #left: [Name, Buffer][]
  readonly #keep: number
  #tail: Buffer = Buffer.alloc(0)
  readonly found = new Set<Name>()

  /** @param caseless ASCII letters are the same in either case; the patterns are lower-case then */
  constructor(patterns: Readonly<Record<Name, Buffer>>, options: { caseless?: boolean } = {}) {
    this.#left = Object.entries(patterns) as [Name, Buffer][]
    this.#keep = Math.max(...this.#left.map(([, pattern]) => pattern.length)) - 1
    this.#caseless = options.caseless ?? false
  }

  readonly #caseless: boolean

  push(chunk: Buffer): void {
    if (this.#left.length === 0) return
    const fresh = this.#caseless ? Buffer.from(chunk.toString('latin1').toLowerCase(), 'latin1') : chunk
    const window = this.#tail.length ? Buffer.concat([this.#tail, fresh]) : fresh
    this.#left = this.#left.filter(([name, pattern]) => {
      if (window.indexOf(pattern) < 0) return true
      this.found.add(name)
      return false
    })
    this.#tail = Buffer.from(window.subarray(Math.max(0, window.length - this.#keep)))
  }
}

const utf16 = (text: string) => Buffer.from(text, 'utf16le')

/** Names in the directory of a compound file (MS-CFB §2.6.1), and the class of an installer. */
export const COMPOUND_PATTERNS = {
  // MS-OVBA §2.3.4.1
  macro: utf16('_VBA_PROJECT\0'),
  // MS-OFFCRYPTO §2.3.4.4: an encrypted document of the newer formats
  encrypted: utf16('EncryptedPackage\0'),
  installer: Buffer.from('84100c0000000000c000000000000046', 'hex'),
}

/** What a page needs that puts a file together in the browser and offers it, past every scanner. */
export const SMUGGLING_PATTERNS = {
  url: Buffer.from('createobjecturl'),
  save: Buffer.from('mssaveoropenblob'),
  save2: Buffer.from('mssaveblob'),
  data: Buffer.from('download='),
  click: Buffer.from('.click('),
  decode: Buffer.from('atob('),
  array: Buffer.from('uint8array'),
  codes: Buffer.from('fromcharcode'),
}
export type SmugglingSign = keyof typeof SMUGGLING_PATTERNS

export function isSmuggling(found: ReadonlySet<SmugglingSign>): boolean {
  const offers = found.has('url') || found.has('save') || found.has('save2')
  const makes = found.has('decode') || found.has('array') || found.has('codes')
  return offers && makes
}
