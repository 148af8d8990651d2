/**
 * The words of the scan. A step looks at a message and says one verdict for each recipient's policy; the
 * pipeline (pipeline.ts) runs the steps, side by side where they don't wait for each other, each within its own
 * time and all within the whole; decide.ts makes one answer of their verdicts.
 *
 * Never silently unscanned: a step that can't answer (its engine is down, its time is over) says so with an
 * `unscanned` finding, and the domain's policy says what becomes of the message.
 */
import type { Readable } from 'node:stream'
import type { ScanRecord, ScanStep, Verdict } from '../db/schema/scan.ts'
import type { ScanPolicy } from '../directory/scan-policy.ts'
import type { Disposition, Envelope } from '../spool/types.ts'

export type StepName =
  | 'lists'
  | 'connection'
  | 'blocklists'
  | 'authentication'
  | 'attachments'
  | 'rspamd'
  | 'spamd'
  | 'clamd'

/** What is scanned. `content` begins with the message's own first header field: no trace header of ours. */
export type Subject = {
  envelope: Envelope
  size: number
  /** A new stream from the start, as often as asked. */
  content: () => Readable
  /** All of it, when it is short (up to 1 MiB). */
  bytes?: Buffer
}

/** What a step found. It does not know policies: it names what it saw, and decide.ts weighs it. */
export type Finding =
  /** Nothing against it. `trusted`: the recipient's own list says so, spam is not to be looked for. */
  | { type: 'clean'; reason: string; detail?: string; score?: number; symbols?: string[]; trusted?: true }
  /** Worth a mark, no more. */
  | { type: 'suspicious'; reason: string; detail?: string; score?: number; symbols?: string[] }
  /** Spam; `sure`: the engine would reject it. */
  | { type: 'spam'; reason: string; sure: boolean; detail?: string; score?: number; symbols?: string[] }
  | { type: 'virus'; reason: string; detail: string }
  /** Against the attachment policy: `reason` names why, `detail` the file. */
  | { type: 'attachment'; reason: string; detail: string }
  /** An archive that nobody can look into. */
  | { type: 'encrypted'; reason: string; detail: string }
  /** DMARC failed, and this is what the sender's domain asks for. */
  | { type: 'dmarc'; reason: string; wish: 'none' | 'quarantine' | 'reject'; detail: string }
  /** On a block list of the recipient's side, or on a DNS list. */
  | { type: 'blocked'; reason: string; detail: string }
  /** Come again later: greylisting, a soft refusal of the engine. */
  | { type: 'later'; reason: string; detail?: string }
  /** It could not be looked at: no engine answered, or the time was over. */
  | { type: 'unscanned'; reason: string; detail?: string }

/** A field of the message, by its place among the fields of that name, from the top, 0-based; or all of that name. */
export type RemovedField = { name: string; index: number | 'all' }

export type StepOutcome = {
  /** For all recipients alike, in the order of their weight. */
  findings: Finding[]
  /** For some recipients only (lists of a mailbox, greylisting), by address; added to those above. */
  byRecipient?: ReadonlyMap<string, Finding[]>
  engine?: string
  /** What DNS calls the client, when the name leads back to it. */
  clientName?: string
  /** What authentication found: the addresses of From, and which of them and of the envelope are proven. */
  senders?: { from: readonly string[]; proven: readonly string[] }
  /** Header fields to put on top, whole lines with CRLF. */
  addFields?: string[]
  /** Fields of the message to leave out. */
  removeFields?: RemovedField[]
}

export type StepContext = {
  /** Ends when the step's time, or the whole time, is over, or the client is gone. */
  signal: AbortSignal
  /** Of a step that this one waits for. */
  outcomeOf: (step: StepName) => StepOutcome | undefined
  /** Of a recipient's domain; the default for one outside. */
  policyOf: (address: string) => ScanPolicy
}

export type Step = {
  name: StepName
  /** Waits for these, when they are part of the pipeline. */
  after?: readonly StepName[]
  /** ms */
  timeLimit: number
  /** What it means when it fails or its time is over. */
  kind: 'spam' | 'virus' | 'facts'
  /** May throw: then it counts as unscanned. */
  run: (subject: Subject, context: StepContext) => Promise<StepOutcome>
}

/** What becomes of the message. */
export type Scanned = {
  record: ScanRecord
  /** For the whole message, as SMTP can only answer once. */
  answer:
    | { type: 'accept' }
    | { type: 'reject'; reason: string; detail?: string }
    | { type: 'defer'; reason: string; detail?: string }
  /** Of each recipient that is not simply delivered to. */
  dispositions: ReadonlyMap<string, Disposition>
  /** To put on top, in this order, whole lines with CRLF. */
  addFields: string[]
  removeFields: RemovedField[]
  /** What DNS calls the client, when the name leads back to it and was known in time. */
  clientName?: string
}

/** The scan as relay, webmail and worker call it. */
export interface Scanner {
  /** Never rejects. `signal`: the client is gone. */
  scan(subject: Subject, signal?: AbortSignal): Promise<Scanned>
  /** Mail of this client is on its way: what its address is asked for is there when it has come. */
  expect?(address: string): void
  close(): Promise<void>
}

export type { Disposition, ScanRecord, ScanStep, Verdict }
