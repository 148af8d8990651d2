/**
 * Files within a text: `begin 644 name`, their lines, `end` (uuencode of IEEE 1003.1, which mail programs still
 * show as attachments). Lines are read as they come; one that is too long is no line of such a file.
 */
import type { FileSink } from './archive.ts'

const LF = 0x0a
const LONGEST = 4096
const BEGIN = /^begin(-base64)? [0-7]{3,4} (\S[\s\S]*)$/

export class UuencodeSearch {
  readonly #open: (name: string) => FileSink | undefined
  #rest: Buffer = Buffer.alloc(0)
  /** In a line that is too long to be one of a file. */
  #overlong = false
  #file: { sink: FileSink; base64: boolean } | undefined
  #begun: { name: string; base64: boolean } | undefined

  constructor(open: (name: string) => FileSink | undefined) {
    this.#open = open
  }

  async write(chunk: Buffer): Promise<void> {
    let input = this.#rest.length ? Buffer.concat([this.#rest, chunk]) : chunk
    // Between files only the lines that begin one matter.
    if (!this.#file && !this.#begun && !this.#overlong && input.indexOf('begin') < 0) {
      input = input.subarray(input.lastIndexOf(LF) + 1)
    }
    for (;;) {
      const newline = input.indexOf(LF)
      if (newline < 0) break
      if (!this.#overlong) await this.#line(input.subarray(0, newline))
      this.#overlong = false
      input = input.subarray(newline + 1)
    }
    if (input.length > LONGEST) this.#overlong = true
    this.#rest = this.#overlong ? Buffer.alloc(0) : Buffer.from(input)
  }

  async end(): Promise<void> {
    if (this.#rest.length && !this.#overlong) await this.#line(this.#rest)
    await this.#close()
  }

  async #line(bytes: Buffer): Promise<void> {
    const line = bytes.length <= LONGEST ? bytes.toString('latin1').trimEnd() : ''
    if (this.#file) {
      if (line === 'end' || line === '====' || bytes.length > LONGEST) return await this.#close()
      const data = this.#file.base64 ? Buffer.from(line, 'base64') : decodeLine(line)
      if (data) return await this.#file.sink.write(data)
      await this.#close()
    }
    if (this.#begun) {
      // A text that says "begin 644 …" is none unless what follows is of the form.
      const { name, base64 } = this.#begun
      this.#begun = undefined
      const data = base64 ? base64Line(line) : decodeLine(line)
      const sink = data && this.#open(name)
      if (sink) {
        this.#file = { sink, base64 }
        return await sink.write(data)
      }
    }
    const match = line.startsWith('begin') ? BEGIN.exec(line) : null
    if (match) this.#begun = { name: match[2]!, base64: match[1] !== undefined }
  }

  async #close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.sink.end()
  }
}

const base64Line = (line: string) =>
  /^[A-Za-z0-9+/]+=*$/.test(line) ? Buffer.from(line, 'base64') : undefined

/** The first character says how many octets the line holds; each other one is six bits above a space. */
function decodeLine(line: string): Buffer | undefined {
  if (line === '') return Buffer.alloc(0)
  const length = (line.charCodeAt(0) - 32) & 63
  const groups = Math.ceil(length / 3)
  // Trailing spaces may have been lost on the way, and some programs add a check character.
  if (line.length - 1 > groups * 4 + 2 || line.charCodeAt(0) < 32 || line.charCodeAt(0) > 96) return undefined
  const out = Buffer.alloc(groups * 3)
  const six = (at: number) => ((at < line.length ? line.charCodeAt(at) : 32) - 32) & 63
  for (let group = 0; group < groups; group++) {
    const at = 1 + group * 4
    const bits = (six(at) << 18) | (six(at + 1) << 12) | (six(at + 2) << 6) | six(at + 3)
    out.writeUIntBE(bits, group * 3, 3)
  }
  return out.subarray(0, length)
}
