/**
 * What a JMAP request works with, and the one gate to anybody's data.
 *
 * Only `grant` makes a Granted account, only from the accounts of the person who asks, and every function
 * that reads or writes rows of a mailbox takes a Granted one: an id of somebody else's is answered as if it
 * did not exist, here and nowhere else.
 */
import { type Account, accountsOf } from '../access/permissions.ts'
import type { MaySend } from '../access/sending.ts'
import type { GiveUp } from '../continuity/retry.ts'
import type { Db } from '../db/connection.ts'
import type { Directory } from '../directory/snapshot.ts'
import type { Log } from '../observe/log.ts'
import type { Queues } from '../queue/queues.ts'
import type { Spool } from '../spool/types.ts'
import { MethodError } from './errors.ts'
import type { SubmissionScan } from './submission-scan.ts'

export type JmapPerson = { id: string; address: string; name: string }

export type JmapContext = {
  db: Db
  spool: Spool
  queues: Pick<Queues, 'enqueue'>
  /** A directory keeper. */
  directory: { readonly current: Directory }
  person: JmapPerson
  log: Log
  /** Takes a message to so many recipients from what the person can send (core/access/sending). Absent: no limit. */
  maySend?: (recipients: number) => Promise<MaySend>
  /** Looks at what is sent, before it is. Absent: nobody does. */
  scan?: SubmissionScan
  /** When deliveries are given up. Absent: as core/continuity/retry.ts has it. */
  giveUp?: GiveUp
  now?: () => Date
}

declare const granted: unique symbol
/** An account that the person who asks may open. */
export type Granted = Account & { readonly [granted]: true }

/** One request being worked on. */
export type Run = {
  context: JmapContext
  accounts: readonly Account[]
  /** Creation ids of this request, with the ids they became (RFC 8620 §3.3). */
  createdIds: Map<string, string>
  now: () => Date
}

export async function openRun(context: JmapContext): Promise<Run> {
  return {
    context,
    accounts: await accountsOf(context.db, context.person),
    createdIds: new Map(),
    now: context.now ?? (() => new Date()),
  }
}

/** @throws MethodError accountNotFound */
export function grant(
  run: Pick<Run, 'accounts'>,
  accountId: unknown,
  otherwise: 'accountNotFound' | 'fromAccountNotFound' = 'accountNotFound',
): Granted {
  if (typeof accountId !== 'string') throw new MethodError('invalidArguments', 'accountId')
  const found = run.accounts.find(account => account.id === accountId)
  if (!found) throw new MethodError(otherwise)
  return found as Granted
}

/** All of the person's accounts. */
export function grantAll(run: Pick<Run, 'accounts'>): Granted[] {
  return run.accounts as Granted[]
}
