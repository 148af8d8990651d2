/** What each language has to say. */
import type { WaysIn } from '../../directory/ways-in.ts'
import type { Facts, Kind } from '../matters.ts'
import type { SecurityEvent } from '../say.ts'

export type Words = {
  /** Why a mail server is away, by the code of core/continuity/machine.ts. */
  cause: Readonly<Record<string, string>>
  /** What has begun: one line each, then what it means and what to do. */
  begin: Record<Kind, (facts: Facts) => { title: string; text: string }>
  /** It answers again, but is not through yet. */
  returning: (facts: Facts) => string
  /** What is over. */
  end: Record<Kind, (facts: Facts) => string>
  /** It lasts still. */
  still: (title: string) => string
  /** It got worse. */
  worse: (title: string) => string
  since: (at: string) => string
  fromTo: (from: string, to: string) => string
  until: (at: string) => string
  reason: (text: string) => string
  /** To people, whose webmail opens: of a server, of maintenance, of a drill. */
  person: Record<'server' | 'maintenance' | 'drill', { title: string; text: string }>
  personEnd: { title: string; text: string }
  joined: (count: number) => string
  test: { title: string; text: string }
  confirm: { title: string; text: string; code: string; ignore: string }
  /** A one-time code for signing in. */
  signIn: { title: string; text: string; ignore: string }
  /** Something of their ways in was changed: a line each, and what to do if it was not them. */
  security: Record<SecurityEvent, string>
  securityText: string
  /** How they will get in when their server is away. */
  waysTitle: string
  waysText: string
  waysNone: string
  ways: Record<keyof WaysIn, string>
  /** In front of addresses. */
  look: string
  statement: string
  mail: string
  closing: string
  personClosing: string
}
