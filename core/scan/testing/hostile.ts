/**
 * Contents that are made to cost: time, memory, or the reader's wits. Each is a message of the wire (RFC 5322),
 * made in pieces, so that the large ones are never whole.
 *
 * `signed` puts a signature of `SIGNER` on top that looks like one to be verified, because what nobody signed costs
 * sender authentication nothing.
 */
import { zip } from '../attachments/testing.ts'

export type Hostile = { name: string; content(): Iterable<Buffer> }

export const SIGNER = 'signer.test'
const MIB = 1_048_576

const signature = (names: string, more = '') =>
  `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=${SIGNER}; s=s1;${more}\r\n` +
  ` h=${names}; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=c2lnbmVk\r\n`
const signed = (names = 'from:to:subject:date') => signature(names)

const address = (from = 'Mallory <mallory@strict.test>') =>
  `From: ${from}\r\nTo: anna@here.test\r\nSubject: Hello\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n`
const body = '\r\nHello Anna.\r\n'

/** The same text again and again, in pieces of 64 KiB or more. */
function* times(text: string, count: number): Generator<Buffer> {
  const each = Math.max(1, Math.ceil(65_536 / text.length))
  const piece = Buffer.from(text.repeat(Math.min(each, count)), 'latin1')
  for (let left = count; left > 0; left -= each)
    yield left >= each ? piece : piece.subarray(0, left * text.length)
}

function* pieces(...parts: readonly (string | Buffer | Iterable<Buffer>)[]): Generator<Buffer> {
  for (const part of parts) {
    if (typeof part === 'string') yield Buffer.from(part, 'latin1')
    else if (Buffer.isBuffer(part)) yield part
    else yield* part
  }
}

const range = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n))
const multipart = (boundary: string) =>
  `${signed()}${address()}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n`

/** A message with one file, in base64. */
const withFile = (name: string, content: Buffer, type = 'application/octet-stream') =>
  pieces(
    multipart('b'),
    `--b\r\nContent-Type: ${type}; name="${name}"\r\nContent-Transfer-Encoding: base64\r\n`,
    `Content-Disposition: attachment; filename="${name}"\r\n\r\n`,
    content.toString('base64').replace(/.{76}/g, '$&\r\n'),
    '\r\n--b--\r\n',
  )

/** winmail.dat (MS-OXTNEF) of attributes that all name a file. */
const tnef = (count: number) =>
  Buffer.concat([
    Buffer.from([0x78, 0x9f, 0x3e, 0x22, 1, 0]),
    ...range(count, n => {
      const title = Buffer.from(`file-${n}.txt\0`)
      const head = Buffer.alloc(9)
      head[0] = 2
      head.writeUInt32LE(0x00018010, 1)
      head.writeUInt32LE(title.length, 5)
      return Buffer.concat([head, title, Buffer.alloc(2)])
    }),
  ])

const arcSet = (i: number) =>
  `ARC-Seal: i=${i}; a=rsa-sha256; cv=${i === 1 ? 'none' : 'pass'}; d=${SIGNER}; s=s1; b=c2VhbGVk\r\n` +
  `ARC-Message-Signature: i=${i}; a=rsa-sha256; c=relaxed/relaxed; d=${SIGNER}; s=s1; h=from:to:subject;\r\n bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=c2lnbmVk\r\n` +
  `ARC-Authentication-Results: i=${i}; mx.${SIGNER}; dmarc=pass header.from=strict.test\r\n`

const nonsense = (length: number) =>
  Buffer.from(
    range(length, n => (n * 7_919 + (n >> 5) * 104_729) % 251).map(octet =>
      octet === 10 || octet === 13 || octet === 0 ? 32 : octet,
    ),
  )

const header: Hostile[] = [
  ['1 MiB of header in one field', () => [signed(), address(), 'X-Long: ', times('x', MIB - 1_000), '\r\n']],
  [
    '1 MiB of header in 20,000 fields',
    () => [signed(), address(), times(`X-Many: ${'y'.repeat(40)}\r\n`, 19_900)],
  ],
  [
    '1 MiB of header in 20,000 fields, all of them signed',
    () => [
      signed(`from${':x-many'.repeat(1_000)}`),
      address(),
      times(`X-Many: ${'y'.repeat(40)}\r\n`, 19_900),
    ],
  ],
  ['100,000 Received fields', () => [signed(), times('Received: by x; \r\n', 100_000), address()]],
  [
    'one field of 20,000 lines',
    () => [signed('from:x-folded'), address(), 'X-Folded: x\r\n', times(' y\r\n', 19_900)],
  ],
  [
    '10,000 fields of two lines',
    () => [signed('from:x-folded'), address(), times('X-Folded: x\r\n y\r\n', 10_000)],
  ],
  ['20,000 lines without a colon', () => [signed(), address(), times(`${'n'.repeat(48)}\r\n`, 19_900)]],
  [
    'names that begin on one line and end on the next',
    () => [signed(), address(), times('X-Split\r\n : x\r\n', 10_000)],
  ],
  [
    '1 MiB of addresses in From',
    () => [signed(), address(), 'From: ', times('"Mal, lory" <m@strict.test>,\r\n ', 34_000), 'x@y.test\r\n'],
  ],
  [
    '16 From fields of 64 KiB',
    () => [
      signed(),
      ...range(16, n => [`From: `, times(`(a(b)) <m${n}@strict${n}.test>, `, 2_300), '\r\n']).flat(),
    ],
  ],
  [
    '1 MiB of encoded words',
    () => [
      signed(),
      'Subject: ',
      times('=?utf-8?B?w6TDtsO8w6TDtsO8?=\r\n =?x-none?Q?=C3=A4?=\r\n ', 19_000),
      '\r\n',
      address(),
    ],
  ],
  [
    'encoded words that never end',
    () => [signed(), 'Subject: ', times('=?utf-8?Q?', 100_000), '\r\n', address()],
  ],
  ['a signature of 1 MiB of names', () => [signed(`from${':a'.repeat(500_000)}`), address()]],
  [
    'a signature of 300,000 tags',
    () => [signature('from', 'a=b;'.repeat(150_000) + 'x;'.repeat(150_000)), address()],
  ],
  [
    '5,000 signatures',
    () => [range(5_000, n => signature('from:to:subject', ` l=${n};`)).join(''), address()],
  ],
  [
    'ten signatures of all names over 400 fields',
    () => [
      signature(`from${':x-many'.repeat(1_100)}`).repeat(10),
      address(),
      times(`X-Many: ${'y'.repeat(20)}\r\n`, 380),
    ],
  ],
  ['50 sets of ARC', () => [range(50, n => arcSet(50 - n)).join(''), address()]],
  ['2,000 sets of ARC', () => [range(2_000, n => arcSet(2_000 - n)).join(''), address()]],
  [
    '20,000 results of others',
    () => [times('Authentication-Results: mx.other.test; none\r\n', 19_900), address()],
  ],
  [
    'results whose author is far away',
    () => [
      `Authentication-Results: ${'('.repeat(300_000)}\r\n`,
      `Authentication-Results:${' '.repeat(300_000)}x\r\n`,
      `Authentication-Results: "${'\\"'.repeat(150_000)}\r\n`,
      address(),
    ],
  ],
  ['a header that never ends', () => [signed(), address(), times('X: y\r\n', 350_000)]],
].map(([name, parts]) => ({
  name: name as string,
  content: () => pieces(...(parts as () => (string | Iterable<Buffer>)[])(), body),
}))

const structure: Hostile[] = [
  {
    name: 'broken MIME',
    content: () =>
      pieces(
        `${signed()}${address()}Content-Type: multipart/mixed; boundary="a"; boundary=b\r\nContent-Type: text/plain\r\n`,
        'Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: x-none\r\nContent-Disposition attachment\r\n\r\n',
        '--b\r\nContent-Type: multipart/alternative; boundary=\r\n--a\r\n--b--\r\n--a\r\nContent-Type\r\n\r\n\0\xff\xfe\r\n--a',
        times('\r\n--b\r\nContent-Type: message/rfc822\r\n--a--\r\n', 3_000),
      ),
  },
  {
    name: '10,000 parts',
    content: () => pieces(multipart('b'), times('--b\r\n\r\nx\r\n', 10_000), '--b--\r\n'),
  },
  {
    name: '10,000 files',
    content: () =>
      pieces(
        multipart('b'),
        times('--b\r\nContent-Disposition: attachment; filename="a.pdf.exe"\r\n\r\nx\r\n', 10_000),
        '--b--\r\n',
      ),
  },
  {
    name: 'messages nested 100 deep',
    content: () =>
      pieces(signed(), address(), times('Content-Type: message/rfc822\r\n\r\nSubject: x\r\n', 100), body),
  },
  {
    name: 'multiparts nested 1,000 deep',
    content: () =>
      pieces(
        `${signed()}${address()}`,
        range(1_000, n => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`).join(''),
        body,
      ),
  },
  {
    name: 'a boundary and 100,000 lines that are almost it',
    content: () =>
      pieces(multipart('bbbb'), times('--bbb\r\n--bbbx\r\n--bbbb \t x\r\n---bbbb\r\n', 25_000), '--bbbb--'),
  },
  {
    name: 'parts with a boundary each',
    content: () =>
      pieces(
        multipart('b'),
        range(
          1_000,
          n =>
            `--b\r\nContent-Type: multipart/mixed; boundary="${'c'.repeat(190)}${n}"\r\n\r\n--${'c'.repeat(190)}${n - 1}\r\n`,
        ).join(''),
      ),
  },
  {
    name: 'a name in 10,000 pieces',
    content: () =>
      pieces(
        multipart('b'),
        "--b\r\nContent-Type: text/plain;\r\n name*0*=utf-7'x'%",
        range(10_000, n => `;\r\n name*${n}*="%41\\"${n}"`).join(''),
        '\r\n\r\nx\r\n--b--\r\n',
      ),
  },
  {
    name: 'charset nonsense',
    content: () =>
      pieces(
        `${signed()}From: =?x-none?B?////?= <mallory@strict.test>\r\nSubject: \xff\xfe =?utf-16?Q?=D8=00?= =?utf-7?Q?+AAA?=\r\n`,
        'Content-Type: multipart/mixed; boundary=b\r\n\r\n',
        range(
          200,
          n =>
            `--b\r\nContent-Type: text/html; charset="${['utf-32', 'x\0y', 'iso-2022-kr', 'ibm-1'][n % 4]}"\r\n\r\n\x1b$)C\x0e\xff\xfe<p>\xd8\x00\r\n`,
        ).join(''),
        nonsense(200_000),
      ),
  },
  {
    name: 'base64 that is none',
    content: () =>
      pieces(
        multipart('b'),
        '--b\r\nContent-Transfer-Encoding: base64\r\n\r\n',
        times('=A=!====\u00e9-_Zg==\r\n', 200_000),
      ),
  },
  {
    name: 'quoted-printable that is none',
    content: () =>
      pieces(
        multipart('b'),
        '--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n',
        times('==3=\r\n=ZZ=0=\t \r\n', 200_000),
      ),
  },
  {
    name: '20,000 uuencoded files',
    content: () =>
      pieces(signed(), address(), '\r\n', times('begin 644 a.exe\r\n#0V%T\r\n`\r\nend\r\n', 20_000)),
  },
]

const zeros = (mib: number) => Buffer.alloc(mib * MIB)
const files: Hostile[] = [
  { name: 'a zip bomb', content: () => withFile('bomb.zip', zip([{ name: 'zeros', content: zeros(64) }])) },
  {
    name: 'zip bombs within zips',
    content: () => {
      const inner = zip([{ name: 'zeros', content: zeros(16) }])
      return withFile(
        'bombs.zip',
        zip(range(20, n => ({ name: `${n}.zip`, content: zip([{ name: 'a.zip', content: inner }]) }))),
      )
    },
  },
  {
    name: 'a zip of 12,000 names',
    content: () => withFile('names.zip', zip(range(12_000, n => ({ name: `${n}.txt` })))),
  },
  {
    name: 'a winmail.dat of 20,000 titles',
    content: () => withFile('winmail.dat', tnef(20_000), 'application/ms-tnef'),
  },
]

const large: Hostile[] = [
  {
    name: '50 MiB in a file of base64',
    content: () =>
      pieces(
        multipart('b'),
        '--b\r\nContent-Type: image/jpeg; name=a.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n',
        times(`${'QUJD'.repeat(19)}\r\n`, (50 * MIB) / 78),
        '--b--\r\n',
      ),
  },
  {
    name: '4 MiB under ten signatures',
    content: () =>
      pieces(
        range(10, n => signature('from:subject', n % 2 ? ` l=${4 * MIB - n};` : ` l=${n}000000;`)).join(''),
        address(),
        '\r\n',
        times('\r\na \t b\r\n', (4 * MIB) / 9),
      ),
  },
  { name: '50 MiB in one line', content: () => pieces(signed(), address(), '\r\n', times('x', 50 * MIB)) },
  {
    name: '10 MiB of empty lines',
    content: () => pieces(signed(), address(), '\r\n', times('\r\n', 5 * MIB)),
  },
]

export const HOSTILE: readonly Hostile[] = [...header, ...structure, ...files, ...large]
