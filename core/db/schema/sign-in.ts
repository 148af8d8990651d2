/** How people get in (core/access). */
import type { At, DefaultBig, Generated, MaybeAt } from './columns.ts'

/** What the person's own mail server accepted as their password. */
type MailboxPasswordTable = {
  person_id: string
  hash: string
  /** When it was first accepted there. */
  since: At
  /** When it was last accepted there. */
  confirmed_at: At
}

/** By what somebody came in. */
export type SignInMethod = 'password' | 'mailbox' | 'passkey' | 'code' | 'organization'

/** A session ends when its row goes, or when its person's epoch is raised. */
type SessionTable = {
  id: string
  person_id: string
  epoch: number
  method: SignInMethod
  /** The client's IP address at its last use. */
  address: string
  /** The browser's own description of itself, cut. */
  agent: string
  created_at: At
  last_used_at: At
}

/** Networks that a person has signed in from. */
type KnownNetworkTable = { person_id: string; network: string; last_at: At }

type TotpTable = {
  person_id: string
  /** Sealed. */
  secret: string
  /** null: being set up. */
  confirmed_at: MaybeAt
  /** The last step whose code was used: none counts twice. */
  last_step: DefaultBig
  created_at: At
}

type RecoveryCodeTable = { person_id: string; hash: string; used_at: MaybeAt }

type PasskeyTable = {
  id: string
  person_id: string
  /** The credential's id, base64url. */
  credential: string
  /** COSE key, base64url. */
  public_key: string
  counter: DefaultBig
  transports: Generated<string[]>
  name: string
  created_at: At
  last_used_at: MaybeAt
}

type SignInCodeTable = {
  id: string
  person_id: string
  /** sent: to the second contact, for minutes. printed: by an admin, for days. */
  kind: 'sent' | 'printed'
  hash: string
  created_by: string
  created_at: At
  expires_at: At
  used_at: MaybeAt
}

/** An organization's own sign-in (OpenID Connect). */
type SignInProviderTable = {
  organization_id: string
  /** As people know it: Microsoft, Google, the company's name. */
  name: string
  issuer: string
  client_id: string
  /** Sealed. */
  client_secret: string
  /** Its addresses count though it does not say that they are verified: it is the organization's alone. */
  trust_address: Generated<boolean>
  created_at: At
}

export type SignInTables = {
  mailbox_password: MailboxPasswordTable
  session: SessionTable
  known_network: KnownNetworkTable
  totp: TotpTable
  recovery_code: RecoveryCodeTable
  passkey: PasskeyTable
  sign_in_code: SignInCodeTable
  sign_in_provider: SignInProviderTable
}
