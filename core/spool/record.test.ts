import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { segmentKeys, segmentSalt } from './crypto.ts'
import { Decoder, type Frame } from './decode.ts'
import {
  type Draft,
  decodeSegmentHeader,
  draftLength,
  encodeRecord,
  encodeSegmentHeader,
  messageDraft,
  noteDraft,
  openRecord,
  RECORD_HEADER,
  SEGMENT_HEADER,
} from './record.ts'
import { envelope } from './testing/messages.ts'

const keys = segmentKeys(randomBytes(32), segmentSalt(randomBytes(32), 'a segment'))
const START = SEGMENT_HEADER

const draft: fc.Arbitrary<Draft> = fc.oneof(
  fc
    .record({
      id: fc.uuid(),
      sender: fc.string({ unit: 'grapheme' }),
      content: fc.uint8Array({ maxLength: 300 }),
    })
    .map(({ id, sender, content }) => messageDraft(envelope(id, { sender }), Buffer.from(content))),
  fc.record({ messageId: fc.uuid(), at: fc.string() }).map(note => noteDraft({ kind: 'removed', ...note })),
)
const how = fc.record({ encrypt: fc.boolean(), compress: fc.boolean() })
const log = fc.array(fc.tuple(draft, how), { minLength: 1, maxLength: 8 })

function encode(items: [Draft, { encrypt: boolean; compress: boolean }][]): Buffer[] {
  let position = START
  return items.map(([item, options]) => {
    const bytes = encodeRecord(item, position, keys, options)
    expect(bytes.length).toBeLessThanOrEqual(draftLength(item))
    position += bytes.length
    return bytes
  })
}

function decode(bytes: Buffer, chunk: number, position = START): Frame[] {
  const decoder = new Decoder(position, keys.seed)
  const frames: Frame[] = []
  for (let at = 0; at < bytes.length; at += chunk)
    frames.push(...decoder.push(bytes.subarray(at, at + chunk)))
  return [...frames, ...decoder.end()]
}

/** The plain body that a frame opens to, or the word damage. */
function opened(frame: Frame): unknown {
  return frame.type === 'damage' ? 'damage' : openRecord(frame.header, frame.head, frame.body, keys)
}

function plain(item: Draft): unknown {
  const encoded = encodeRecord(item, START, keys, { encrypt: false, compress: false })
  return opened(decode(encoded, encoded.length)[0]!)
}

describe('records', () => {
  test.each([1, 3, 17, 4096])('come out as they went in, in chunks of %i bytes', chunk => {
    fc.assert(
      fc.property(log, items => {
        const frames = decode(Buffer.concat(encode(items)), chunk)
        expect(frames.map(opened)).toEqual(items.map(([item]) => plain(item)))
      }),
    )
  })

  test('cut at any byte give the whole ones before the cut and nothing of the rest', () => {
    fc.assert(
      fc.property(log, items => {
        const records = encode(items)
        const bytes = Buffer.concat(records)
        const ends = records.map((_, index) =>
          records.slice(0, index + 1).reduce((sum, r) => sum + r.length, 0),
        )
        for (let cut = 0; cut <= bytes.length; cut += 1) {
          const frames = decode(bytes.subarray(0, cut), 17)
          const whole = ends.filter(end => end <= cut).length
          expect(frames.filter(frame => frame.type === 'record')).toHaveLength(whole)
          expect(frames.some(frame => frame.type === 'damage')).toBe(cut > (ends[whole - 1] ?? 0))
        }
      }),
      { numRuns: 30 },
    )
  })

  test('one changed byte costs the record it is in and no other', () => {
    fc.assert(
      fc.property(
        log,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom(1, 3, 17),
        (items, at, x, chunk) => {
          const records = encode(items)
          const bytes = Buffer.concat(records)
          const place = at % bytes.length
          bytes[place]! ^= x
          const frames = decode(bytes, chunk)
          const expected = items.map(([item]) => plain(item))
          let start = 0
          const hit = records.findIndex(record => {
            start += record.length
            return place < start
          })
          expected[hit] = 'damage'
          expect(frames.map(opened)).toEqual(expected)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('any bytes at all are survived', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.constantFrom(1, 3, 17), (bytes, chunk) => {
        const frames = decode(Buffer.from(bytes), chunk)
        expect(frames.every(frame => frame.type === 'damage')).toBe(true)
      }),
    )
  })

  test('inside a message, made to look like a record, are never taken for one', () => {
    const forged = encodeRecord(messageDraft(envelope('forged'), Buffer.from('x')), 500, keys, {
      encrypt: false,
      compress: false,
    })
    const [first, second] = encode([
      [messageDraft(envelope('honest'), forged), { encrypt: false, compress: false }],
      [messageDraft(envelope('next'), forged), { encrypt: false, compress: false }],
    ]) as [Buffer, Buffer]
    // Spoil the header, so that the decoder looks for the next record inside the first one's content.
    first[16]! ^= 255
    const frames = decode(Buffer.concat([first, second]), 64)
    expect(frames.map(frame => frame.type)).toEqual(['damage', 'record'])
  })

  test('moved to another place are refused', () => {
    const record = encodeRecord(noteDraft({ kind: 'removed', messageId: 'm', at: '' }), START, keys, {
      encrypt: true,
      compress: false,
    })
    expect(decode(record, 64, START + 1)).toMatchObject([{ type: 'damage' }])
  })

  test('hold neither address nor content in readable form when encrypted', () => {
    const message = messageDraft(envelope('m'), Buffer.from('the content of a letter'))
    const bytes = encodeRecord(message, START, keys, { encrypt: true, compress: true })
    expect(bytes.includes('letter') || bytes.includes('marta')).toBe(false)
  })

  test('with a changed ciphertext and a mended checksum still do not open', () => {
    const bytes = encodeRecord(messageDraft(envelope('m'), Buffer.from('x')), START, keys, {
      encrypt: true,
      compress: false,
    })
    const [frame] = decode(bytes, bytes.length) as [Extract<Frame, { type: 'record' }>]
    const body = Buffer.from(frame.body)
    body[20]! ^= 1
    expect(() => openRecord(frame.header, frame.head, body, keys)).toThrow(/changed/)
    const head = Buffer.from(frame.head)
    head[20]! ^= 1
    expect(() => openRecord(frame.header, head, frame.body, keys)).toThrow(/changed/)
  })
})

describe('the header of a segment', () => {
  test('comes out as it went in', () => {
    expect(decodeSegmentHeader(encodeSegmentHeader(keys))).toEqual({
      type: 'ok',
      salt: keys.salt,
      check: keys.check,
    })
  })

  test('with any changed bit is damaged, or of a newer version, never another', () => {
    for (let bit = 0; bit < SEGMENT_HEADER * 8; bit += 1) {
      const header = encodeSegmentHeader(keys)
      header[bit >> 3]! ^= 1 << (bit & 7)
      expect(decodeSegmentHeader(header).type).toBe('damaged')
    }
  })

  test('of version 1 is what it always was', () => {
    const fixed = segmentKeys(Buffer.alloc(32, 7), Buffer.alloc(32, 9))
    expect(encodeSegmentHeader(fixed).toString('hex')).toMatchInlineSnapshot(
      `"895253504f4f4c0a01000000400000000909090909090909090909090909090909090909090909090909090909090909fdc201982ebf46a500000000430c832f"`,
    )
    const note = encodeRecord(noteDraft({ kind: 'removed', messageId: 'm', at: 't' }), START, fixed, {
      encrypt: false,
      compress: false,
    })
    expect(note.subarray(0, RECORD_HEADER).toString('hex')).toMatchInlineSnapshot(
      `"8e5245430200000040000000000000002b000000000000008f60058fdb85125a"`,
    )
  })
})
