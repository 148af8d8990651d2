/**
 * HTML whose octets mean one thing to who cleans it and another to who shows it: a charset that is named wrongly,
 * not at all, or twice; octets that swallow a quotation mark; and transfer encodings that hide what they carry.
 */
import iconv from 'iconv-lite'
import { type Wires, wiresOf } from './vector.ts'

export type EncodedCase = {
  id: number
  family: string
  name: string
  /** The part's Content-Type, as it stands in its header. */
  type: string
  encoding: string
  /** As it stands in the message. */
  octets: Buffer
}

type Encoded = { name: string; type: string; encoding?: string; octets(wires: Wires): Buffer }

const HTML = 'text/html; charset='
const hurt = ({ run }: Wires) => `<img src=x onerror=${run}>`
const latin = (text: string) => Buffer.from(text, 'latin1')

/** RFC 2152: everything in the encoded form. */
const seven = (text: string) => `+${iconv.encode(text, 'utf-16be').toString('base64').replace(/=+$/, '')}-`

const named: Encoded[] = [
  ...['utf-7', 'UTF-7-IMAP', 'unicode-1-1-utf-7', 'csUnicode11UTF7', 'utf-8', 'us-ascii', 'iso-8859-1'].map(
    charset => ({
      name: `UTF-7 that is called ${charset}`,
      type: HTML + charset,
      octets: (w: Wires) => latin(`<p>x</p>${seven(hurt(w))}`),
    }),
  ),
  {
    name: 'UTF-7 that only the HTML speaks of',
    type: 'text/html',
    octets: w => latin(`<meta http-equiv=content-type content="text/html; charset=utf-7">${seven(hurt(w))}`),
  },
  {
    name: 'UTF-7 with its own mark in front',
    type: 'text/html',
    octets: w => latin(`+/v8-${seven(hurt(w))}`),
  },
  ...['utf-16', 'utf-16le', 'utf-16be', 'utf-32', 'utf-32le', 'ucs-2', 'iso-10646-ucs-2'].map(charset => ({
    name: `${charset} that says so`,
    type: HTML + charset,
    octets: (w: Wires) => iconv.encode(hurt(w), charset === 'iso-10646-ucs-2' ? 'ucs-2' : charset),
  })),
  ...['utf-16le', 'utf-16be', 'utf-32le', 'utf-32be'].map(charset => ({
    name: `${charset} with a mark, called UTF-8`,
    type: `${HTML}utf-8`,
    octets: (w: Wires) => iconv.encode(hurt(w), charset, { addBOM: true }),
  })),
  {
    name: 'UTF-16 that is called ISO-8859-1',
    type: `${HTML}iso-8859-1`,
    octets: w => iconv.encode(hurt(w), 'utf-16le', { addBOM: true }),
  },
]

/** Escape sequences of ISO-2022: between two of them a quotation mark is none, for some. */
const shifted: Encoded[] = [
  ...['iso-2022-jp', 'iso-2022-kr', 'iso-2022-cn', 'iso-2022-jp-2', 'utf-8', 'windows-1252'].flatMap(
    charset => [
      {
        name: `an escape to JIS that hides an attribute's end, called ${charset}`,
        type: HTML + charset,
        octets: (w: Wires) => latin(`<p title="\x1b$B">${hurt(w)}\x1b(B">x</p>`),
      },
      {
        name: `Roman letters of JIS, in which the backslash is a yen, called ${charset}`,
        type: HTML + charset,
        octets: (w: Wires) => latin(`<p title="\x1b(J\\">${hurt(w)}\x1b(B">x</p>`),
      },
    ],
  ),
  {
    name: 'shift out and in',
    type: `${HTML}iso-2022-kr`,
    octets: w => latin(`\x1b$)C<p title="\x0e">${hurt(w)}\x0f">x</p>`),
  },
  {
    name: 'HZ',
    type: `${HTML}hz-gb-2312`,
    octets: w => latin(`<p title="~{">${hurt(w)}~}">x</p>`),
  },
]

/** The first octet of two, with a quotation mark where the second should be. */
const swallowed: Encoded[] = [
  ['shift_jis', 0x81],
  ['euc-jp', 0x8f],
  ['gbk', 0x81],
  ['gb18030', 0x81],
  ['big5', 0x81],
  ['euc-kr', 0x81],
  ['utf-8', 0xc2],
  ['utf-8', 0xe2],
  ['utf-8', 0xf0],
].map(([charset, lead]) => ({
  name: `${charset}: ${Number(lead).toString(16)} before a quotation mark`,
  type: `${HTML}${charset}`,
  octets: w => latin(`<p title="${String.fromCharCode(Number(lead))}"><b title=" ${hurt(w)} ">x</b>`),
}))

const odd: Encoded[] = [
  {
    name: 'overlong UTF-8',
    type: `${HTML}utf-8`,
    octets: w => latin(hurt(w).replaceAll('<', '\xc0\xbc').replaceAll('>', '\xc0\xbe')),
  },
  {
    name: 'the eighth bit of ASCII',
    type: `${HTML}us-ascii`,
    octets: w => Buffer.from([...hurt(w)].map(character => character.charCodeAt(0) | 0x80)),
  },
  { name: 'a charset that nobody knows', type: `${HTML}x-"><script>`, octets: w => latin(hurt(w)) },
  { name: 'x-user-defined', type: `${HTML}x-user-defined`, octets: w => latin(hurt(w)) },
  {
    name: 'two charsets',
    type: `${HTML}utf-8; charset=utf-7`,
    octets: w => latin(`${seven(hurt(w))}${hurt(w)}`),
  },
  { name: 'nulls between the letters', type: `${HTML}utf-8`, octets: w => latin([...hurt(w)].join('\0')) },
  { name: 'nulls within a tag', type: `${HTML}utf-8`, octets: w => latin(hurt(w).replace('img', 'i\0mg')) },
  {
    name: 'a mark within a tag',
    type: `${HTML}utf-8`,
    octets: w => Buffer.from(hurt(w).replace('img', '\ufeffimg')),
  },
  {
    name: 'a type in capitals with a comment',
    type: 'TEXT/HTML (plain); charset="utf-8"',
    octets: w => latin(hurt(w)),
  },
  {
    name: 'XHTML',
    type: 'application/xhtml+xml',
    octets: w => latin(`<html xmlns="http://www.w3.org/1999/xhtml"><script>${w.run}</script></html>`),
  },
  {
    name: 'a drawing',
    type: 'image/svg+xml',
    octets: w => latin(`<svg xmlns="http://www.w3.org/2000/svg" onload="${w.run}"/>`),
  },
  {
    name: 'XML',
    type: 'text/xml',
    octets: w => latin(`<x:script xmlns:x="http://www.w3.org/1999/xhtml">${w.run}</x:script>`),
  },
  { name: 'rich text', type: 'text/enriched', octets: w => latin(`<param>${hurt(w)}</param>${hurt(w)}`) },
  {
    name: 'a calendar with HTML',
    type: 'text/calendar',
    octets: w => latin(`BEGIN:VCALENDAR\r\nX-ALT-DESC;FMTTYPE=text/html:${hurt(w)}\r\nEND:VCALENDAR`),
  },
  {
    name: 'base64 with letters that are none',
    type: `${HTML}utf-8`,
    encoding: 'base64',
    octets: w => latin(latin(hurt(w)).toString('base64').replace(/(...)/g, '$1*\r\n')),
  },
  {
    name: 'quoted-printable with soft ends in tags',
    type: `${HTML}utf-8`,
    encoding: 'quoted-printable',
    octets: w =>
      latin(
        hurt(w)
          .replace('img', 'i=\r\nmg')
          .replaceAll('=', match => match)
          .replace('onerror=', 'onerror=3D'),
      ),
  },
  {
    name: 'quoted-printable that is broken',
    type: `${HTML}utf-8`,
    encoding: 'quoted-printable',
    octets: w => latin(`=3Cimg src=3Dx on=65rror=3D${w.run}=3e=ZZ=`),
  },
  {
    name: 'uuencode',
    type: `${HTML}utf-8`,
    encoding: 'x-uuencode',
    octets: w => latin(`begin 644 x\r\n#${hurt(w)}\r\nend`),
  },
  {
    name: 'an encoding that nobody knows',
    type: `${HTML}utf-8`,
    encoding: 'x-unknown',
    octets: w => latin(hurt(w)),
  },
]

/** @param first the number of the first one */
export function encodedCases(first: number): EncodedCase[] {
  const families = {
    'named charsets': named,
    'shifted charsets': shifted,
    'swallowed quotation marks': swallowed,
    'odd octets': odd,
  }
  let id = first
  return Object.entries(families).flatMap(([family, cases]) =>
    cases.map(({ name, type, encoding = '8bit', octets }) => {
      const wires = wiresOf(id)
      return { id: id++, family, name, type, encoding, octets: octets(wires) }
    }),
  )
}
