/** Header fields that a page shows, follows or hands to a program; and the encoded forms that hide what they say. */
import type { Wires } from './vector.ts'

const word = (text: string, charset = 'utf-8') => `=?${charset}?B?${Buffer.from(text).toString('base64')}?=`
const quoted = (text: string) =>
  `=?utf-8?Q?${[...Buffer.from(text)].map(octet => `=${octet.toString(16).toUpperCase().padStart(2, '0')}`).join('')}?=`

const payloads: [string, (wires: Wires) => string][] = [
  ['a script', ({ run }) => `<script>${run}</script>`],
  ['a picture', ({ run }) => `<img src=x onerror=${run}>`],
  ['a drawing', ({ run }) => `"><svg/onload=${run}>`],
  ['an attribute', ({ run }) => `" autofocus onfocus="${run}" x="`],
  ['an address', ({ run }) => `javascript:${run}`],
  ['an encoded word', ({ run }) => word(`<img src=x onerror=${run}>`)],
  ['an encoded word in quoted-printable', ({ run }) => quoted(`<script>${run}</script>`)],
  ['an encoded word in UTF-7', ({ run }) => `=?utf-7?Q?+ADw-img_src=3Dx_onerror=3D${run}+AD4-?=`],
  ['a foreign server', ({ out }) => `<img src="https://${out}">`],
]

/** Fields; VALUE is what somebody else wrote. */
const fields: [string, string][] = [
  ['Subject', 'VALUE'],
  ['From', '"VALUE" <eve@outside.example>'],
  ['From', 'VALUE <eve@outside.example>'],
  ['To', '"VALUE" <ann@bakery.example>'],
  ['Cc', '"VALUE" <someone@outside.example>, VALUE: a@outside.example;'],
  ['Reply-To', '"VALUE" <eve@outside.example>'],
  ['Sender', '"VALUE" <eve@outside.example>'],
  ['From', '"eve" <"VALUE"@outside.example>'],
  ['List-Id', 'VALUE <list.outside.example>'],
  ['List-Unsubscribe', '<VALUE>'],
  ['List-Post', '<VALUE>, <mailto:VALUE>'],
  ['Message-ID', '<VALUE@outside.example>'],
  ['In-Reply-To', '<VALUE@outside.example>'],
  ['References', '<VALUE@outside.example> <VALUE>'],
  ['Date', 'Mon, 1 Jan 2024 00:00:00 +0000 (VALUE)'],
  ['Disposition-Notification-To', 'VALUE <eve@outside.example>'],
  ['X-Restante-Scan', 'VALUE'],
]

export type HeaderCase = { id: number; family: string; name: string; field: string; value: string }

/** Every payload in every field. A quotation mark in a quoted string is escaped (RFC 5322 §3.2.4), as a sender would. */
export function headerCases(first: number): HeaderCase[] {
  return payloads.flatMap(([what, make], row) =>
    fields.map(([field, form], column) => {
      const id = first + row * fields.length + column
      const text = make({ run: `hurt(${id})`, out: `c${id}.out.test/x` })
      const value = form
        .replaceAll('"VALUE"', `"${text.replace(/["\\]/g, '\\$&')}"`)
        .replaceAll('VALUE', text)
      return { id, family: 'header fields', name: `${what} in ${field}: ${form}`, field, value }
    }),
  )
}
