/**
 * The ledger of what the directory refuses. Codes are stable and never used twice; the message is one line
 * that says what to do, fit for a terminal and for a form.
 */
export type DirectoryCode =
  | 'bad-address'
  | 'bad-domain'
  | 'bad-name'
  | 'bad-backend'
  | 'bad-recipients'
  | 'bad-smarthost'
  | 'bad-history'
  | 'bad-role'
  | 'bad-locale'
  | 'weak-password'
  | 'organization-exists'
  | 'organization-in-use'
  | 'unknown-organization'
  | 'domain-exists'
  | 'domain-in-use'
  | 'unknown-domain'
  | 'other-organization'
  | 'address-taken'
  | 'unknown-mailbox'
  | 'mailbox-in-use'
  | 'person-exists'
  | 'unknown-person'
  | 'unknown-backend'
  | 'backend-differs'
  | 'bad-ldap'
  | 'no-ldap'
  | 'bad-credentials'
  | 'bad-list-entry'
  | 'list-entry-exists'
  | 'unknown-list-entry'
  | 'bad-scan-setting'
  | 'bad-selector'
  | 'key-exists'
  | 'unknown-key'
  | 'bad-client'
  | 'bad-client-server'
  | 'forward-inside'
  | 'too-many-forwards'
  | 'client-exists'
  | 'unknown-client'
  | 'bad-provider'

export class DirectoryError extends Error {
  override name = 'DirectoryError'
  readonly code: DirectoryCode
  constructor(code: DirectoryCode, message: string) {
    super(message)
    this.code = code
  }
}
