/**
 * What there is to tell: kinds of matters, how grave each is, and the facts that the words need. Pure.
 *
 * A matter has a subject (a key: `backend:<id>`) and is one thread from its beginning to its end, whatever kind
 * it changes to meanwhile.
 */

export const KINDS = [
  'backend-down',
  'access-down',
  'guard',
  'maintenance',
  'drill',
  'override',
  'unusual-sending',
  'scanner-down',
  'disk-low',
  'destination',
  'queue-age',
] as const
export type Kind = (typeof KINDS)[number]

/** 0: good to know, told once. 1 and 2: repeated and escalated. 3: nothing goes on until somebody acts. */
export type Severity = 0 | 1 | 2 | 3
export const severityOf: Readonly<Record<Kind, Severity>> = {
  maintenance: 0,
  drill: 0,
  override: 0,
  'access-down': 1,
  'unusual-sending': 1,
  destination: 1,
  'queue-age': 1,
  'backend-down': 2,
  'scanner-down': 2,
  'disk-low': 2,
  guard: 3,
}

/** Plain JSON. Times as ISO 8601. */
export type Facts = {
  /** Of the server, the domain, the person, the machine. */
  name: string
  since: string
  /** When it is over, once it is; or when it will be. */
  until?: string | null
  cause?: string | null
  reason?: string | null
  /** It answers again and what waited is on its way. */
  returning?: boolean
  /** Messages that wait. */
  count?: number
  /** They don't wait: they were let in unscanned. */
  passed?: boolean
  /** Free space in percent. */
  percent?: number
  /** Age of the oldest, in minutes. */
  minutes?: number
  backendId?: string
  incidentId?: string
  periodId?: string
}

export type Matter = {
  subject: string
  kind: Kind
  /** null: of the installation. */
  organizationId: string | null
  facts: Facts
}

export const isKind = (text: string): text is Kind => (KINDS as readonly string[]).includes(text)

/** The webmail opens for people: they are told too. Of an exception, whoever made it tells them why. */
export function opensWebmail(kind: Kind): boolean {
  return ['backend-down', 'access-down', 'guard', 'maintenance', 'drill'].includes(kind)
}
