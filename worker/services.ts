/** What every job of the worker has in hand. */
import type { Db } from '@restante/core/db/connection.ts'
import type { Directory } from '@restante/core/directory/snapshot.ts'
import type { Log } from '@restante/core/observe/log.ts'
import type { Queues } from '@restante/core/queue/queues.ts'
import type { Spool } from '@restante/core/spool/types.ts'
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
  /** Ours for the leases we take (core/queue/leases.ts); null while we can't show that we live. */
  workerNumber: () => number | null
  /** A message's deliveries changed: those who look at it will be told, soon and together. */
  touch: (messageId: string) => void
}
