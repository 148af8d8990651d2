/** What telling refuses: stable codes, one line that says what to do. */
export type TellingCode =
  | 'bad-channel'
  | 'unknown-channel'
  | 'bad-policy'
  | 'bad-contact'
  | 'own-domain'
  | 'too-many'
  | 'wrong-code'

export class TellingError extends Error {
  override name = 'TellingError'
  readonly code: TellingCode
  constructor(code: TellingCode, message: string) {
    super(message)
    this.code = code
  }
}
