/** Results that bear our name and are not ours go, whatever they look like and however the bytes are cut. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FieldFilter } from '../fields.ts'
import { subjectOf } from '../testing/subject.ts'
import {
  authorsOf,
  authservId,
  fieldsOf,
  forgedResults,
  headerEnd,
  readHeader,
  senderDomain,
} from './header.ts'
import { resultsOf } from './results.ts'

const OURS = 'mx.here.test'

async function without(message: string, chunk = message.length): Promise<string> {
  const bytes = Buffer.from(message, 'latin1')
  const header = bytes.subarray(0, headerEnd(bytes))
  const filter = new FieldFilter(forgedResults(header, await fieldsOf(header), OURS), [])
  const out: Buffer[] = []
  for (let at = 0; at < bytes.length; at += chunk) out.push(...filter.push(bytes.subarray(at, at + chunk)))
  return Buffer.concat([...out, ...filter.end()]).toString('latin1')
}

describe('a forged result', () => {
  test.each([
    'Authentication-Results: mx.here.test; dmarc=pass\r\n',
    'authentication-results:mx.here.test;dmarc=pass\r\n',
    'AUTHENTICATION-RESULTS:\r\n MX.Here.Test;\r\n\tdmarc=pass\r\n',
    'Authentication-Results : mx.here.test 1; dmarc=pass\r\n',
    'Authentication-Results: (first (nested)) mx.here.test; dmarc=pass\r\n',
    'Authentication-Results: (a \\) b)\r\n (c) mx.here.test; dmarc=pass\r\n',
    'Authentication-Results: "mx.here.test"; dmarc=pass\r\n',
    'Authentication-Results: "mx.\\here.test"; dmarc=pass\r\n',
    'Authentication-Results: mx.here.test.; dmarc=pass\r\n',
    'Authentication-Results: mx.here.test\r\n',
    'Authentication-Results: mx.here.test(x); dmarc=pass\r\n',
    // Nobody can say whose these are.
    'Authentication-Results: ; dmarc=pass\r\n',
    'Authentication-Results: (never closed mx.here.test; dmarc=pass\r\n',
    'Authentication-Results: "mx".here.test; dmarc=pass\r\n',
    `Authentication-Results${' '.repeat(300)}: mx.here.test; dmarc=pass\r\n`,
  ])('%j', async field => {
    const rest = 'Subject: x\r\n\r\nAuthentication-Results: mx.here.test; in the body\r\n'
    for (const chunk of [1, 3, 17, 1_000])
      expect(await without(`To: a\r\n${field}${rest}`, chunk)).toBe(`To: a\r\n${rest}`)
  })

  test.each([
    'Authentication-Results: other.test; dmarc=pass\r\n',
    'Authentication-Results: sub.mx.here.test; dmarc=pass\r\n',
    'Authentication-Results: (mx.here.test) other.test; dmarc=pass\r\n',
    'ARC-Authentication-Results: i=1; mx.here.test; dmarc=pass\r\n',
    'X-Authentication-Results: mx.here.test; dmarc=pass\r\n',
    'Subject: Authentication-Results: mx.here.test\r\n',
    'Subject: x\r\n Authentication-Results: mx.here.test\r\n',
  ])('%j is none', async field => {
    expect(await without(`${field}\r\nbody`)).toBe(`${field}\r\nbody`)
  })

  test('property: whatever stands around it, none stays and nothing else goes', async () => {
    const other = fc.constantFrom(
      'Authentication-Results: other.test; spf=pass\r\n',
      'Subject: one\r\n two\r\n',
      'no field at all\r\n',
      ' lost fold\r\n',
      'A:\r\n',
      'From: a@b\n',
    )
    const fold = fc.array(fc.constantFrom(' ', '\t', '\r\n ', '\n\t', '(x)', '\r\n (y)\r\n '), {
      maxLength: 4,
    })
    const forged = fc
      .tuple(fc.mixedCase(fc.constant('authentication-results')), fold, fc.mixedCase(fc.constant(OURS)), fold)
      .map(([name, before, id, after]) => `${name}:${before.join('')}${id}${after.join('')}; dmarc=pass\r\n`)
    const field = fc.oneof(
      other.map(text => ({ text, forged: false })),
      forged.map(text => ({ text, forged: true })),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(field, { maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        async (fields, chunk) => {
          // A fold without a field before it continues what was above.
          const list = [{ text: 'To: x\r\n', forged: false }, ...fields.filter(one => !/^ /.test(one.text))]
          const end = '\r\nbody\r\n'
          expect(await without(list.map(one => one.text).join('') + end, chunk)).toBe(
            list.flatMap(one => (one.forged ? [] : [one.text])).join('') + end,
          )
        },
      ),
      { numRuns: 300 },
    )
  })
})

test('whose result it is', () => {
  expect(authservId(' example.com 1; spf=pass')).toBe('example.com')
  expect(authservId('BÜCHER.example; spf=pass')).toBe('xn--bcher-kva.example')
  expect(authservId('')).toBeUndefined()
})

describe('the header of a message', () => {
  test.each([1, 2, 3, 17, 64, 1_000])('is found in chunks of %i bytes', async chunks => {
    for (const [text, length] of [
      ['A: b\r\nC: d\r\n\r\nbody\r\n\r\nmore', 14],
      ['A: b\nC: d\n\nbody', 11],
      ['\r\nbody\r\n\r\n', 2],
      ['A: b\r\nno body', 13],
      ['', 0],
    ] as const) {
      expect((await readHeader(subjectOf(text, { chunks }))).length).toBe(length)
      expect((await readHeader(subjectOf(text))).length).toBe(length)
    }
  })

  test('of more fields than anybody writes is read in part, and no result in it stays', async () => {
    const field = 'Authentication-Results: other.test; none\r\n'
    expect(await without(`${'X: y\r\n'.repeat(50_000)}${field}${field}\r\nbody`)).toBe(
      `${'X: y\r\n'.repeat(50_000)}\r\nbody`,
    )
    expect(await without(`${field.repeat(201)}\r\nbody`)).toBe('\r\nbody')
    expect(await without(`${field.repeat(200)}\r\nbody`)).toBe(`${field.repeat(200)}\r\nbody`)
  })

  test('that is all of a large message is read up to a limit', async () => {
    const header = await readHeader(subjectOf(Buffer.alloc(5_000_000, 'x'), { chunks: 65_536 }))
    expect(header.length).toBe(2 * 1_048_576)
  })
})

describe('the authors', () => {
  const authors = async (text: string) => {
    const bytes = Buffer.from(text)
    const header = bytes.subarray(0, headerEnd(bytes))
    return authorsOf(header, await fieldsOf(header)).map(author => author.address)
  }
  test.each([
    ['From: Anna <Anna@Here.Test>\r\n\r\n', ['anna@here.test']],
    ['From: "boss@bank.test" <x@evil.test>\r\n\r\n', ['x@evil.test']],
    ['From: a@one.test\r\nFrom: b@two.test\r\n\r\n', ['a@one.test', 'b@two.test']],
    ['From: ana@ESPAÑOL.test\r\n\r\n', ['ana@xn--espaol-zwa.test']],
    ['From: x@_dmarc.bank.test\r\n\r\n', ['x@_dmarc.bank.test']],
    ['From: nobody\r\n\r\n', []],
    ['Sender: a@one.test\r\n\r\nFrom: b@two.test\r\n', []],
  ])('%j', async (text, expected) => {
    expect(await authors(text)).toEqual(expected)
  })
  test('a sender without a proper domain has none', () => {
    for (const text of ['', 'localhost', '[192.0.2.1]', '192.0.2.1', 'a b.test', '-'])
      expect(senderDomain(text)).toBe(text === 'localhost' ? 'localhost' : null)
  })
})

test('nothing that a stranger wrote ends an entry of our results or begins another', () => {
  const evil = 'x; dmarc=pass\r\nX: y "quoted" (comment) \\ é'
  const text = resultsOf('mx.here.test', [
    { method: 'dkim', result: 'pass; x', comment: evil, properties: [['header.d', evil]] },
  ])
  expect(text).toBe(
    'mx.here.test;\r\n\tdkim=passx (x; dmarc=pass?X: y "quoted"  comment    ?) header.d="x; dmarc=pass?X: y \\"quoted\\" (comment) \\\\ ?"',
  )
  expect(resultsOf('mx.here.test', [])).toBe('mx.here.test; none')
})
