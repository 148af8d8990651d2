/** What a language has to say. One file each; the compiler sees that none is missing. */
import type { Category, Side } from '../types.ts'

/** Already put into words of the language: names, dates. */
export type Facts = {
  recipient: string
  /** The part after the @. */
  domain: string
  /** The server that said it; null when none was reached. */
  host: string | null
  /** Dates in words, with their zone; null when there is none. */
  at: string | null
  nextAt: string | null
  until: string | null
}

export type Sentence = (facts: Facts) => string

export type Language = {
  /** What happened. */
  what: Record<Category, Sentence>
  /** What the sender can do now. */
  advice: Record<Category, Sentence>
  /** The other server can't take an address with letters beyond ASCII before the @ (RFC 6531 §3.5). */
  international: { what: Sentence; advice: Sentence }
  /** Whose side it is on. */
  side: Record<Side, string>
  next: {
    /** Waiting: when we try again, and until when. */
    waiting: Sentence
    /** Waiting without a known time. */
    waitingOpen: Sentence
    /** It will not be tried again. */
    over: Sentence
    /** Nothing more to do. */
    done: Sentence
  }
  notice: {
    subject: (recipients: string, more: number) => string
    greeting: string
    intro: (subject: string | null, recipients: number) => string
    delayedSubject: (recipients: string, more: number) => string
    delayedIntro: (subject: string | null, recipients: number) => string
    reply: string
    original: string
    closing: (hostname: string) => string
    from: string
  }
}
