/** Messages and archives for tests, made here octet by octet, so that they can lie where real programs don't. */
import { crc32, deflateRawSync } from 'node:zlib'

/** A program, as far as its first octets go. */
export const PROGRAM = (() => {
  const bytes = Buffer.alloc(512)
  bytes.write('MZ', 0, 'latin1')
  bytes.writeUInt32LE(0x80, 0x3c)
  bytes.write('PE\0\0', 0x80, 'latin1')
  return bytes
})()

export type TestPart = { header: string[]; body: string | Buffer }

/** A multipart/mixed message of these parts. */
export function message(parts: readonly TestPart[], boundary = 'border'): Buffer {
  const pieces: Buffer[] = [
    Buffer.from(
      `From: Rosa <rosa@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="${boundary}"\r\n\r\nA preamble.\r\n`,
    ),
  ]
  for (const { header, body } of parts) {
    pieces.push(
      Buffer.from(`--${boundary}\r\n${header.join('\r\n')}\r\n\r\n`, 'latin1'),
      Buffer.from(body),
      Buffer.from('\r\n'),
    )
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`))
  return Buffer.concat(pieces)
}

export const text: TestPart = { header: ['Content-Type: text/plain; charset=utf-8'], body: 'Good morning.' }

export function attachment(
  name: string,
  content: Buffer | string,
  type = 'application/octet-stream',
): TestPart {
  return {
    header: [
      `Content-Type: ${type}`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: attachment; filename="${Buffer.from(name).toString('latin1')}"`,
    ],
    body: base64(Buffer.from(content)),
  }
}

export const withFile = (name: string, content: Buffer | string, type?: string) =>
  message([text, attachment(name, content, type)])

const base64 = (content: Buffer) => content.toString('base64').replace(/(.{76})(?=.)/g, '$1\r\n')

export function* inChunks(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export type ZipEntry = {
  name: string
  content?: Buffer | string
  /** What the directory calls it, when that is something else. */
  centralName?: string
  stored?: boolean
  encrypted?: boolean
  /** Sizes after the content instead of before it. */
  streamed?: boolean
  method?: number
  /** Sizes in the Zip64 field. */
  zip64?: boolean
  /** Left out of the directory. */
  unlisted?: boolean
}

/** A zip file (PKWARE APPNOTE 6.3.10). */
export function zip(
  entries: readonly ZipEntry[],
  options: { before?: Buffer; noDirectory?: boolean } = {},
): Buffer {
  const pieces: Buffer[] = options.before ? [options.before] : []
  const directory: Buffer[] = []
  let at = 0
  for (const entry of entries) {
    const content = Buffer.from(entry.content ?? '')
    const data = entry.stored ? content : deflateRawSync(content)
    const method = entry.method ?? (entry.stored ? 0 : 8)
    const flags = (entry.encrypted ? 1 : 0) | (entry.streamed ? 8 : 0)
    const local = record(0x04034b50, entry, entry.name, { flags, method, content, data })
    if (!entry.unlisted) {
      directory.push(
        record(0x02014b50, entry, entry.centralName ?? entry.name, { flags, method, content, data, at }),
      )
    }
    const descriptor = entry.streamed
      ? numbers([4, 0x08074b50], [4, crc32(content)], [4, data.length], [4, content.length])
      : Buffer.alloc(0)
    pieces.push(local, data, descriptor)
    at += local.length + data.length + descriptor.length
  }
  if (options.noDirectory) return Buffer.concat(pieces)
  const size = directory.reduce((sum, piece) => sum + piece.length, 0)
  const count = directory.length
  const end = numbers(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, count & 0xffff],
    [2, count & 0xffff],
    [4, size],
    [4, at],
    [2, 0],
  )
  return Buffer.concat([...pieces, ...directory, end])
}

type Facts = { flags: number; method: number; content: Buffer; data: Buffer; at?: number }

function record(
  signature: number,
  entry: ZipEntry,
  called: string,
  { flags, method, content, data, at }: Facts,
): Buffer {
  const name = Buffer.from(called)
  const central = at !== undefined
  const hidden = entry.streamed && !central
  const sizes = entry.zip64 ? [0xffffffff, 0xffffffff] : hidden ? [0, 0] : [data.length, content.length]
  const extra = entry.zip64
    ? numbers([2, 1], [2, 16], [8, content.length], [8, data.length])
    : Buffer.alloc(0)
  const head = numbers(
    [4, signature],
    ...(central ? [[2, 20] as const] : []),
    [2, 20],
    [2, flags],
    [2, method],
    [4, 0],
    [4, hidden ? 0 : crc32(content)],
    [4, sizes[0]!],
    [4, sizes[1]!],
    [2, name.length],
    [2, extra.length],
    ...(central
      ? ([
          [2, 0],
          [2, 0],
          [2, 0],
          [4, 0],
          [4, at],
        ] as const)
      : []),
  )
  return Buffer.concat([head, name, extra])
}

/** Little-endian numbers: octets, value. */
export function numbers(...fields: readonly (readonly [size: number, value: number])[]): Buffer {
  return Buffer.concat(
    fields.map(([size, value]) => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigUInt64LE(BigInt(value))
      return bytes.subarray(0, size)
    }),
  )
}

/** A tar file (POSIX ustar). */
export function tar(files: readonly { name: string; content?: Buffer | string; type?: string }[]): Buffer {
  const blocks = files.flatMap(({ name, content = '', type = '0' }) => {
    const data = Buffer.from(content)
    const block = Buffer.alloc(512)
    block.write(name, 0, 100)
    block.write(data.length.toString(8).padStart(11, '0'), 124)
    block.write(`${type}ustar\u000000`, 156, 'latin1')
    block.write('        ', 148)
    const sum = block.reduce((total, octet) => total + octet, 0)
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
    return [block, data, Buffer.alloc((512 - (data.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

/** A rar file of the fourth format; `headers`: its headers are encrypted. */
export function rar4(
  files: readonly { name: string; content?: Buffer | string; encrypted?: boolean; stored?: boolean }[],
  options: { headers?: boolean } = {},
): Buffer {
  const block = (type: number, flags: number, rest: Buffer) => {
    const head = Buffer.concat([numbers([1, type], [2, flags], [2, 7 + rest.length]), rest])
    return Buffer.concat([numbers([2, crc32(head) & 0xffff]), head])
  }
  const pieces = [
    Buffer.from('Rar!\x1a\x07\0', 'latin1'),
    block(0x73, options.headers ? 0x80 : 0, Buffer.alloc(6)),
  ]
  for (const { name, content = '', encrypted, stored } of files) {
    const data = Buffer.from(content)
    const called = Buffer.from(name)
    const rest = Buffer.concat([
      numbers(
        [4, data.length],
        [4, data.length],
        [1, 3],
        [4, crc32(data)],
        [4, 0],
        [1, 29],
        [1, stored ? 0x30 : 0x33],
        [2, called.length],
        [4, 0o100644],
      ),
      called,
    ])
    pieces.push(block(0x74, 0x8000 | (encrypted ? 4 : 0), rest), data)
  }
  return Buffer.concat([...pieces, block(0x7b, 0x4000, Buffer.alloc(0))])
}

/** A rar file of the fifth format. */
export function rar5(
  files: readonly { name: string; content?: Buffer | string; encrypted?: boolean; stored?: boolean }[],
  options: { headers?: boolean } = {},
): Buffer {
  const block = (...fields: (number | Buffer)[]) => {
    const body = Buffer.concat(fields.map(field => (typeof field === 'number' ? vint(field) : field)))
    const sized = Buffer.concat([vint(body.length), body])
    return Buffer.concat([numbers([4, crc32(sized)]), sized])
  }
  const pieces = [Buffer.from('Rar!\x1a\x07\x01\0', 'latin1')]
  if (options.headers)
    return Buffer.concat([...pieces, block(4, 0, 0, 1, Buffer.alloc(17)), Buffer.alloc(64, 0x5a)])
  pieces.push(block(1, 0, 0))
  for (const { name, content = '', encrypted, stored } of files) {
    const data = Buffer.from(content)
    const called = Buffer.from(name)
    const extra = encrypted ? Buffer.concat([vint(36), vint(1), Buffer.alloc(35)]) : Buffer.alloc(0)
    pieces.push(
      block(
        2,
        2 | (extra.length ? 1 : 0),
        ...(extra.length ? [extra.length] : []),
        data.length,
        4,
        data.length,
        0o100644,
        numbers([4, crc32(data)]),
        stored ? 0 : 3 << 7,
        1,
        called.length,
        called,
        extra,
      ),
      data,
    )
  }
  return Buffer.concat([...pieces, block(5, 0, 0)])
}

function vint(value: number): Buffer {
  const octets: number[] = []
  let left = value
  do {
    octets.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0))
    left >>>= 7
  } while (left > 0)
  return Buffer.from(octets)
}

/** Made by 7-Zip 26: a text, a folder of texts and `setup.exe`; its directory is compressed. */
export const SEVEN_ZIP = Buffer.from(
  'N3q8ryccAARXqLF2AwEAAAAAAAAiAAAAAAAAAJl6imrgDukAN10ANBlJ7o3pT34h+cCl05tdZsy5YM7PJYEHezEJAUeE/wTWJsLF' +
    '7cxuNj5GJOq82PSTHBbmXQKaAAAAAIEzB64P0ePZhKCQoHdexUAYoWRWCYIqdFBQXG46VcAaSgcBDjoI9ariQNpaMUswPa/bR7Y6' +
    'hj8hoiaEt/e8pb1yUnEYQSOjejSnh+PKdBaZ3477PfiKJLAV8qLwr3OEQd4xQD27nCN+q9b8o7NPM4b7Yyqbmk3NcoMhHuVhnTUz' +
    'cR0/NtSedHgM/3Q+F9lLMZ6hBJGl5T2kQQqsgbpa8bMusmfQO8dKf+kOljC7UQxIEpVa87dxQFGxmmAM6eCwhQAAFwY/AQmAxAAH' +
    'CwEAASMDAQEFXQAQAAAMggoKAc+kBhYAAA==',
  'base64',
)
/** The same program's, with a password; the names are to be read. */
export const SEVEN_ZIP_ENCRYPTED = Buffer.from(
  'N3q8ryccAATg3NCCMAAAAAAAAABiAAAAAAAAALXXZQwt2CRT//jlCJhKslFPkycDwC61NoKCpOQuL5YSOIxrWPbr1/LEMmvP6Kkx' +
    'BJ8qysgBBAYAAQkwAAcLAQACJAbxBwESUw/Admhua6JpMlp+glEw0c8EISEBAAEADCqOEAAICgEMIJOtAAAFARkAEQ0AYQAuAHQA' +
    'eAB0AAAAFAoBADAFvXmfet0BFQYBACCApIEAAA==',
  'base64',
)
/** And with its names encrypted too. */
export const SEVEN_ZIP_SEALED = Buffer.from(
  'N3q8ryccAAQ8EQEXoAAAAAAAAAAuAAAAAAAAAF3aHHuoyCy7cLunx1njyZtUtRoGc//zw+k+9Lb70OYCRhlAaNgyfxvFMfZUu68A' +
    'qqqohoDzSzR3cu+KFfptI6KLix1EZBrxFIxQtn9dCNdx57NHiiX0okvXAnuL7jA/roesvzRlxojmErmojGT+Mg0zOmHLO4MiG54d' +
    'q3U4+tIBnYUxdP0UUeOEm/TATTRMl6hJUpoH4uTcPiB3ofmROBtrwtKjFwYwAQlwAAcLAQABJAbxBwESUw9NUwHr4osq0QugboXu' +
    'V85LDGIKAXcEevcAAA==',
  'base64',
)
