import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MimeWalker, WALK_LIMITS, type WalkEvent } from './walk.ts'

type Seen = { type: string; names: string[]; body: string; aside: boolean; depth: number }

function walk(raw: string | Buffer, chunk = 1 << 16, limits = WALK_LIMITS) {
  const walker = new MimeWalker(limits)
  const bytes = Buffer.from(raw)
  const parts: Seen[] = []
  const said: string[] = []
  const named: string[] = []
  const take = (events: WalkEvent[]) => {
    for (const event of events) {
      if (event.type === 'open') {
        const { type, names, aside, depth } = event.part
        parts.push({ type, names, aside, depth, body: '' })
      } else if (event.type === 'data') parts.at(-1)!.body += event.chunk.toString('latin1')
      else if (event.type === 'named') named.push(...event.part.names)
      else if (event.type === 'ambiguous') said.push('ambiguous')
      else if (event.type === 'limit') said.push(event.which)
    }
  }
  for (let at = 0; at < bytes.length; at += chunk) take(walker.push(bytes.subarray(at, at + chunk)))
  take(walker.end())
  return { parts, said, named }
}

const leaves = (raw: string) => walk(raw).parts.filter(part => !part.aside)

describe('the walk', () => {
  it('finds the parts of a message', () => {
    const raw =
      'Content-Type: multipart/mixed; boundary=a\r\n\r\npre\r\n--a\r\n\r\none\r\n--a\r\nContent-Type: image/png; name="x.png"\r\n\r\ntwo\r\n--a--\r\npost\r\n'
    expect(leaves(raw).map(part => [part.type, part.names, part.body])).toEqual([
      ['text/plain', [], 'one\r\n'],
      ['image/png', ['x.png'], 'two\r\n'],
    ])
    expect(
      walk(raw)
        .parts.filter(part => part.aside)
        .map(part => part.body),
    ).toEqual(['pre\r\n', 'post\r\n'])
  })

  it('tells a boundary from one that begins like it', () => {
    const raw =
      'Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=ab\n\n--ab\n\none\n--ab\n\ntwo\n--ab--\n--a\n\nthree\n--a--\n'
    expect(leaves(raw).map(part => part.body)).toEqual(['one\n', 'two\n', 'three\n'])
    expect(walk(raw).said).toEqual([])
  })

  it.each([
    [
      'a line that only begins with the boundary',
      'Content-Type: multipart/mixed; boundary=a\n\n--axyz\n\none\n',
    ],
    ['two boundaries', 'Content-Type: multipart/mixed; boundary=a; boundary=b\n\n--b\n\none\n--a\n\ntwo\n'],
    ['two types', 'Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n'],
    ['a part after the end', 'Content-Type: multipart/mixed; boundary=b\n\n--b--\n--b\n\none\n'],
    ['a boundary that is not given', 'Content-Type: multipart/mixed\n\n--guess\n\none\n--guess--\n'],
    [
      'one boundary for two levels',
      'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n',
    ],
  ])('opens the part and says so at %s', (_, raw) => {
    expect(leaves(raw).map(part => part.body)).toContain('one\n')
    expect(walk(raw).said).toEqual(['ambiguous'])
  })

  it('takes a text with a boundary apart, as some programs do', () => {
    const raw = 'Content-Type: text/plain; boundary=b\n\n--b\nContent-Type: text/html\n\none\n'
    expect(leaves(raw).map(part => part.type)).toEqual(['text/plain', 'text/html'])
  })

  it('goes into messages within messages, and keeps their names', () => {
    const raw =
      'Content-Type: message/rfc822; name="fwd.eml"\n\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: x\n\ninner\n--b--\n'
    expect(leaves(raw).map(part => part.body)).toEqual(['inner\n'])
    expect(walk(raw).named).toEqual(['fwd.eml'])
  })

  it.each([
    ['filename="a.exe"', ['a.exe']],
    ["filename*=utf-8''a%2Eexe", ['a.exe']],
    ['filename*0="a.p"; filename*1="df"', ['a.pdf']],
    ["filename*1*=%78e; filename*0*=utf-8''a.e", ['a.exe']],
    ['filename="=?utf-8?B?YS5leGU=?="', ['=?utf-8?B?YS5leGU=?=', 'a.exe']],
    ['filename="=?x-nonsense?Q?a=2Eexe?="', ['a.exe']],
    ['filename=a.pdf; filename=b.exe', ['a.pdf', 'b.exe']],
    ['filename="a.pdf"; filename*=utf-8\'\'b.exe', ['b.exe', 'a.pdf']],
    ['filename=my file.exe', ['my file.exe', 'my']],
    ['filename=(a comment)a.exe', ['a.exe']],
    ['FileName = "a.exe', ['a.exe']],
    ['filename="a\\.exe"', ['a.exe']],
    ['filename="a%2eexe"', ['a.exe']],
  ])('reads the names of %s', (parameter, names) => {
    const [part] = leaves(`Content-Disposition: attachment; ${parameter}\n\nx`)
    for (const name of names) expect(part!.names).toContain(name)
  })

  it('stops at its limits and says which', () => {
    const limits = { parts: 10, depth: 5, header: 1_000 }
    const many = `Content-Type: multipart/mixed; boundary=b\n\n${'--b\n\nx\n'.repeat(50)}`
    expect(walk(many, 100, limits)).toMatchObject({ said: ['parts'] })
    expect(walk(many, 100, limits).parts.length).toBeLessThan(12)
    const deep = Array.from({ length: 50 }, () => 'Content-Type: message/rfc822\n\n').join('')
    expect(walk(deep, 100, limits).said).toEqual(['depth'])
    expect(walk(`X: ${'y'.repeat(5_000)}\n\nbody`, 100, limits)).toMatchObject({
      said: ['header'],
      parts: [{ body: 'body' }],
    })
  })

  it('gives the same events however the octets are cut', () => {
    const word = fc.constantFrom(
      '\r\n',
      '\n',
      '\r\n\r\n',
      '\n\n',
      '--a',
      '--ab',
      '--a--',
      '--',
      '-',
      'Content-Type: multipart/mixed; boundary=a',
      'Content-Type: multipart/mixed; boundary="ab"',
      'Content-Type: multipart/mixed',
      'Content-Type: message/rfc822',
      'Content-Disposition: attachment; filename="a.exe"',
      'Content-Transfer-Encoding: base64',
      ' ',
      'text',
      'c'.repeat(300),
      '\0',
      'é',
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), words => {
        const raw = words.join('')
        const whole = walk(raw)
        for (const chunk of [1, 3, 17]) expect(walk(raw, chunk)).toEqual(whole)
      }),
      { numRuns: 500, seed: 4 },
    )
  })

  it('gives every octet of a body to some part', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), body => {
        const raw = `Content-Type: text/plain\n\n${body}`
        expect(
          walk(raw, 7)
            .parts.map(part => part.body)
            .join(''),
        ).toBe(Buffer.from(body).toString('latin1'))
      }),
      { seed: 4 },
    )
  })
})
