import { simpleParser } from 'mailparser'
import { describe, expect, test } from 'vitest'
import { sevenBit } from './seven-bit.ts'

const message = (...lines: string[]): Buffer => Buffer.from(lines.join('\r\n'), 'utf8')
const isAscii = (bytes: Buffer) => bytes.every(byte => byte < 128)

const HEAD = ['From: a@x.test', 'Subject: x', 'MIME-Version: 1.0']
const LONG = `${'perché così lontano? '.repeat(20)}fine `
const PLAIN = message(
  ...HEAD,
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: 8bit',
  '',
  'Città = bella',
  LONG,
  '.',
  '',
  'ultima riga',
)
const NESTED = message(
  ...HEAD,
  'Content-Type: multipart/mixed;',
  ' boundary="a (b)"',
  'Content-Transfer-Encoding: 8bit',
  '',
  'preamble',
  '--a (b)',
  'Content-Type: multipart/alternative; boundary=inner',
  '',
  '--inner',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: 8bit',
  '',
  'Città',
  '--inner',
  'Content-Type: text/html; charset=utf-8',
  '',
  '<p>Città</p>',
  '--inner--',
  '--a (b)',
  'Content-Type: application/octet-stream; name="x.bin"',
  'Content-Disposition: attachment; filename="x.bin"',
  'Content-Transfer-Encoding: binary',
  '',
  `${'é\r\n\t'.repeat(60)}è`,
  '--a (b)',
  '',
  'plain as it is',
  '--a (b)--',
  'epilogue',
)

describe('a message is in seven bits, and says the same', () => {
  test.each([
    ['one part', PLAIN],
    ['parts within parts', NESTED],
  ])('%s', async (_name, before) => {
    const after = sevenBit(before)!
    expect(isAscii(after)).toBe(true)
    expect(
      after
        .toString()
        .split('\r\n')
        .every(line => line.length <= 76),
    ).toBe(true)
    const [was, is] = await Promise.all([simpleParser(before), simpleParser(after)])
    expect(is.text).toBe(was.text)
    expect(is.html).toBe(was.html)
    expect(is.attachments.map(one => one.content)).toEqual(was.attachments.map(one => one.content))
    // Once is enough.
    expect(sevenBit(after)).toBe(null)
  })
})

test.each([
  ['has nothing beyond ASCII', message(...HEAD, '', 'plain')],
  ['was signed by somebody', message('DKIM-Signature: v=1; d=x.test', ...HEAD, '', 'Città')],
  [
    'is signed inside',
    message(
      ...HEAD,
      'Content-Type: multipart/signed; boundary=s',
      '',
      '--s',
      'Content-Type: text/plain',
      '',
      'Città',
      '--s--',
    ),
  ],
  ['names no boundary', message(...HEAD, 'Content-Type: multipart/mixed', '', '--x', '', 'Città', '--x--')],
  ['has no such boundary', message(...HEAD, 'Content-Type: multipart/mixed; boundary=y', '', 'Città')],
  ['says base64 and is not', message(...HEAD, 'Content-Transfer-Encoding: base64', '', 'Città')],
  ['is no message', Buffer.from('Città')],
  ['is empty', Buffer.alloc(0)],
])('a message that %s goes as it came', (_name, bytes) => {
  expect(sevenBit(bytes)).toBe(null)
})

test('whatever comes, the answer is seven bits or none (seed 20261122)', () => {
  let seed = 20261122
  const random = () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return seed / 0x7fffffff
  }
  for (let round = 0; round < 500; round++) {
    const bytes = Buffer.from(NESTED)
    for (let n = 0; n < 8; n++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
    const after = sevenBit(bytes)
    const from = after ? after.indexOf('\r\n\r\n') : 0
    if (after) expect(isAscii(after.subarray(from))).toBe(true)
  }
})
