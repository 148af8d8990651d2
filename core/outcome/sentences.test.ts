import { expect, test } from 'vitest'
import type { Locale } from '../db/schema/directory.ts'
import { SIDE } from './rules.ts'
import { explain } from './sentences.ts'
import type { Category } from './types.ts'

const LOCALES: Locale[] = ['ca', 'en', 'es', 'it']
const CATEGORIES = Object.keys(SIDE) as Category[]
const JARGON = /SMTP|MTA|\b[45]\d\d\b|undefined|\bnull\b|NaN|\[object|!/

test.each(LOCALES.flatMap(locale => CATEGORIES.map(category => ({ locale, category }))))(
  '$locale has whole sentences for $category, with and without a server, now and for good',
  ({ locale, category }) => {
    for (const host of ['mx.example.org', undefined]) {
      for (const permanent of [true, false]) {
        const words = explain(
          { category, side: SIDE[category], permanent, host, at: '2026-11-02T10:04:00Z' },
          {
            recipient: 'anna@example.org',
            nextAt: new Date('2026-11-02T10:20:00Z'),
            until: new Date('2026-11-04T10:04:00Z'),
            timeZone: 'Europe/Madrid',
          },
          locale,
        )
        for (const sentence of Object.values(words).filter(s => s !== '')) {
          expect(sentence).toMatch(/^\p{Lu}|^mx\.example\.org|^example\.org/u)
          expect(sentence).toMatch(/\.$/)
          expect(sentence).not.toMatch(JARGON)
        }
        expect(words.what).not.toBe('')
        expect(words.advice).not.toBe('')
      }
    }
  },
)

test('what waits says when it is tried again and until when, in the reader’s time', () => {
  const { next } = explain(
    { category: 'greylisted', side: 'destination', permanent: false },
    {
      recipient: 'anna@example.org',
      nextAt: new Date('2026-11-02T10:20:00Z'),
      until: new Date('2026-11-04T10:04:00Z'),
      timeZone: 'Europe/Madrid',
    },
    'en',
  )
  expect(next).toContain('11:20')
  expect(next).toContain('CET')
})

test.each(LOCALES)(
  '%s does not say that a mailbox is missing when a server can’t take its letters',
  locale => {
    const outcome = {
      category: 'bad-address',
      side: 'sender',
      permanent: true,
      host: 'mx.example.org',
    } as const
    const about = { recipient: 'zoë@example.org' }
    const words = explain({ ...outcome, enhanced: '5.6.7' }, about, locale)
    expect(words.what).not.toBe(explain(outcome, about, locale).what)
    expect(words.what).toContain('zoë@example.org')
    for (const sentence of [words.what, words.advice]) expect(sentence).not.toMatch(JARGON)
  },
)
