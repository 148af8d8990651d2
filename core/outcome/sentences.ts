/**
 * Outcomes in the words of people: what happened, whose side it is on, what we do next and until when, what
 * the sender can do now. In four languages, without jargon; the server's own answer is shown elsewhere.
 *
 * Times come from those who schedule (core/continuity/retry), so that what is promised is what is done.
 */
import type { Locale } from '../db/schema/directory.ts'
import type { Outcome } from './types.ts'
import { ca } from './words/ca.ts'
import { en } from './words/en.ts'
import { es } from './words/es.ts'
import { it } from './words/it.ts'
import type { Facts, Language } from './words/language.ts'

const LANGUAGES: Readonly<Record<Locale, Language>> = { ca, en, es, it }

export type Explanation = {
  /** What happened. */
  what: string
  /** Whose side it is on. */
  side: string
  /** What we do next. */
  next: string
  /** What the sender can do now. */
  advice: string
}

export type Circumstances = {
  recipient: string
  host?: string | null
  /** When we try again, and when we give up. */
  nextAt?: Date | null
  until?: Date | null
  /** IANA name; UTC when absent. */
  timeZone?: string
}

/** RFC 6531 §3.5: non-ASCII addresses not permitted for that sender or recipient. */
const INTERNATIONAL = '5.6.7'

export function language(locale: Locale): Language {
  return LANGUAGES[locale]
}

/** The four sentences for one recipient's outcome. */
export function explain(
  outcome: Pick<Outcome, 'category' | 'side' | 'permanent' | 'host' | 'at' | 'enhanced'>,
  about: Circumstances,
  locale: Locale,
): Explanation {
  const words = LANGUAGES[locale]
  const zone = about.timeZone ?? 'UTC'
  const facts: Facts = {
    recipient: about.recipient,
    domain: about.recipient.slice(about.recipient.lastIndexOf('@') + 1),
    host: about.host ?? outcome.host ?? null,
    at: outcome.at ? inWords(new Date(outcome.at), locale, zone) : null,
    nextAt: about.nextAt ? inWords(about.nextAt, locale, zone) : null,
    until: about.until ? inWords(about.until, locale, zone) : null,
  }
  const { next } = words
  const international = outcome.enhanced === INTERNATIONAL && outcome.category === 'bad-address'
  return {
    what: international ? words.international.what(facts) : words.what[outcome.category](facts),
    side: outcome.category === 'accepted' ? '' : words.side[outcome.side],
    next:
      outcome.category === 'accepted'
        ? next.done(facts)
        : outcome.permanent
          ? next.over(facts)
          : facts.nextAt && facts.until
            ? next.waiting(facts)
            : next.waitingOpen(facts),
    advice: international ? words.international.advice(facts) : words.advice[outcome.category](facts),
  }
}

/** A moment as people say it, with its zone: "3 May, 10:04 CEST". */
export function inWords(date: Date, locale: Locale, timeZone: string): string {
  return new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, {
    day: 'numeric',
    month: 'long',
    hour: '2-digit',
    minute: '2-digit',
    timeZone,
    timeZoneName: 'short',
  }).format(date)
}
