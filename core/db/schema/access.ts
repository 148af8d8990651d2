/** Who may, and who did. */
import type { At, DefaultJson, Generated, MaybeAt } from './columns.ts'

type AppPasswordTable = {
  id: string
  person_id: string
  name: string
  hash: string
  created_at: Generated<Date>
  last_used_at: MaybeAt
}

type AuditTable = {
  id: string
  at: Generated<Date>
  organization_id: string | null
  actor: string
  action: string
  target: string | null
  detail: DefaultJson<Record<string, unknown>>
}

/** A mail server of an organization that sends through us: known by its network, or by a password. */
type SendingClientTable = {
  id: string
  organization_id: string
  name: string
  network: string | null
  /** SHA-256 fingerprint of the certificate that it must show besides, hex without colons. */
  certificate: string | null
  hash: string | null
  created_at: Generated<Date>
}

/** Somebody sends more than people do: told to admins until one has seen it. */
type UnusualSendingTable = {
  person_id: string
  organization_id: string | null
  first_at: At
  last_at: At
  refused: Generated<number>
  seen_at: MaybeAt
  seen_by: string | null
}

export type AccessTables = {
  app_password: AppPasswordTable
  audit: AuditTable
  sending_client: SendingClientTable
  unusual_sending: UnusualSendingTable
}
