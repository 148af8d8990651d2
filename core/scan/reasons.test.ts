import { expect, test } from 'vitest'
import { isReason, ledger, replyTo, sentenceOf } from './reasons.ts'

const CODES = Object.keys(ledger)
const LOCALES = ['ca', 'en', 'es', 'it'] as const

test.each(CODES)('%s has a reply that one line holds, and sentences in each language', code => {
  for (const type of ['reject', 'defer'] as const) {
    const reply = replyTo({ type, reason: code, detail: 'ein „Würmchen“\r\n250 ok' })
    expect(reply.text).toMatch(/^[ -~]{5,300}$/)
    expect(reply.enhanced).toMatch(type === 'reject' ? /^5\.\d\.\d{1,2}$/ : /^4\.\d\.\d{1,2}$/)
    expect(reply.code).toBe(type === 'reject' ? 550 : 451)
  }
  for (const locale of LOCALES) {
    for (const detail of [undefined, 'a.exe']) {
      expect(sentenceOf(code, detail, locale)).toMatch(/^[\p{Lu}«“].*\.$/u)
      expect(sentenceOf(code, detail, locale)).not.toContain('undefined')
    }
  }
})

test('a reason of another version has words, too', () => {
  expect(isReason('toString')).toBe(false)
  expect(replyTo({ type: 'reject', reason: 'from-the-future' }).text).toMatch(/policy/)
  for (const locale of LOCALES) expect(sentenceOf('from-the-future', 'x', locale)).toMatch(/\.$/)
})
