/** The shapes of RFC 8620 and RFC 8621 that the webmail uses, and the gateway's own few additions. */

import type { Outcome } from '@restante/core/outcome/types.ts'

export type Id = string

export type JmapSession = {
  username: string
  accounts: Record<Id, { name: string; isPersonal: boolean; isReadOnly: boolean }>
  primaryAccounts: Record<string, Id>
  capabilities: Record<string, Record<string, unknown>>
  apiUrl: string
  uploadUrl: string
  downloadUrl: string
  eventSourceUrl: string
  state: string
}

export type FolderRole = 'inbox' | 'archive' | 'drafts' | 'sent' | 'junk' | 'trash'

/** JMAP's Mailbox (RFC 8621 §2); the people who read mail call it a folder. */
export type Folder = {
  id: Id
  name: string
  parentId: Id | null
  role: FolderRole | null
  sortOrder: number
  totalEmails: number
  unreadEmails: number
}

export type EmailAddress = { name: string | null; email: string }

/** What our own server still has to do with a message for its recipient here; null: nothing to say. */
export type DeliveryMark = 'held' | 'queued' | 'deferred' | 'delivered' | 'failed' | 'cancelled' | null

/** What a row of the list shows. */
export type EmailRow = {
  id: Id
  threadId: Id
  mailboxIds: Record<Id, true>
  keywords: Record<string, true>
  from: EmailAddress[] | null
  to: EmailAddress[] | null
  subject: string | null
  preview: string
  receivedAt: string
  hasAttachment: boolean
  size: number
  'restante:delivery'?: DeliveryMark
  /** When it goes out, while it waits for that. */
  'restante:sendAt'?: string | null
  'restante:scan'?: ScanView | null
  /** In a folder's list a row stands for a conversation: all its messages, wherever they lie. */
  members?: Member[]
  /** In a search: where its words stand, marked (RFC 8621 §5). */
  snippet?: { subject: string | null; preview: string | null }
}

/** A message of a conversation, as far as its row needs it. */
export type Member = Pick<EmailRow, 'id' | 'threadId' | 'mailboxIds' | 'keywords' | 'from'>

/** The gateway's own: what the scan found. */
export type ScanView = {
  verdict: 'pass' | 'mark' | 'quarantine' | 'defer' | 'reject'
  /** The gravest first. */
  reasons: {
    step: string
    verdict: ScanView['verdict']
    reason: string
    detail: string | null
    score: number | null
  }[]
}

export type BodyPart = {
  partId: string | null
  blobId: Id | null
  size: number
  name: string | null
  type: string
  charset?: string | null
  disposition: string | null
  cid: string | null
}

/** What an opened message shows. */
export type Email = EmailRow & {
  blobId: Id
  messageId: string[] | null
  inReplyTo: string[] | null
  references: string[] | null
  cc: EmailAddress[] | null
  bcc: EmailAddress[] | null
  replyTo: EmailAddress[] | null
  sentAt: string | null
  textBody: BodyPart[]
  htmlBody: BodyPart[]
  attachments: BodyPart[]
  bodyValues: Record<string, { value: string; isTruncated: boolean; isEncodingProblem: boolean }>
}

export type Identity = {
  id: Id
  name: string
  email: string
  replyTo: EmailAddress[] | null
  textSignature: string
  htmlSignature: string
  /** The gateway's own: all that this person can choose from. */
  'restante:signatures': { id: Id; name: string; html: string; text: string }[]
}

export type SenderAction = 'retry' | 'cancel' | 'resend'

/** RFC 8621 §7: how far a message is on its way to one recipient. */
export type DeliveryStatus = {
  smtpReply: string
  delivered: 'queued' | 'yes' | 'no' | 'unknown'
  displayed: 'unknown' | 'yes'
  /** The gateway's own: what the last attempt came to, where the delivery stands, when it is tried again. */
  'restante:outcome': Outcome | null
  'restante:state': NonNullable<DeliveryMark>
  'restante:nextAttempt': string | null
  /** When it is given up, while it waits to go out. */
  'restante:until': string | null
  /** What its sender can do about it now. */
  'restante:may': readonly SenderAction[]
}

export type Submission = {
  id: Id
  identityId: Id
  emailId: Id | null
  threadId: Id | null
  envelope: {
    mailFrom: { email: string }
    rcptTo: { email: string }[]
  } | null
  sendAt: string
  undoStatus: 'pending' | 'final' | 'canceled'
  deliveryStatus: Record<string, DeliveryStatus> | null
}

export type SetError = {
  type: string
  description?: string | null
  properties?: string[]
  invalidRecipients?: string[]
  /** Those of them that are not written to for a while, because messages to them failed. */
  suppressed?: { address: string; until: string }[]
  /** What the scan found in a message that was not sent (core/scan/reasons). */
  scan?: { reason: string; detail?: string; later: boolean }
}

export type Get<T> = { accountId: Id; state: string; list: T[]; notFound: Id[] }
export type QueryResult = {
  accountId: Id
  queryState: string
  ids: Id[]
  position: number
  total?: number
}
export type Changes = {
  oldState: string
  newState: string
  hasMoreChanges: boolean
  created: Id[]
  updated: Id[]
  destroyed: Id[]
}
export type SetResult<T> = {
  accountId: Id
  oldState: string | null
  newState: string
  created: Record<string, Partial<T> & { id: Id }> | null
  updated: Record<Id, Partial<T> | null> | null
  destroyed: Id[] | null
  notCreated: Record<string, SetError> | null
  notUpdated: Record<Id, SetError> | null
  notDestroyed: Record<Id, SetError> | null
}

/** Each method's result. Arguments are checked by the server; here they are only objects. */
export type Results = {
  'Mailbox/get': Get<Folder>
  'Mailbox/set': SetResult<Folder>
  'SearchSnippet/get': {
    accountId: Id
    list: { emailId: Id; subject: string | null; preview: string | null }[]
    notFound: Id[] | null
  }
  'Email/get': Get<Email>
  'Email/query': QueryResult
  'Email/changes': Changes
  'Email/set': SetResult<Email>
  'Thread/get': Get<{ id: Id; emailIds: Id[] }>
  'Identity/get': Get<Identity>
  'EmailSubmission/query': QueryResult
  'EmailSubmission/get': Get<Submission>
  'EmailSubmission/set': SetResult<Submission>
  'restante:Sent/act': { accountId: Id; done: boolean; submissionId?: Id; error?: SetError }
}
export type Method = keyof Results

export type Upload = { accountId: Id; blobId: Id; type: string; size: number }
