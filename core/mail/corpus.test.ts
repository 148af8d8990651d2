/**
 * Odd mail of all kinds: the corpus that Debian packages with Python's tests (libpython3.11-testsuite), read
 * where it lies. Each message gets a summary, a structure and a body that can be shown, without an exception.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bodyDocument } from './document.ts'
import { bodiesOf, leavesOf } from './parts.ts'
import { readPart, readStructure, type Structure } from './structure.ts'
import { summarize } from './summary.ts'

const FOLDER = '/usr/lib/python3.11/test/test_email/data'
const present = existsSync(FOLDER)
const reason = `the corpus is absent: install libpython3.11-testsuite (${FOLDER})`
if (!present && process.env.CI) throw new Error(reason)

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** A part that is nothing but a line end may be empty as well: the splitter has it both ways. */
function settled(structure: Structure): Structure {
  for (const part of leavesOf(structure.root)) {
    if (part.size <= 2 && part.text?.toString().trim() === '') Object.assign(part, { size: 0, text: null })
  }
  return structure
}

async function collect(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of content) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Everything that is done with a message that somebody receives and opens. */
async function readAll(bytes: Buffer): Promise<void> {
  const summary = await summarize(bytes)
  expect(summary.preview.length).toBeLessThanOrEqual(256)
  expect(JSON.stringify(summary)).not.toMatch(/\\u0000|\\ud[89a-f]/)
  const { root, complete } = await readStructure(bytes)
  bodiesOf(root)
  const leaves = leavesOf(root)
  expect(new Set(leaves.map(part => part.partId)).size).toBe(leaves.length)
  for (const part of leaves.slice(0, 20)) {
    const found = await readPart(bytes, part.partId!)
    if (!found && !complete) continue
    expect((await collect(found!.content)).length, `part ${part.partId}`).toBe(part.size)
  }
  const document = await bodyDocument(async () => Readable.from([bytes]), { remote: false })
  expect(document.html).not.toMatch(/<script|<iframe|<form|<object|<svg/i)
}

if (!present) {
  test.skip(reason, () => {})
} else {
  describe('the corpus of odd mail', () => {
    const files = readdirSync(FOLDER)
    test.each(files)('%s is summed up, taken apart and shown', async file => {
      await readAll(readFileSync(join(FOLDER, file)))
    })

    test.each(files.filter(file => file.endsWith('.txt')))(
      '%s is the same in pieces of any size',
      async file => {
        const bytes = readFileSync(join(FOLDER, file))
        const whole = settled(await readStructure(bytes))
        for (const size of [1, 3, 17])
          expect(settled(await readStructure(inPieces(bytes, size)))).toEqual(whole)
      },
    )
  })
}

test('an endless header still tells what stands at its beginning', async () => {
  const summary = await summarize(Buffer.from(`Subject: first\r\nX: ${'a'.repeat(2_000_000)}\r\n\r\nbody`))
  expect(summary.subject).toBe('first')
})

test('octets of any kind are a message', async () => {
  const line = fc.oneof(
    fc.constantFrom(
      'Content-Type: multipart/mixed; boundary=b',
      'Content-Type: message/rfc822',
      'Content-Type: text/html; charset=nonsense',
      'Content-Type: ;;=',
      'Content-Transfer-Encoding: base64',
      'Content-Transfer-Encoding: quoted-printable',
      'Subject: =?utf-8?B?//8=?= =?x?Q?=?=',
      'From: "<<>>" <@,;:>, (((',
      'Date: Tue, 99 Foo 99999 99:99',
      'Message-ID: <<>> <a b> >',
      '--b',
      '--b--',
      '',
      '<script>x</script><style>@import',
      '\u0000\ud800',
    ),
    fc.string(),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 25 }),
      fc.constantFrom('\r\n', '\n', '\r'),
      async (lines, end) => {
        await readAll(Buffer.from(lines.join(end)))
      },
    ),
    { numRuns: 150 },
  )
}, 60_000)

test('a message of any size takes little memory, and keeps its beginning', async () => {
  async function* endless(): AsyncGenerator<Buffer> {
    yield Buffer.from('Subject: large\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n')
    for (let i = 0; i < 40; i++) yield Buffer.alloc(1024 * 1024, 'text and more text \r\n')
    yield Buffer.from('\r\n--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n')
    for (let i = 0; i < 20; i++) yield Buffer.from(`${'A'.repeat(76)}\r\n`.repeat(10_000))
    yield Buffer.from('\r\n--b--\r\n')
  }
  const { root, complete } = await readStructure(endless())
  expect(complete).toBe(true)
  const [text, zip] = root.subParts!
  expect(text).toMatchObject({ truncated: true })
  expect(text!.text!.length).toBe(256 * 1024)
  expect(text!.size).toBeGreaterThan(40 * 1024 * 1024 - 10)
  expect(zip).toMatchObject({ size: 20 * 10_000 * 57, text: null })
}, 60_000)

test.each([
  [
    'too many parts',
    () => `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(3_000)}`,
  ],
  ['parts in parts in parts', () => nested(400)],
  ['an endless header', () => `Subject: x\r\nX: ${'a'.repeat(2_000_000)}\r\n\r\nbody`],
  ['a hundred thousand addresses', () => `To: ${'a@b.example, '.repeat(100_000)}\r\n\r\nbody`],
  ['a hundred thousand opening brackets', () => `Subject: hi\r\n\r\n${'<div>'.repeat(100_000)}`],
  ['as much in HTML', () => `Content-Type: text/html\r\n\r\n${'<div>'.repeat(100_000)}`],
  [
    'formatting that is never closed',
    () =>
      `Content-Type: text/html\r\n\r\n${Array.from({ length: 2_000 }, (_, i) => `<font size=${i}>`).join('')}${'<p>x'.repeat(20_000)}`,
  ],
  ['as many tables', () => `Content-Type: text/html\r\n\r\n${'<table><tr><td>'.repeat(20_000)}`],
  ['tags without end', () => `Content-Type: text/html\r\n\r\n${'<a href="'.repeat(50_000)}`],
  ['an encoded word without end', () => `Subject: ${'=?utf-8?Q?'.repeat(50_000)}\r\n\r\nbody`],
])(
  '%s: a summary all the same, in time',
  async (_, make) => {
    const began = performance.now()
    await readAll(Buffer.from(make()))
    expect(performance.now() - began).toBeLessThan(15_000)
  },
  30_000,
)

function nested(depth: number): string {
  let text = ''
  for (let i = 0; i < depth; i++) text += `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`
  return `${text}\r\nin the middle`
}
