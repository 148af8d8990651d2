/** What each engine's answer means, and that what is no answer is never taken for one. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineError } from './addresses.ts'
import { findingOf as clamdFinding } from './clamd.ts'
import { findingOf as spamdFinding } from './spamd.ts'

describe('clamd', () => {
  test.each([
    ['stream: OK\0', { type: 'clean' }],
    ['stream: OK\n', { type: 'clean' }],
    [
      'stream: Eicar-Test-Signature.UNOFFICIAL FOUND\0',
      { type: 'virus', detail: 'Eicar-Test-Signature.UNOFFICIAL' },
    ],
    ['stream: Heuristics.Encrypted.Zip FOUND\0', { type: 'encrypted', reason: 'archive-encrypted' }],
    [
      'stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0',
      { type: 'unscanned', reason: 'too-large-to-scan' },
    ],
    ['INSTREAM size limit exceeded. ERROR\0', { type: 'unscanned', reason: 'too-large-to-scan' }],
  ])('%j', (answer, finding) => {
    expect(clamdFinding(answer)).toMatchObject(finding)
  })

  test.each([
    ['INSTREAM: Can’t allocate memory ERROR\0', 'engine-down'],
    ['UNKNOWN COMMAND\0', 'engine-garbage'],
    ['stream: OK\0stream: OK\0', 'engine-garbage'],
    ['', 'engine-garbage'],
  ])('%j is none', (answer, reason) => {
    expect(() => clamdFinding(answer)).toThrow(expect.objectContaining({ reason }))
  })
})

describe('spamd', () => {
  const says = (spam: string, rest = '') =>
    `SPAMD/1.1 0 EX_OK\r\nContent-length: ${rest.length}\r\nSpam: ${spam}\r\n\r\n${rest}`
  test.each([
    [says('False ; 1.2 / 5.0', 'A,B'), { type: 'clean', score: 1.2, symbols: ['A', 'B'] }],
    [says('True ; 7.0 / 5.0', 'A\r\n'), { type: 'spam', sure: false, score: 7, detail: '7.0/5.0' }],
    [says('True ; 1000.0 / 5.0', 'GTUBE'), { type: 'spam', sure: true, symbols: ['GTUBE'] }],
    [says('False ; -3.0 / 5.0'), { type: 'clean', score: -3, symbols: [] }],
  ])('%j', (answer, finding) => {
    expect(spamdFinding(answer)).toMatchObject(finding)
  })

  test.each([
    ['SPAMD/1.0 76 Bad header line\r\n\r\n', 'engine-down'],
    ['SPAMD/1.1 0 EX_OK\r\n\r\n', 'engine-garbage'],
    ['220 mail.example.org ESMTP\r\n', 'engine-garbage'],
    ['', 'engine-garbage'],
  ])('%j is none', (answer, reason) => {
    expect(() => spamdFinding(answer)).toThrow(expect.objectContaining({ reason }))
  })
})

test.each([
  ['clamd', clamdFinding],
  ['spamd', spamdFinding],
] as const)('anything else is no answer of %s, and no crash', (_, findingOf) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => {
      expect(() => findingOf(text)).toThrow(EngineError)
    }),
  )
})
