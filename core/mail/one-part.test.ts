/** A message of one part that is at hand is read without the splitter: what comes out must be what the splitter gives. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readStructure } from './structure.ts'

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const lines = (...list: string[]) => Buffer.from(list.join('\r\n'), 'latin1')

const messages: Record<string, Buffer> = {
  'no type': lines('Subject: a', 'From: b@c', '', 'text', 'more', ''),
  'no line end': lines('Subject: a', '', 'text'),
  'dots and empty lines': lines('Subject: a', '', '', '.', '..', '', 'end', ''),
  'a folded header': lines('Subject: a', '\tb', ' c', 'X: d', '', 'text', ''),
  'plain text with a charset': lines('Content-Type: text/plain; charset="ISO-8859-1"', '', 'caf\xe9', ''),
  'flowed text': lines('Content-Type: text/plain; format=flowed; delsp=yes', '', 'a ', 'b', ''),
  'quoted-printable': lines('Content-Transfer-Encoding: Quoted-Printable', '', 'a=3Db=', 'c', ''),
  base64: lines('Content-Transfer-Encoding: base64', 'Content-Type: text/html', '', 'PGI+aGk8L2I+', ''),
  'an attachment': lines('Content-Disposition: attachment; filename=a.pdf', '', 'JVBERi0=', ''),
  'a picture': lines(
    'Content-Type: image/png; name="=?utf-8?q?=C3=A1.png?="',
    'Content-ID: <x@y>',
    '',
    'abc',
    '',
  ),
  'a type that is none': lines('Content-Type: nonsense', 'Content-Language: en, ca', '', 'text', ''),
  'a boundary without multipart': lines(
    'Content-Type: text/plain; boundary=b',
    '',
    '--b',
    '',
    'x',
    '--b--',
    '',
  ),
  'several parts': lines('Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'x', '--b--', ''),
  'a message in a message': lines('Content-Type: message/rfc822', '', 'Subject: inner', '', 'x', ''),
  'a header without a name': lines('Subject: a', 'no colon here', '', 'text', ''),
  'From in front': lines('From someone Mon Jan 1', 'Subject: a', '', 'text', ''),
  'bare line feeds': Buffer.from('Subject: a\n\nbody\r\n\r\nmore\r\n'),
  'a doubled carriage return': Buffer.from('Subject: a\r\r\n\r\r\nbody\r\n\r\nmore\r\n'),
}

test.each(Object.entries(messages))('%s', async (_, bytes) => {
  expect(await readStructure(bytes)).toEqual(await readStructure(inPieces(bytes, bytes.length)))
})

test('whatever the bytes are', async () => {
  const piece = fc.constantFrom(
    ...[
      '\r\n',
      '\r\n\r\n',
      '\n',
      '\r',
      'Subject: x',
      'Content-Type: text/plain',
      '; boundary=b',
      '--b',
      ' ',
      'a',
      ':',
    ],
    ...[
      'Content-Type: multipart/mixed; boundary=b',
      'Content-Transfer-Encoding: base64',
      'From x',
      '.',
      '\t',
    ],
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 14 }), async pieces => {
      const bytes = Buffer.from(pieces.join(''))
      expect(await readStructure(bytes)).toEqual(await readStructure(inPieces(bytes, bytes.length)))
    }),
    { numRuns: 500 },
  )
})
