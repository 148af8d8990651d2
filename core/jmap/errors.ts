/**
 * The errors of JMAP, each with the code that its RFC gives it: whole requests (RFC 8620 §3.6.1), methods
 * (§3.6.2) and single objects of a /set (§5.3; RFC 8621 §2.5, §4.6, §7.5).
 */

/** A request that was refused as a whole: problem details (RFC 7807). */
export type Problem = { type: string; status: number; detail: string; limit?: string }

export const problems = {
  notJson: (detail: string): Problem => ({
    type: 'urn:ietf:params:jmap:error:notJSON',
    status: 400,
    detail,
  }),
  notRequest: (detail: string): Problem => ({
    type: 'urn:ietf:params:jmap:error:notRequest',
    status: 400,
    detail,
  }),
  unknownCapability: (name: string): Problem => ({
    type: 'urn:ietf:params:jmap:error:unknownCapability',
    status: 400,
    detail: `${name.slice(0, 200)} is not supported`,
  }),
  limit: (limit: string, status = 400): Problem => ({
    type: 'urn:ietf:params:jmap:error:limit',
    status,
    limit,
    detail: `the request goes beyond ${limit}`,
  }),
  notFound: (): Problem => ({ type: 'about:blank', status: 404, detail: 'not found' }),
} as const

export type MethodErrorType =
  | 'serverUnavailable'
  | 'serverFail'
  | 'unknownMethod'
  | 'invalidArguments'
  | 'invalidResultReference'
  | 'forbidden'
  | 'accountNotFound'
  | 'accountNotSupportedByMethod'
  | 'accountReadOnly'
  | 'requestTooLarge'
  | 'cannotCalculateChanges'
  | 'tooManyChanges'
  | 'stateMismatch'
  | 'anchorNotFound'
  | 'unsupportedSort'
  | 'unsupportedFilter'
  | 'fromAccountNotFound'

/** Thrown by a method; answered as an "error" invocation. */
export class MethodError extends Error {
  override name = 'MethodError'
  readonly type: MethodErrorType
  constructor(type: MethodErrorType, description?: string) {
    super(description ?? type)
    this.type = type
  }
}

export type SetErrorType =
  | 'forbidden'
  | 'overQuota'
  | 'tooLarge'
  | 'rateLimit'
  | 'notFound'
  | 'invalidPatch'
  | 'willDestroy'
  | 'invalidProperties'
  | 'singleton'
  | 'mailboxHasChild'
  | 'mailboxHasEmail'
  | 'blobNotFound'
  | 'tooManyKeywords'
  | 'tooManyMailboxes'
  | 'invalidEmail'
  | 'tooManyRecipients'
  | 'noRecipients'
  | 'invalidRecipients'
  | 'forbiddenMailFrom'
  | 'forbiddenFrom'
  | 'forbiddenToSend'
  | 'cannotUnsend'
  | 'alreadyExists'

export type SetError = { type: SetErrorType; description?: string; properties?: string[] } & Record<
  string,
  unknown
>

/** Thrown while one object of a /set is worked on. */
export class ObjectError extends Error {
  override name = 'ObjectError'
  readonly error: SetError
  constructor(type: SetErrorType, rest: Omit<SetError, 'type'> = {}) {
    super(type)
    this.error = { type, ...rest }
  }
}

/** The properties of an object that are not as they should be. */
export function invalidProperties(properties: string[], description?: string): ObjectError {
  return new ObjectError('invalidProperties', { properties, ...(description && { description }) })
}
