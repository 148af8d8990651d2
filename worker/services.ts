/** What every job of the worker has in hand. */
import type { GiveUp } from '@restante/core/continuity/retry.ts'
import type { Db } from '@restante/core/db/connection.ts'
import type { Directory } from '@restante/core/directory/snapshot.ts'
import type { Log } from '@restante/core/observe/log.ts'
import type { Queues } from '@restante/core/queue/queues.ts'
import type { Learner } from '@restante/core/scan/engines/rspamd.ts'
import type { Scanner } from '@restante/core/scan/types.ts'
import type { Spool } from '@restante/core/spool/types.ts'
import type { DelayTimes } from './notify/when.ts'
import type { Recorder } from './recorder.ts'

export type Services = {
  db: Db
  databaseUrl: string
  redisUrl: string
  /** Of the keys in Redis. */
  prefix?: string
  spool: Spool
  /** Writes the notes. */
  recorder: Recorder
  queues: Queues
  directory: () => Directory
  sealKey: Buffer
  log: Log
  /** The name we greet other servers with. */
  hostname: string
  dnsServers: readonly string[]
  /** Where people find the webmail, for what we write to them. */
  publicUrl?: string
  /** Scans what could not be scanned when it came. */
  scanner?: Scanner
  /** Teaches the spam filter; absent: there is none to teach. */
  learner?: Learner | undefined
  /** The daily mail about junk goes out from this hour on, local time. */
  digestHour?: number
  /** How long spam and what is quarantined is kept. */
  quarantineDays?: number
  /** Ours for the leases we take (core/queue/leases.ts); null while we can't show that we live. */
  workerNumber: () => number | null
  /** A message's deliveries changed: those who look at it will be told, soon and together. */
  touch: (messageId: string) => void
  /** When senders hear that a message is stuck. Absent: as notify/when.ts has it. */
  delayTimes?: DelayTimes
  /** When deliveries are given up. Absent: as core/continuity/retry.ts has it. */
  giveUp?: GiveUp
}
