/**
 * What was said on one SMTP connection, as far as outcomes need it: the replies since a mark, and how far the
 * conversation has come.
 *
 * nodemailer's SMTPConnection reports one error for a whole transaction; with LMTP, with pipelining and with
 * a connection lost half-way that hides what single recipients were told. Its transaction log has every
 * reply in order, so outcomes are read from there.
 */
import type { Phase } from '@restante/core/outcome/types.ts'

type Entry = { tnx?: string }

/** Commands by which the phase moves on. */
const PHASES: readonly (readonly [RegExp, Phase])[] = [
  [/^(?:EHLO|HELO|LHLO)\b/i, 'ehlo'],
  [/^STARTTLS\b/i, 'tls'],
  [/^AUTH\b/i, 'auth'],
]

/** Replies kept at most: a peer that talks without being asked must not fill the memory. */
const MOST = 10_000

export class Transcript {
  phase: Phase = 'connect'
  replies: string[] = []
  /** The last EHLO or LHLO reply. */
  ehlo = ''

  /** Forgets the replies so far: what follows belongs to a new transaction. */
  mark(): void {
    this.replies = []
  }

  /** The logger that SMTPConnection writes to. */
  readonly logger = {
    trace: () => {},
    debug: (entry: Entry, text?: string) => this.#take(entry, text ?? ''),
    info: (entry: Entry, text?: string) => this.#take(entry, text ?? ''),
    warn: () => {},
    error: () => {},
    fatal: () => {},
  }

  #take(entry: Entry, text: string): void {
    if (entry?.tnx === 'client') {
      this.phase = PHASES.find(([pattern]) => pattern.test(text))?.[1] ?? this.phase
    } else if (entry?.tnx === 'server') {
      if (this.replies.length < MOST) this.replies.push(text)
      if (this.phase === 'ehlo' && text.startsWith('2')) this.ehlo = text
    } else if (entry?.tnx === 'network' && this.phase === 'connect') {
      this.phase = 'greeting'
    }
  }
}

/** What a peer announced (RFC 5321 §4.1.1.1). */
export type Extensions = { has(name: string): boolean /** RFC 1870; 0: no limit named. */; maxSize: number }

export function readExtensions(ehlo: string): Extensions {
  const lines = ehlo
    .split(/\r?\n/)
    .slice(1)
    .map(line => line.slice(4).trim().toUpperCase())
  const names = new Set(lines.map(line => line.split(/[ =]/)[0] ?? ''))
  const size = lines.find(line => line.startsWith('SIZE '))
  const maxSize = size ? Number(size.slice(5)) : 0
  return { has: name => names.has(name), maxSize: Number.isSafeInteger(maxSize) ? maxSize : 0 }
}
