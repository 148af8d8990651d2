import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReplyError, ReplyParser } from './replies.ts'

function parse(bytes: Buffer, size: number): string[] {
  const parser = new ReplyParser()
  const replies: string[] = []
  for (let at = 0; at < bytes.length; at += size) replies.push(...parser.push(bytes.subarray(at, at + size)))
  return replies
}

test.each<[string, string, string[]]>([
  ['one line', '250 ok\r\n', ['250 ok']],
  ['a code alone', '250\r\n', ['250']],
  ['several lines', '250-a\r\n250-b\r\n250 c\r\n', ['250-a\n250-b\n250 c']],
  ['several replies', '250 a\r\n354 b\r\n', ['250 a', '354 b']],
  ['bare LF', '250-a\n250 b\n', ['250-a\n250 b']],
  ['a line without a code ends the reply', '250-a\r\nwhat\r\n250 b\r\n', ['250-a\nwhat', '250 b']],
  ['empty lines between replies mean nothing', '\r\n250 a\r\n\r\n250 b\r\n', ['250 a', '250 b']],
  ['what has not ended is no reply yet', '250 a\r\n25', ['250 a']],
])('%s', (_, bytes, expected) => {
  for (const size of [1, 3, 17, 1_000]) expect(parse(Buffer.from(bytes), size)).toEqual(expected)
})

test('however the bytes are cut, the replies are the same', () => {
  const line = fc.oneof(
    fc.tuple(fc.integer({ min: 200, max: 599 }), fc.constantFrom('-', ' '), fc.string({ maxLength: 40 })),
    fc.tuple(
      fc.constantFrom(250, 354, 550),
      fc.constantFrom('-', ' '),
      fc.constantFrom('', '\r', '2.0.0 è', '\0'),
    ),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), lines => {
      const bytes = Buffer.from(lines.map(([code, mark, text]) => `${code}${mark}${text}\r\n`).join(''))
      const whole = parse(bytes, bytes.length || 1)
      for (const size of [1, 3, 17]) expect(parse(bytes, size)).toEqual(whole)
    }),
  )
})

test.each([
  ['a line', Buffer.from(`220-${'x'.repeat(200_000)}`)],
  ['lines', Buffer.from('220-go on\r\n'.repeat(20_000))],
])('a server that talks without end in %s is found out', (_, bytes) => {
  for (const size of [17, 1_000, bytes.length]) expect(() => parse(bytes, size)).toThrow(ReplyError)
})
