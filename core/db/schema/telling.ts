/** How somebody is told of what happens (core/telling). */
import type { At, Generated, Json, MaybeAt } from './columns.ts'
import type { Locale } from './directory.ts'

/** How somebody is told of what happens (core/telling). */
export type ChannelKind = 'mail' | 'webhook' | 'slack' | 'teams' | 'ntfy' | 'push'

/** Where an organization, its people or (without organization) the installation's operators are told. */
type TellingChannelTable = {
  id: string
  organization_id: string | null
  /** Whose second contact or browser it is; null: the organization's own. */
  person_id: string | null
  kind: ChannelKind
  /** As people see it: an address, the host of a webhook. */
  name: string
  /** Sealed JSON of core/telling/channels.ts: addresses of webhooks are secrets. */
  target: string
  locale: Generated<Locale>
  /** 1: told at once; 2: when nobody has acknowledged it for a while. */
  stage: Generated<number>
  /** null: it is told nothing but how to confirm it. */
  confirmed_at: MaybeAt
  code_hash: string | null
  code_expires_at: MaybeAt
  code_tries: Generated<number>
  created_by: string
  created_at: Generated<Date>
}

type TellingPolicyTable = {
  organization_id: string
  /** 0: never again. */
  repeat_minutes: Generated<number>
  /** 0: never. */
  escalate_minutes: Generated<number>
  /** Mail that waits for longer than this for a server that is well is news; 0: never. */
  queue_minutes: Generated<number>
  /** Whether people are told by their second contacts. */
  people: Generated<boolean>
  /** Name of the public status page; null: there is none. */
  status_slug: string | null
}

/** One matter from its beginning to its end, however often it is told. */
type TellingThreadTable = {
  id: string
  organization_id: string | null
  /** What it is about, as a key: `backend:<id>`. One open thread each. */
  subject: string
  kind: string
  severity: number
  facts: Json<Record<string, unknown>>
  opened_at: At
  closed_at: MaybeAt
  acknowledged_at: MaybeAt
  acknowledged_by: string | null
  acknowledged_severity: number | null
  silent_until: MaybeAt
}

type TellingEventTable = {
  id: string
  thread_id: string
  at: At
  phase: 'begin' | 'change' | 'end'
  kind: string
  severity: number
  facts: Json<Record<string, unknown>>
}

/** One message to one channel. */
type TellingDeliveryTable = {
  id: string
  channel_id: string
  /** null: it is a trial, or asks for a confirmation. */
  thread_id: string | null
  what: 'begin' | 'worse' | 'repeat' | 'end' | 'test' | 'confirm' | 'sign-in' | 'notice'
  severity: Generated<number>
  /** The same message twice has the same key. */
  key: string
  payload: Json<Record<string, unknown>>
  state: 'due' | 'sent' | 'failed' | 'dropped'
  attempts: Generated<number>
  created_at: At
  /** While it is under way: when it counts as lost. */
  next_at: At
  settled_at: MaybeAt
  error: string | null
}

/** Keys that were made once for telling; sealed. */
type TellingKeyTable = { name: string; value: string; created_at: Generated<Date> }

export type TellingTables = {
  telling_channel: TellingChannelTable
  telling_policy: TellingPolicyTable
  telling_thread: TellingThreadTable
  telling_event: TellingEventTable
  telling_delivery: TellingDeliveryTable
  telling_key: TellingKeyTable
}
