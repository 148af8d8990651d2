/** The stages that decide by themselves, as tables. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { xtext } from '../envelope.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
import { protocolOf, receivedHeader } from '../received.ts'
import type { Refused } from '../replies.ts'
import { HeaderWatch, inspected } from './data.ts'
import { heloName } from './helo.ts'

test.each([
  ['mx.example', 'mx.example'],
  ['mx_1.example.', 'mx_1.example.'],
  ['[192.0.2.1]', '[192.0.2.1]'],
  ['[ipv6:2001:db8::1]', '[ipv6:2001:db8::1]'],
  ['localhost', 'localhost'],
  ['evil) by (x', 'unknown'],
  ['a;b', 'unknown'],
  ['<x>', 'unknown'],
  ['müller', 'unknown'],
  ['', 'unknown'],
  [false, 'unknown'],
  [undefined, 'unknown'],
] as const)('the HELO name %j is written as %s', (text, expected) => {
  expect(heloName(text)).toBe(expected)
})

describe('the trace header', () => {
  const trace = {
    helo: 'c.example',
    address: '2001:db8::1',
    by: 'mx.example',
    protocol: 'ESMTPS',
    tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
    id: 'x1',
    recipients: ['a@b.example'],
    at: new Date('2026-11-22T13:00:00Z'),
  }
  test('has its parts in order, folded', () => {
    expect(receivedHeader(trace)).toBe(
      'Received: from c.example ([IPv6:2001:db8::1])\r\n\tby mx.example with ESMTPS\r\n\t(TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n\tid x1\r\n\tfor <a@b.example>;\r\n\tSun, 22 Nov 2026 13:00:00 +0000\r\n',
    )
  })
  test('has the name of the client when DNS knows it', () => {
    expect(receivedHeader({ ...trace, name: 'out1.c.example' })).toContain(
      'from c.example (out1.c.example [IPv6:2001:db8::1])\r\n',
    )
  })
  test('names no recipient among several', () => {
    expect(receivedHeader({ ...trace, tls: undefined, recipients: ['a@b.example', 'c@b.example'] })).toBe(
      'Received: from c.example ([IPv6:2001:db8::1])\r\n\tby mx.example with ESMTPS\r\n\tid x1;\r\n\tSun, 22 Nov 2026 13:00:00 +0000\r\n',
    )
  })
  test.each([
    [false, false, false, 'SMTP'],
    [true, false, false, 'ESMTP'],
    [true, true, false, 'ESMTPS'],
    [true, false, true, 'UTF8SMTP'],
    [true, true, true, 'UTF8SMTPS'],
  ])('ESMTP %s, TLS %s, SMTPUTF8 %s is %s', (esmtp, tls, utf8, expected) => {
    expect(protocolOf(esmtp, tls, utf8)).toBe(expected)
  })
})

describe('the header of a message', () => {
  test('is counted the same however it is cut', () => {
    const line = fc.constantFrom(
      'Received: a',
      'RECEIVED: b',
      ' received: folded',
      'Received-SPF: x',
      'X: y',
      'Received',
      '',
    )
    fc.assert(
      fc.property(
        fc.array(line),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
        (lines, cuts) => {
          const bytes = Buffer.from(lines.map(one => `${one}\r\n`).join(''))
          const watch = new HeaderWatch()
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = cuts[turn % cuts.length]!
            watch.push(bytes.subarray(at, at + size))
            at += size
          }
          const end = lines.indexOf('')
          const header = end < 0 ? lines : lines.slice(0, end)
          expect(watch.received).toBe(header.filter(one => /^received:/i.test(one)).length)
        },
      ),
    )
  })
})

describe('pace', () => {
  const limits = { ...DEFAULT_LIMITS, messageSize: 1_000_000, data: 10_000, dataRate: 1_000 }
  async function run(elapsed: number, size: number): Promise<string> {
    async function* content() {
      yield Buffer.alloc(size, 'x')
    }
    try {
      for await (const _ of inspected(content(), limits, () => elapsed)) void _
      return 'accept'
    } catch (error) {
      return (error as Refused).reply.reason
    }
  }
  test.each([
    [9_000, 1, 'accept'],
    [11_000, 1, 'too-slow'],
    [100_000, 100_000, 'accept'],
    [120_000, 100_000, 'too-slow'],
  ])('%d ms for %d bytes: %s', async (elapsed, size, expected) => {
    expect(await run(elapsed, size)).toBe(expected)
  })
})

test.each([
  ['abc', 'abc'],
  ['a+b', 'a+2Bb'],
  ['a=b c', 'a+3Db+20c'],
  ['é', '+C3+A9'],
])('%j as xtext is %s', (text, expected) => {
  expect(xtext(text)).toBe(expected)
})
