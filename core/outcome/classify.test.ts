import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { atOurBackend, classify, statusOf } from './classify.ts'
import { filters } from './replies/filters.data.ts'
import { mailboxes } from './replies/mailboxes.data.ts'
import { national } from './replies/national.data.ts'
import { servers } from './replies/servers.data.ts'
import { parseReply } from './reply.ts'
import type { Phase } from './types.ts'

const replies = [...mailboxes, ...filters, ...national, ...servers]

const PHASES: Phase[] = ['dns', 'connect', 'tls', 'greeting', 'ehlo', 'auth', 'mail', 'rcpt', 'data', 'final']
const phase = fc.constantFrom(...PHASES)

test.each(replies)('$from: $reply', ({ reply, category, at }) => {
  expect(classify(reply, { phase: at ?? 'rcpt' }).category).toBe(category)
})

test('a 4xx is never permanent, whatever it says', () => {
  const words = fc.constantFrom(...replies.map(known => known.reply.replace(/^\d{3}[ -]/gm, '')))
  fc.assert(
    fc.property(fc.integer({ min: 400, max: 499 }), fc.oneof(fc.string(), words), phase, (code, text, at) => {
      expect(classify(`${code} ${text}`, { phase: at }).permanent).toBe(false)
    }),
  )
})

test('nothing is permanent before a message was spoken of', () => {
  const early = fc.constantFrom<Phase>('dns', 'connect', 'tls', 'greeting', 'ehlo', 'auth')
  const errors = fc.record({
    code: fc.constantFrom('ECONNREFUSED', 'ETIMEDOUT', 'EDNS', 'X'),
    message: fc.string(),
  })
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.constantFrom(...replies.map(r => r.reply)), errors),
      early,
      (what, at) => {
        expect(classify(what, { phase: at }).permanent).toBe(false)
      },
    ),
  )
})

test('anything at all gives an outcome of one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), phase, (text, at) => {
      const outcome = classify(text, { phase: at })
      expect(outcome.text ?? '').not.toMatch(/[\r\n\0]/)
      expect((outcome.text ?? '').length).toBeLessThanOrEqual(500)
      expect(statusOf(outcome)).toMatch(/^[245]\.\d{1,3}\.\d{1,3}$/)
    }),
  )
})

test('a yes is a yes only where it answers the question', () => {
  expect(classify('250 2.0.0 ok', { phase: 'final' }).category).toBe('accepted')
  expect(classify('354 go on', { phase: 'data' }).category).toBe('accepted')
  expect(classify('354 go on', { phase: 'final' }).category).not.toBe('accepted')
  expect(classify('hello', { phase: 'final' })).toMatchObject({
    category: 'destination-down',
    permanent: false,
  })
})

describe('replies', () => {
  test.each([
    ['550 5.1.1 no', { code: 550, enhanced: '5.1.1', text: 'no' }],
    ['550-5.1.1 no\r\n550 5.1.1 way', { code: 550, enhanced: '5.1.1', text: 'no way' }],
    ['450 5.1.1 no', { code: 450, enhanced: undefined, text: '5.1.1 no' }],
    ['250', { code: 250, enhanced: undefined, text: '' }],
    ['250ok', null],
    ['9', null],
    ['150 x', null],
    ['', null],
  ])('%j', (raw, expected) => {
    expect(parseReply(raw)).toEqual(expected)
  })
})

test.each([
  ['ECONNREFUSED', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ETIMEDOUT', 'timed-out'],
  ['ECONNRESET', 'destination-down'],
  ['ENOTFOUND', 'dns-fault'],
  ['CERT_HAS_EXPIRED', 'tls-fault'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls-fault'],
  ['EAUTH', 'authentication'],
  ['EWHATEVER', 'unknown'],
])('the error %s is %s', (originalCode, category) => {
  const error = Object.assign(new Error('it broke'), { code: 'ESOCKET', originalCode })
  expect(classify(error, { phase: 'connect' })).toMatchObject({
    category: category === 'unknown' ? 'destination-down' : category,
    permanent: false,
  })
})

test('what is a matter between us and our backend makes no sender suffer', () => {
  for (const { reply, at } of replies) {
    const outcome = atOurBackend(classify(reply, { phase: at ?? 'rcpt' }))
    if (['bad-domain', 'address-blocked', 'authentication', 'tls-fault'].includes(outcome.category)) {
      expect(outcome.permanent).toBe(false)
    }
  }
})
