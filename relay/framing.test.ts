import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DataDecoder } from './framing.ts'
import { FALSE_ENDS } from './testing/dialogs.ts'

/** Decodes with the bytes cut at the given lengths, in turn. */
function decode(bytes: Buffer, cuts: number[]): { content: string; rest: string | null } {
  const decoder = new DataDecoder()
  const content: Buffer[] = []
  let at = 0
  for (let turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, cuts[turn % cuts.length] ?? 1)
    const decoded = decoder.push(bytes.subarray(at, at + size))
    at += size
    content.push(decoded.content)
    if (decoded.rest) {
      return {
        content: Buffer.concat(content).toString('latin1'),
        rest: Buffer.concat([decoded.rest, bytes.subarray(at)]).toString('latin1'),
      }
    }
  }
  return { content: Buffer.concat(content).toString('latin1'), rest: null }
}

/** The rules once more, as slowly and plainly as possible. */
function reference(text: string): { content: string; rest: string | null } {
  let content = ''
  let lineStart: 'no' | 'crlf' | 'lf' = 'crlf'
  let at = 0
  while (at < text.length) {
    if (lineStart === 'crlf' && text.startsWith('.\r\n', at)) return { content, rest: text.slice(at + 3) }
    if (lineStart !== 'no' && text[at] === '.') {
      lineStart = 'no'
      at++
    } else if (text.startsWith('\r\n', at)) {
      content += '\r\n'
      lineStart = 'crlf'
      at += 2
    } else if (text[at] === '\n') {
      content += '\r\n'
      lineStart = 'lf'
      at++
    } else {
      content += text[at] === '\r' ? ' ' : text[at]
      lineStart = 'no'
      at++
    }
  }
  return { content, rest: null }
}

describe.each([[[1]], [[3]], [[17]], [[1_000_000]]])('in chunks of %j', cuts => {
  test.each([
    ['.\r\n', '', ''],
    ['a\r\n.\r\nQUIT\r\n', 'a\r\n', 'QUIT\r\n'],
    ['a\r\n..\r\n.\r\n', 'a\r\n.\r\n', ''],
    ['..\r\n.\r\n', '.\r\n', ''],
    ['.a\r\n.\r\n', 'a\r\n', ''],
    ['...\r\n.\r\n', '..\r\n', ''],
    ['a\nb\r\n.\r\n', 'a\r\nb\r\n', ''],
    ['a\rb\r\n.\r\n', 'a b\r\n', ''],
    ['a\r\r\n.\r\n', 'a \r\n', ''],
    ['\r\n\r\n.\r\n', '\r\n\r\n', ''],
    ['a \u00e9\u0000\r\n.\r\nx', 'a \u00e9\u0000\r\n', 'x'],
  ])('%j is %j and then %j', (bytes, content, rest) => {
    expect(decode(Buffer.from(bytes, 'latin1'), cuts)).toEqual({ content, rest })
  })

  test.each(FALSE_ENDS)('%j ends nothing', pattern => {
    const decoded = decode(Buffer.from(`a${pattern}MAIL FROM:<x@y.example>\r\n`, 'latin1'), cuts)
    expect(decoded.rest).toBeNull()
    expect(decoded.content).toContain('MAIL FROM')
    expect(decoded.content.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  })

  test('a message without its end ends nothing', () => {
    expect(decode(Buffer.from('a\r\n.'), cuts)).toEqual({ content: 'a\r\n', rest: null })
  })
})

const tricky = fc
  .array(fc.constantFrom('\r', '\n', '.', '\r\n', '\r\n.\r\n', '\n.\n', 'a', 'MAIL', '\u0000', '\u00ff'), {
    maxLength: 60,
  })
  .map(parts => parts.join(''))

test('any bytes, cut in any way, decode as the plain rules say', () => {
  fc.assert(
    fc.property(tricky, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (text, cuts) => {
      // A CR at the very end is undecided: let something follow.
      expect(decode(Buffer.from(`${text}z`, 'latin1'), cuts)).toEqual(reference(`${text}z`))
    }),
    { numRuns: 5_000 },
  )
})

test('what a client stuffs comes out as it was', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string().map(line => line.replace(/[\r\n]/g, '')),
        { minLength: 1 },
      ),
      lines => {
        const message = `${lines.join('\r\n')}\r\n`
        const sent = `${message.replace(/^\./gm, '..')}.\r\nNOOP\r\n`
        const decoded = decode(Buffer.from(sent), [7])
        expect(Buffer.from(decoded.content, 'latin1').toString()).toBe(message)
        expect(decoded.rest).toBe('NOOP\r\n')
      },
    ),
  )
})
