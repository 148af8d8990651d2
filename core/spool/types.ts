/**
 * What the spool keeps and what it promises.
 *
 * The spool is an append-only log of segments. A record is an envelope with its content, or a note (a
 * recipient that was settled), so that the log alone tells what still has to be delivered. Only
 * `append` makes a SpooledId, and only a SpooledId may be answered with 250: the promise of stable storage
 * stands in the type checker.
 */
import type { Readable } from 'node:stream'
import type { ScanRecord } from '../db/schema/scan.ts'

declare const spooled: unique symbol
/** The id of a message that is on stable storage. */
export type SpooledId = string & { readonly [spooled]: true }

/**
 * inbound: came over SMTP from outside. submission: sent by one of our people (webmail, submission port).
 * notice: made by us (RFC 3464). stored: kept for its owner only (a draft), never delivered.
 */
export type EnvelopeKind = 'inbound' | 'submission' | 'notice' | 'stored'

export type EnvelopeRecipient = {
  /** Lower-case domain as A-label; the local part as it came. */
  address: string
  /** ORCPT and NOTIFY as they came (RFC 3461 §4). */
  original?: string
  notify?: string
  /** Taken while nobody could say whether it exists: refused later, it is held, never bounced. */
  unverified?: true
  /**
   * What the scan decided for this recipient. Absent: it is delivered. junk: kept in its Junk folder,
   * quarantine: in its organization's quarantine, until released; unscanned: until it has been scanned.
   */
  disposition?: Disposition
  /** An address of ours that it was for, and whose mail goes to this one too (core/directory/forwards.ts). */
  forwarded?: string
  /** The rewritten address that a bounce came to (core/directory/rewriting.ts); this is whom it is for. */
  returned?: string
}

export type Disposition = 'junk' | 'quarantine' | 'unscanned'

/** RFC 5321 §2.3.1's envelope, and what we know of the way the message came. JSON on disk. */
export type Envelope = {
  id: string
  kind: EnvelopeKind
  /** '' is the null sender. */
  sender: string
  recipients: EnvelopeRecipient[]
  /** ISO 8601, UTC. */
  receivedAt: string
  /** ISO 8601, UTC: it goes out then, not before; until then its sender can take it back (a `removed` note). */
  sendAt?: string
  ret?: 'FULL' | 'HDRS'
  envid?: string
  smtputf8?: boolean
  body?: '7BIT' | '8BITMIME'
  client?: {
    address?: string
    name?: string
    helo?: string
    protocol?: string
    tls?: string
    person?: string
  }
  /** Absent: nobody has looked at it. */
  scan?: ScanRecord
  /** For a notice: the organization it speaks for, whose way out it takes. */
  organizationId?: string
  /** For the recipients' own server alone: no mailbox here shows it. */
  backendOnly?: true
  /** For submission and stored: whose copy this is and which folder it goes to (Sent, Drafts, …). */
  copy?: {
    mailboxId: string
    role: 'inbox' | 'archive' | 'drafts' | 'sent' | 'junk' | 'trash'
    keywords: string[]
    emailId: string
  }
}

/** A recipient of a message was settled: written by whoever settled it, read by a rebuild. */
export type Note =
  | {
      kind: 'settled'
      messageId: string
      address: string
      state: 'delivered' | 'failed' | 'cancelled'
      at: string
    }
  | {
      /** A cancelled recipient waits again (undo). */
      kind: 'reopened'
      messageId: string
      address: string
      at: string
    }
  | {
      /** What the scan held for a recipient was released: it is delivered, whatever the envelope says. */
      kind: 'released'
      messageId: string
      address: string
      at: string
    }
  | {
      /** A recipient called it junk before it was delivered: it is not, until they think better of it. */
      kind: 'junked'
      messageId: string
      address: string
      at: string
    }
  | {
      /** The content is no longer wanted by anybody: compaction drops it. */
      kind: 'removed'
      messageId: string
      at: string
    }

/** Where a record stands. `position` orders the records of one segment; opaque otherwise. */
export type Location = { segment: string; position: number }

export type Spooled = { id: SpooledId; location: Location; size: number }

export type ScannedMessage = {
  type: 'message'
  location: Location
  next: number
  envelope: Envelope
  size: number
  /** Where a content over 1 MiB stands: the store's id of it. */
  large?: string
  /** The content, when it is short: whoever reads on need not read it again. */
  content?: Buffer
}
export type ScannedNote = { type: 'note'; location: Location; next: number; note: Note }
/** A stretch that could not be read: its checksum is wrong, or it is cut short in a segment that is closed. */
export type ScannedDamage = { type: 'damage'; location: Location; next: number; reason: string }
export type Scanned = ScannedMessage | ScannedNote | ScannedDamage

export type SegmentInfo = { name: string; size: number; closed: boolean; messages?: number }

/** The content that comes in: chunks as they arrive, or all of it. */
export type Content = Buffer | AsyncIterable<Buffer>

export type SpooledMessage = {
  envelope: Envelope
  size: number
  content: Readable
  /** The same in one piece, when it is in memory already: who takes it need not take `content`. */
  whole?: Buffer
}

export interface SpoolReader {
  /** Segments, oldest first. */
  segments(): Promise<SegmentInfo[]>
  /** Records of one segment from a position (0: its start) to what is on stable storage now. */
  scan(segment: string, from: number): AsyncIterable<Scanned>
  /** One message. @throws SpoolError `missing` or `damaged` */
  read(location: Location): Promise<SpooledMessage>
  /** Calls back when there may be something new to scan, in any segment. A hint: it can come too often. */
  watch(onChange: () => void): { close(): void }
}

export interface Spool extends SpoolReader {
  /**
   * Appends a message; resolves when it is on stable storage. When `content` throws, nothing is kept and
   * append rejects with that error.
   * @throws SpoolError `full` (disk), `failed` (write or sync)
   */
  append(envelope: Envelope, content: Content): Promise<Spooled>
  /** Appends notes; durable with the next sync, at the latest 1 s later. Resolves when durable. */
  note(notes: readonly Note[]): Promise<void>
  /** Room and state, for /healthz. */
  health(): Promise<SpoolHealth>
  close(): Promise<void>
}

export type SpoolHealth = {
  ok: boolean
  reason?: string
  /** When there is too little of the disk, or of its inodes: `none` below half of what should be free. */
  room?: 'low' | 'none'
}

export class SpoolError extends Error {
  override name = 'SpoolError'
  readonly code: 'full' | 'failed' | 'missing' | 'damaged' | 'closed'
  constructor(code: SpoolError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
