/** The limits of the session object (RFC 8620 §2), which are kept as they are stated. */
export const CORE_LIMITS = {
  maxSizeUpload: 50 * 1024 * 1024,
  maxConcurrentUpload: 4,
  maxSizeRequest: 10 * 1024 * 1024,
  maxConcurrentRequests: 16,
  maxCallsInRequest: 32,
  maxObjectsInGet: 500,
  maxObjectsInSet: 500,
} as const

export const MAIL_LIMITS = {
  maxMailboxesPerEmail: 1,
  maxMailboxDepth: 8,
  maxSizeMailboxName: 200,
  /** Octets of all attachments of one message; encoded they take a third more. */
  maxSizeAttachmentsPerEmail: 36 * 1024 * 1024,
} as const

export const SUBMISSION_LIMITS = {
  /** In s. */
  maxDelayedSend: 366 * 24 * 60 * 60,
  maxRecipients: 1_000,
} as const

/** Octets of uploads that one person may have waiting. */
export const MAX_UPLOADS_WAITING = 300 * 1024 * 1024
/** Ids that one query answers with at most; clients ask for more by position. */
export const MAX_QUERY = 1_000
export const MAX_CHANGES = 5_000
export const MAX_KEYWORDS = 100
