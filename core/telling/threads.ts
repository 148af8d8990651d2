/**
 * Matters as threads: what is observed is held against what is open, and what differs becomes events.
 *
 * Observing is by level, not by edge: whoever missed a beginning (a restart, a crash) finds it at the next look,
 * and what has gone meanwhile is ended then. What ends and begins again within JOIN is the same thread.
 */
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import { notify } from '../db/notify.ts'
import type { Row } from '../db/schema.ts'
import { isId, type Scope, within } from '../queue/scope.ts'
import { type Facts, type Matter, severityOf } from './matters.ts'
import { JOIN } from './plan.ts'

/**
 * @param prefixes of the subjects that were looked for: open threads with one of them that are not among the matters
 * are over
 * @returns how many events there were
 */
export async function observe(
  tx: Executor,
  prefixes: readonly string[],
  matters: readonly Matter[],
  now: Date,
): Promise<number> {
  if (prefixes.length === 0) return 0
  const open = await tx
    .selectFrom('telling_thread')
    .selectAll()
    .where('closed_at', 'is', null)
    .where(({ eb, or }) => or(prefixes.map(prefix => eb('subject', 'like', `${prefix}%`))))
    .execute()
  const bySubject = new Map(open.map(row => [row.subject, row]))
  let events = 0
  for (const matter of matters) {
    const known = bySubject.get(matter.subject)
    bySubject.delete(matter.subject)
    if (known) events += await change(tx, known, matter, now)
    else events += await begin(tx, matter, now)
  }
  for (const row of bySubject.values()) events += await end(tx, row, now)
  return events
}

/** What begins, as it is known to somebody who need not look again and again. */
export async function announce(db: Executor, matter: Matter, now: Date): Promise<void> {
  const known = await db
    .selectFrom('telling_thread')
    .selectAll()
    .where('subject', '=', matter.subject)
    .where('closed_at', 'is', null)
    .executeTakeFirst()
  if (known) await change(db, known, matter, now)
  else await begin(db, matter, now)
  await notify(db, 'telling')
}

/** It is over. Nothing happens when it had not begun. */
export async function announceEnd(db: Executor, subject: string, now: Date): Promise<void> {
  const known = await db
    .selectFrom('telling_thread')
    .selectAll()
    .where('subject', '=', subject)
    .where('closed_at', 'is', null)
    .executeTakeFirst()
  if (!known) return
  await end(db, known, now)
  await notify(db, 'telling')
}

async function begin(tx: Executor, matter: Matter, now: Date): Promise<number> {
  const values = {
    organization_id: matter.organizationId,
    kind: matter.kind,
    severity: severityOf[matter.kind],
    facts: JSON.stringify(matter.facts),
    opened_at: now,
    closed_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
    acknowledged_severity: null,
    silent_until: null,
  }
  const before = await tx
    .selectFrom('telling_thread')
    .select('id')
    .where('subject', '=', matter.subject)
    .where('closed_at', '>', new Date(now.getTime() - JOIN))
    .orderBy('closed_at', 'desc')
    .executeTakeFirst()
  const id = before?.id ?? newId()
  if (before) await tx.updateTable('telling_thread').set(values).where('id', '=', id).execute()
  else {
    const made = await tx
      .insertInto('telling_thread')
      .values({ id, subject: matter.subject, ...values })
      .onConflict(conflict => conflict.column('subject').where('closed_at', 'is', null).doNothing())
      .executeTakeFirst()
    if (!made.numInsertedOrUpdatedRows) return 0
  }
  await record(tx, id, 'begin', matter, now)
  return 1
}

async function change(tx: Executor, row: Row<'telling_thread'>, matter: Matter, now: Date): Promise<number> {
  if (row.kind === matter.kind && same(row.facts, matter.facts)) return 0
  await tx
    .updateTable('telling_thread')
    .set({ kind: matter.kind, severity: severityOf[matter.kind], facts: JSON.stringify(matter.facts) })
    .where('id', '=', row.id)
    .execute()
  if (row.kind === matter.kind) return 0
  await record(tx, row.id, 'change', matter, now)
  return 1
}

async function end(tx: Executor, row: Row<'telling_thread'>, now: Date): Promise<number> {
  const facts = { ...row.facts, until: now.toISOString() } as Facts
  await tx
    .updateTable('telling_thread')
    .set({ closed_at: now, facts: JSON.stringify(facts) })
    .where('id', '=', row.id)
    .execute()
  await record(tx, row.id, 'end', { kind: row.kind as Matter['kind'], facts }, now)
  return 1
}

async function record(
  tx: Executor,
  threadId: string,
  phase: 'begin' | 'change' | 'end',
  { kind, facts }: Pick<Matter, 'kind' | 'facts'>,
  now: Date,
): Promise<void> {
  await tx
    .insertInto('telling_event')
    .values({
      id: newId(),
      thread_id: threadId,
      at: now,
      phase,
      kind,
      severity: severityOf[kind],
      facts: JSON.stringify(facts),
    })
    .execute()
}

const canonical = (facts: object) =>
  JSON.stringify(
    Object.entries(facts)
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
const same = (a: object, b: object) => canonical(a) === canonical(b)

export type ThreadView = {
  id: string
  organizationId: string | null
  kind: string
  severity: number
  facts: Facts
  openedAt: Date
  closedAt: Date | null
  acknowledgedAt: Date | null
  acknowledgedBy: string | null
  silentUntil: Date | null
  /** Messages that were sent of it. */
  sent: number
}

/** Open ones first, then those of the last days, the newest first. */
export async function listThreads(db: Executor, scope: Scope, limit = 30): Promise<ThreadView[]> {
  const rows = await db
    .selectFrom('telling_thread as thread')
    .selectAll('thread')
    .select(eb =>
      eb
        .selectFrom('telling_delivery')
        .select(({ fn }) => fn.countAll<number>().as('sent'))
        .whereRef('telling_delivery.thread_id', '=', 'thread.id')
        .where('telling_delivery.state', '=', 'sent')
        .as('sent'),
    )
    .where(within(scope, 'thread.organization_id'))
    .orderBy(({ eb }) => eb('thread.closed_at', 'is not', null))
    .orderBy('thread.opened_at', 'desc')
    .limit(limit)
    .execute()
  return rows.map(row => ({
    id: row.id,
    organizationId: row.organization_id,
    kind: row.kind,
    severity: row.severity,
    facts: row.facts as Facts,
    openedAt: row.opened_at,
    closedAt: row.closed_at,
    acknowledgedAt: row.acknowledged_at,
    acknowledgedBy: row.acknowledged_by,
    silentUntil: row.silent_until,
    sent: Number(row.sent ?? 0),
  }))
}

/**
 * Somebody knows of it: it is neither repeated nor escalated, unless it gets worse. Silent for `minutes`, it is not
 * even told when it does. The end is told in any case. @returns whether there was such an open thread
 */
export async function acknowledge(
  db: Executor,
  scope: Scope,
  id: string,
  by: string,
  minutes: number | null,
  now: Date,
): Promise<boolean> {
  if (!isId(id)) return false
  const result = await db
    .updateTable('telling_thread')
    .set(eb => ({
      acknowledged_at: now,
      acknowledged_by: by,
      acknowledged_severity: eb.ref('severity'),
      ...(minutes !== null && { silent_until: new Date(now.getTime() + minutes * 60_000) }),
    }))
    .where('id', '=', id)
    .where('closed_at', 'is', null)
    .where(within(scope, 'organization_id'))
    .executeTakeFirst()
  return Number(result.numUpdatedRows) > 0
}
