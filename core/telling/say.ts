/** What is said of a matter, in somebody's language: a line, and what belongs to it. Pure. */
import type { Locale } from '../db/schema/directory.ts'
import type { WaysIn } from '../directory/ways-in.ts'
import { type Facts, type Kind, severityOf } from './matters.ts'
import { ca } from './words/ca.ts'
import { en } from './words/en.ts'
import { es } from './words/es.ts'
import { it } from './words/it.ts'
import type { Words } from './words/types.ts'

const languages: Record<Locale, Words> = { ca, en, es, it }

/** What a message is about. Kept with it (telling_delivery.payload), so that it is said as it was then. */
export type Payload =
  | {
      type: 'news'
      what: 'begin' | 'worse' | 'repeat' | 'end'
      audience: 'admin' | 'person'
      kind: Kind
      facts: Facts
      thread: string
      /** The organization's name; null: of the installation. */
      organization: string | null
    }
  | { type: 'test' }
  | { type: 'confirm'; code: string }
  /** A one-time code, sealed until it is sent; then with `code` and `address`. */
  | { type: 'sign-in'; sealed: string; code?: string; address?: string }
  /** Something of a person's ways in was changed. */
  | { type: 'security'; event: SecurityEvent; at: string }
  /** How the person will get in when their server is away. */
  | { type: 'ways-in'; ways: WaysIn }

export const SECURITY_EVENTS = [
  'password',
  'passkey-added',
  'factor-off',
  'codes-printed',
  'code-used',
  'app-password',
] as const
export type SecurityEvent = (typeof SECURITY_EVENTS)[number]

export type Said = {
  title: string
  /** Paragraphs. */
  text: string[]
  /** Where to look. */
  url: string | null
  urlLabel: string
  closing: string
  severity: number
}

/** @param url of the webmail, without a final slash */
export function say(payload: Payload, locale: Locale, url: string | undefined): Said {
  const words = languages[locale]
  const at = (path: string) => (url ? `${url}${path}` : null)
  const base = { urlLabel: words.look, closing: words.closing, severity: 0 }
  if (payload.type === 'test') {
    return { ...base, title: words.test.title, text: [words.test.text], url: at('/admin/telling') }
  }
  if (payload.type === 'confirm') {
    return {
      ...base,
      title: words.confirm.title,
      text: [words.confirm.text, `${words.confirm.code} ${payload.code}`, words.confirm.ignore],
      url: at(`/contact?code=${encodeURIComponent(payload.code)}`),
      closing: '',
    }
  }
  if (payload.type === 'sign-in') {
    const { code = '', address = '' } = payload
    return {
      ...base,
      title: words.signIn.title,
      text: [words.signIn.text, `${words.confirm.code} ${code}`, words.signIn.ignore],
      url: at(`/sign-in/code?${new URLSearchParams({ address, code })}`),
      closing: words.personClosing,
    }
  }
  if (payload.type === 'security') {
    return {
      ...base,
      title: words.security[payload.event],
      text: [words.since(timeIn(locale, payload.at)), words.securityText],
      url: at('/account/security'),
      closing: words.personClosing,
    }
  }
  if (payload.type === 'ways-in') {
    const ways = (Object.keys(words.ways) as (keyof WaysIn)[]).filter(way => payload.ways[way])
    return {
      ...base,
      title: words.waysTitle,
      text: [
        ways.length > 0 ? words.waysText : words.waysNone,
        ...(ways.length > 0 ? [ways.map(way => `- ${words.ways[way]}`).join('\r\n')] : []),
      ],
      url: at('/sign-in'),
      closing: words.personClosing,
    }
  }
  const { kind, facts, what } = payload
  const time = (iso: string) => timeIn(locale, iso)
  if (payload.audience === 'person') {
    const person =
      what === 'end'
        ? words.personEnd
        : words.person[kind === 'maintenance' || kind === 'drill' ? kind : 'server']
    return {
      title: person.title,
      text: [
        what === 'end' && kind === 'drill' ? words.end.drill(facts) : person.text,
        what === 'end'
          ? words.fromTo(time(facts.since), time(facts.until ?? facts.since))
          : words.since(time(facts.since)),
      ],
      url: at('/'),
      urlLabel: words.mail,
      closing: words.personClosing,
      severity: severityOf[kind],
    }
  }
  if (what === 'end') {
    return {
      ...base,
      title: words.end[kind](facts),
      text: [words.fromTo(time(facts.since), time(facts.until ?? facts.since))],
      url: facts.incidentId ? at(`/admin/incidents/${facts.incidentId}`) : at('/admin'),
      ...(facts.incidentId && { urlLabel: words.statement }),
    }
  }
  const { title, text } = words.begin[kind](facts)
  const cause = facts.cause ? words.cause[facts.cause] : undefined
  return {
    ...base,
    title: what === 'repeat' ? words.still(title) : what === 'worse' ? words.worse(title) : title,
    text: [
      [words.since(time(facts.since)), facts.until ? words.until(time(facts.until)) : '']
        .filter(Boolean)
        .join(' '),
      ...(cause ? [cause] : []),
      ...(facts.reason ? [words.reason(facts.reason)] : []),
      facts.returning ? words.returning(facts) : text,
    ],
    url: at(facts.incidentId ? `/admin/incidents/${facts.incidentId}` : '/admin'),
    severity: severityOf[kind],
  }
}

function timeIn(locale: Locale, iso: string): string {
  return new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'long',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short',
  }).format(new Date(iso))
}

/** Several at once, as one. */
export function sayTogether(all: readonly Said[], locale: Locale, url: string | undefined): Said {
  const words = languages[locale]
  return {
    title: words.joined(all.length),
    text: all.map(one => `- ${one.title}`),
    url: url ? `${url}/admin` : null,
    urlLabel: words.look,
    closing: all[0]?.closing ?? '',
    severity: Math.max(0, ...all.map(one => one.severity)),
  }
}
