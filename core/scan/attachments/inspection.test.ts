import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { inspect, inspectShort } from './inspection.ts'
import {
  attachment,
  inChunks,
  message,
  PROGRAM,
  rar4,
  rar5,
  SEVEN_ZIP,
  SEVEN_ZIP_ENCRYPTED,
  SEVEN_ZIP_SEALED,
  tar,
  text,
  withFile,
  zip,
} from './testing.ts'

const CHUNKS = [1 << 16, 1, 3, 17]

/** `reason detail`, the same for every way to cut the message. */
async function found(raw: Buffer, options: Parameters<typeof inspect>[1] = {}): Promise<string[]> {
  let first: string[] | undefined
  for (const size of raw.length < 8_000 ? CHUNKS : CHUNKS.slice(0, 1)) {
    const observations = await inspect(inChunks(raw, size), options)
    const lines = observations.map(one => `${one.reason} ${one.detail}`)
    first ??= lines
    expect(lines, `in chunks of ${size}`).toEqual(first)
  }
  // The look without a thread says the same, or that it can't tell.
  const short = options.limits || options.walk ? undefined : await inspectShort(raw, options)
  if (short) expect(short.map(one => `${one.reason} ${one.detail}`)).toEqual(first)
  return first!
}

const compound = (...names: string[]) =>
  Buffer.concat([
    Buffer.from('d0cf11e0a1b11ae1', 'hex'),
    Buffer.alloc(1500),
    ...names.map(name => Buffer.from(`${name}\0`, 'utf16le')),
    Buffer.alloc(300),
  ])

const document = (...more: { name: string }[]) =>
  zip([
    { name: '[Content_Types].xml', content: '<Types/>' },
    { name: 'word/document.xml', content: '<w/>' },
    ...more,
  ])

describe('what is nothing to say of', () => {
  it.each([
    ['a text', message([text])],
    [
      'a picture',
      withFile('photo.jpg', Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(2_000, 7)])),
    ],
    ['a PDF', withFile('offer.pdf', '%PDF-1.7\n...')],
    ['a document', withFile('letter.docx', document())],
    ['an old document', withFile('letter.doc', compound('WordDocument'))],
    ['a zip file', withFile('photos.zip', zip([{ name: 'a.jpg' }, { name: 'b/c.txt', content: 'x' }]))],
    [
      'one that was streamed',
      withFile(
        'a.zip',
        zip([
          { name: 'a.txt', content: 'x'.repeat(500), streamed: true },
          { name: 'b.txt', content: 'y', streamed: true, stored: true },
        ]),
      ),
    ],
    ['one with large sizes', withFile('a.zip', zip([{ name: 'a.txt', content: 'x', zip64: true }]))],
    ['an empty one', withFile('a.zip', zip([]))],
    ['a tar file', withFile('a.tar', tar([{ name: 'a.txt', content: 'x' }]))],
    ['a compressed one', withFile('a.tgz', gzipSync(tar([{ name: 'a.txt', content: 'x' }])))],
    ['a rar file', withFile('a.rar', rar4([{ name: 'a.txt', content: 'x' }]))],
    ['a newer rar file', withFile('a.rar', rar5([{ name: 'a.txt', content: 'x' }]))],
    ['a message', withFile('fwd.eml', message([text]), 'application/octet-stream')],
    ['a page', withFile('a.html', '<p>hello</p>', 'text/html')],
    [
      'a text that speaks of MZ',
      withFile('a.txt', 'MZ is the mark of a program, and has been for long: forty years by now.'),
    ],
    [
      'a text that begins like a file',
      message([
        {
          header: ['Content-Type: text/plain'],
          body: 'begin 644 the.exe\r\nis what old mail programs wrote\r\n',
        },
      ]),
    ],
    ['an empty file', withFile('empty.zip', '')],
  ])('%s', async (_, raw) => {
    expect(await found(raw)).toEqual([])
  })
})

describe('a program is found', () => {
  it.each([
    ['by its name', withFile('setup.exe', 'x'), ['dangerous-ending setup.exe']],
    ['by its content', withFile('photo.jpg', PROGRAM), ['dangerous-content photo.jpg']],
    ['once, when both say so', withFile('setup.exe', PROGRAM), ['dangerous-ending setup.exe']],
    [
      'in a zip file',
      withFile('a.zip', zip([{ name: 'b/setup.scr' }])),
      ['dangerous-ending a.zip/b/setup.scr'],
    ],
    [
      'in a zip file, by its content',
      withFile('a.zip', zip([{ name: 'x', content: PROGRAM, streamed: true }])),
      ['dangerous-content a.zip/x'],
    ],
    [
      'in a tar file',
      withFile('a.tgz', gzipSync(tar([{ name: 'x', content: PROGRAM }]))),
      ['dangerous-content a.tgz/a.tar/x'],
    ],
    [
      'compressed alone',
      withFile('setup.exe.gz', gzipSync(PROGRAM)),
      ['dangerous-ending setup.exe.gz/setup.exe'],
    ],
    ['compressed by zstd', withFile('a.zst', zstdCompressSync(PROGRAM)), ['dangerous-content a.zst/a']],
    [
      'in a rar file',
      withFile('a.rar', rar4([{ name: 'x.txt', content: 'x' }, { name: 'setup.exe' }])),
      ['dangerous-ending a.rar/setup.exe'],
    ],
    [
      'in a newer rar file',
      withFile('a.rar', rar5([{ name: 'x', content: PROGRAM, stored: true }])),
      ['dangerous-content a.rar/x'],
    ],
    ['in a 7z file', withFile('a.7z', SEVEN_ZIP), ['dangerous-ending a.7z/setup.exe']],
    [
      'in archives in archives',
      withFile(
        'a.zip',
        zip([{ name: 'b.zip', content: zip([{ name: 'c.rar', content: rar5([{ name: 'd.js' }]) }]) }]),
      ),
      ['dangerous-ending a.zip/b.zip/c.rar/d.js'],
    ],
    [
      'in a message in a message',
      message([{ header: ['Content-Type: message/rfc822'], body: withFile('setup.exe', 'x') }], 'outer'),
      ['dangerous-ending setup.exe'],
    ],
    [
      'in an encoded message',
      message([attachment('fwd.eml', withFile('setup.exe', 'x'), 'message/rfc822')]),
      ['dangerous-ending fwd.eml/setup.exe'],
    ],
    [
      'uuencoded in a text',
      message([
        {
          header: ['Content-Type: text/plain'],
          body: `Hello\r\nbegin 644 setup.exe\r\n#0V%T\r\n\`\r\nend\r\n`,
        },
      ]),
      ['dangerous-ending setup.exe'],
    ],
    [
      'after other octets in a zip file',
      withFile('a.zip', zip([{ name: 'setup.exe' }], { before: Buffer.alloc(3_000, 0x20) })),
      ['type-mismatch a.zip', 'dangerous-ending a.zip/setup.exe'],
    ],
    [
      'as a disk',
      withFile('backup.dat', Buffer.concat([Buffer.alloc(0x8001), Buffer.from('CD001'), Buffer.alloc(100)])),
      ['dangerous-content backup.dat'],
    ],
    [
      'as a shortcut',
      withFile('a.txt', '[InternetShortcut]\r\nURL=file://host/x'),
      ['dangerous-content a.txt'],
    ],
    [
      'as an installer',
      withFile('a.doc', Buffer.concat([compound(), Buffer.from('84100c0000000000c000000000000046', 'hex')])),
      ['dangerous-content a.doc'],
    ],
    [
      'by the second of two names',
      message([
        {
          header: [
            'Content-Type: text/plain; name="b.exe"',
            'Content-Disposition: attachment; filename="a.pdf"',
          ],
          body: 'x',
        },
      ]),
      ['dangerous-ending b.exe', 'conflicting-names a.pdf | b.exe'],
    ],
    [
      'by either of two encodings',
      message([
        {
          header: [
            'Content-Transfer-Encoding: 7bit',
            'Content-Transfer-Encoding: base64',
            'Content-Disposition: attachment; filename=a.txt',
          ],
          body: PROGRAM.toString('base64'),
        },
      ]),
      ['mime-ambiguous ', 'dangerous-content a.txt'],
    ],
    [
      'in winmail.dat',
      withFile('winmail.dat', tnef('setup.exe', PROGRAM)),
      ['dangerous-ending winmail.dat/setup.exe', 'dangerous-content winmail.dat/attachment'],
    ],
  ])('%s', async (_, raw, lines) => {
    expect(await found(raw)).toEqual(lines)
  })
})

/** Outlook's envelope (MS-OXTNEF), check sums left at 0. */
function tnef(title: string, content: Buffer): Buffer {
  const attribute = (id: number, value: Buffer) => {
    const head = Buffer.alloc(9)
    head[0] = 2
    head.writeUInt32LE(id, 1)
    head.writeUInt32LE(value.length, 5)
    return Buffer.concat([head, value, Buffer.alloc(2)])
  }
  return Buffer.concat([
    Buffer.from('789f3e220100', 'hex'),
    attribute(0x00018010, Buffer.from(`${title}\0`)),
    attribute(0x0006800f, content),
  ])
}

describe('an archive that nobody can look into', () => {
  it.each([
    [
      'zip with a password',
      withFile('a.zip', zip([{ name: 'b.txt', content: 'x', encrypted: true }])),
      ['archive-encrypted a.zip/b.txt'],
    ],
    [
      'zip with a password and a program',
      withFile('a.zip', zip([{ name: 'b.exe', content: 'x', encrypted: true }])),
      ['dangerous-ending a.zip/b.exe', 'archive-encrypted a.zip/b.exe'],
    ],
    [
      'rar with a password',
      withFile('a.rar', rar4([{ name: 'b.txt', content: 'x', encrypted: true }])),
      ['archive-encrypted a.rar/b.txt'],
    ],
    ['rar with hidden names', withFile('a.rar', rar4([], { headers: true })), ['archive-encrypted a.rar']],
    [
      'newer rar with a password',
      withFile('a.rar', rar5([{ name: 'b.txt', content: 'x', encrypted: true }])),
      ['archive-encrypted a.rar/b.txt'],
    ],
    [
      'newer rar with hidden names',
      withFile('a.rar', rar5([], { headers: true })),
      ['archive-encrypted a.rar'],
    ],
    ['7z with a password', withFile('a.7z', SEVEN_ZIP_ENCRYPTED), ['archive-encrypted a.7z']],
    ['7z with hidden names', withFile('a.7z', SEVEN_ZIP_SEALED), ['archive-encrypted a.7z']],
    [
      'document with a password',
      withFile('a.xlsx', compound('EncryptedPackage')),
      ['document-encrypted a.xlsx'],
    ],
    [
      'unknown method',
      withFile('a.zip', zip([{ name: 'b.txt', content: 'x', method: 98 }])),
      ['archive-unreadable a.zip/b.txt'],
    ],
    [
      'cut short',
      withFile('a.zip', zip([{ name: 'b.txt', content: 'x' }]).subarray(0, 60)),
      ['archive-unreadable a.zip'],
    ],
    ['no archive at all', withFile('a.zip', 'this is none'), ['archive-unreadable a.zip']],
    ['another kind', withFile('a.lzh', '  -lh5-'), ['archive-unreadable a.lzh']],
  ])('%s', async (_, raw, lines) => {
    expect(await found(raw)).toEqual(lines)
  })
})

describe('what gets a mark', () => {
  it.each([
    ['macros in a document', withFile('a.docx', document({ name: 'word/vbaProject.bin' })), ['macro a.docx']],
    ['a document made for macros', withFile('a.xlsm', document()), ['macro a.xlsm']],
    ['macros in an old document', withFile('a.xls', compound('_VBA_PROJECT')), ['macro a.xls']],
    ['a picture that is an archive', withFile('a.jpg', rar5([{ name: 'x' }])), ['type-mismatch a.jpg']],
    [
      'a page that makes a file',
      withFile(
        'a.html',
        `<script>var b=new Blob([new Uint8Array(x)]);a.href=URL.createObjectURL(b)</script>`,
      ),
      ['html-smuggling a.html'],
    ],
    [
      'a zip file with two names for one file',
      withFile('a.zip', zip([{ name: 'a.txt', centralName: 'b.txt' }])),
      ['archive-inconsistent a.zip'],
    ],
    [
      'a zip file with a file that its directory hides',
      withFile('a.zip', zip([{ name: 'a.txt' }, { name: 'b.txt', unlisted: true }])),
      ['archive-inconsistent a.zip'],
    ],
  ])('%s', async (_, raw, lines) => {
    expect(await found(raw)).toEqual(lines)
  })

  it('a name that only the directory says is judged', async () => {
    const raw = withFile('a.zip', zip([{ name: 'a.txt', centralName: 'a.exe' }]))
    expect(await found(raw)).toEqual(['dangerous-ending a.zip/a.exe', 'archive-inconsistent a.zip'])
  })
})

describe('limits', () => {
  const zeros = Buffer.alloc(30 * 1024 * 1024)

  it.each([
    ['a zip bomb', withFile('a.zip', zip([{ name: 'a', content: zeros }])), ['archive-bomb a.zip/a']],
    [
      'a streamed one',
      withFile('a.zip', zip([{ name: 'a', content: zeros, streamed: true }])),
      ['archive-bomb a.zip/a'],
    ],
    ['a gzip bomb', withFile('a.gz', gzipSync(zeros)), ['archive-bomb a.gz']],
    ['a zstd bomb', withFile('a.zst', zstdCompressSync(zeros)), ['archive-bomb a.zst']],
  ])('%s is stopped', async (_, raw, lines) => {
    expect(await found(raw)).toEqual(lines)
  })

  it('an archive too deep is not opened', async () => {
    let inner = zip([{ name: 'a.exe' }])
    for (const name of ['c.zip', 'b.zip', 'a.zip']) inner = zip([{ name, content: inner }])
    expect(await found(withFile('x.zip', inner))).toEqual(['archive-depth x.zip/a.zip/b.zip/c.zip'])
  })

  it('a document in archives in archives is no archive too many', async () => {
    let inner = document()
    for (const name of ['c.docx', 'b.zip', 'a.zip']) inner = zip([{ name, content: inner }])
    expect(await found(withFile('x.zip', inner))).toEqual([])
  })

  it('more names than anybody sends are a bomb, more files than are looked at are said', async () => {
    const many = withFile(
      'a.zip',
      zip(Array.from({ length: 60 }, (_, at) => ({ name: `${at}.txt`, content: 'x' }))),
    )
    expect(await found(many, { limits: { names: 40 } })).toEqual(['archive-bomb a.zip'])
    expect(await found(many, { limits: { files: 40 } })).toEqual(['archive-large a.zip'])
  })

  it('names beyond what is looked at still count', async () => {
    const files = [
      ...Array.from({ length: 20 }, (_, at) => ({ name: `${at}.txt`, content: 'x' })),
      { name: 'last.exe', content: 'x' },
    ]
    expect(await found(withFile('a.zip', zip(files)), { limits: { files: 5 } })).toContain(
      'dangerous-ending a.zip/last.exe',
    )
  })

  it('what is found of one kind is not told without end', async () => {
    const files = Array.from({ length: 500 }, (_, at) => ({ name: `${at}.exe` }))
    expect((await inspect([withFile('a.zip', zip(files))])).length).toBeLessThanOrEqual(10)
  })

  it('an ending that only one domain wants refused is told however much else there is', async () => {
    const files = [...Array.from({ length: 50 }, (_, at) => ({ name: `${at}.ods` })), { name: 'x.odt' }]
    const lines = await found(withFile('a.zip', zip(files)), { blockedEndings: ['ods', 'odt'] })
    expect(lines).toContain('blocked-ending a.zip/x.odt')
  })
})

describe('the look without a thread', () => {
  const files = (content: Buffer | string, name = 'a.pdf') => inspectShort(withFile(name, content), {})

  it('is enough for what nobody has to unpack', async () => {
    expect(await files(Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(40_000)]))).toEqual([])
    expect(await files(PROGRAM)).toMatchObject([{ reason: 'dangerous-content' }])
    expect(await files('x', 'setup.exe')).toMatchObject([{ reason: 'dangerous-ending' }])
  })

  it.each([
    ['an archive', () => withFile('a.pdf', zip([{ name: 'setup.exe', content: 'x' }]))],
    ['what may hide one', () => withFile('a.zip', Buffer.concat([Buffer.alloc(100), zip([])]))],
    ['a compressed file', () => withFile('a.txt', gzipSync('x'))],
    ['a document that may hold macros', () => withFile('a.doc', compound('x'))],
    ['a message within', () => withFile('a.eml', 'Subject: x\r\n\r\nx')],
    ['many parts', () => message(Array.from({ length: 50 }, () => text))],
    ['a long message', () => withFile('a.pdf', Buffer.alloc(200_000))],
  ])('leaves %s to a thread', async (_, make) => {
    expect(await inspectShort(make(), {})).toBeUndefined()
  })
})
