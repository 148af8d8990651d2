/**
 * One round of planning: for each thread and each channel that it concerns, what the plan says is written down as a
 * delivery, which the worker then sends. The key of a delivery names the message: planned twice, it is one row.
 *
 * Only one process plans at a time; the others find the lock taken and go on.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import type { Row } from '../db/schema.ts'
import { type Facts, isKind, opensWebmail, type Severity } from './matters.ts'
import { type Listener, next, type Told } from './plan.ts'
import { readPolicy } from './policy.ts'

/** Messages to one channel of all threads within BURST_TIME; what is more waits and is told together. */
export const BURST = 10
export const BURST_TIME = 10 * 60_000
/** Owed ends are looked for this long. */
const LOOK_BACK = 2 * 86_400_000
const MINUTE = 60_000
/** Any number that nothing else in the database uses. */
const LOCK = 7_346_210_10

/** Whether this transaction is the one that plans. */
export async function takeTurn(tx: Executor): Promise<boolean> {
  const { rows } = await sql<{
    mine: boolean
  }>`select pg_try_advisory_xact_lock(${sql.lit(LOCK)}) as mine`.execute(tx)
  return rows[0]?.mine ?? false
}

/** @returns how many messages became due */
export async function planRound(tx: Executor, now: Date): Promise<number> {
  const { rows: threads } = await sql<Row<'telling_thread'>>`
    select * from telling_thread t
    where closed_at is null or (closed_at > ${new Date(now.getTime() - LOOK_BACK)} and exists (
      select from telling_delivery d where d.thread_id = t.id and d.what <> 'end' and not exists (
        select from telling_delivery e where e.thread_id = d.thread_id and e.channel_id = d.channel_id
          and e.what = 'end' and e.created_at >= d.created_at)))
    order by opened_at limit 500`.execute(tx)
  if (threads.length === 0) return 0
  const busy = await busyChannels(tx, now)
  let count = 0
  for (const thread of threads) count += await planThread(tx, thread, busy, now)
  return count
}

type Concerned = { id: string; stage: number; audience: 'admin' | 'person' }

async function planThread(
  tx: Executor,
  row: Row<'telling_thread'>,
  busy: Map<string, number>,
  now: Date,
): Promise<number> {
  if (!isKind(row.kind)) return 0
  const { kind } = row
  const policy = await readPolicy(tx, row.organization_id)
  const channels = await concerned(tx, row, policy.people)
  const told = await toldBy(tx, row.id)
  const thread = {
    kind,
    severity: row.severity as Severity,
    openedAt: row.opened_at.getTime(),
    closedAt: row.closed_at?.getTime() ?? null,
    acknowledged: row.acknowledged_severity as Severity | null,
    silentUntil: row.silent_until?.getTime() ?? null,
  }
  const organization = row.organization_id
    ? await tx
        .selectFrom('organization')
        .select('name')
        .where('id', '=', row.organization_id)
        .executeTakeFirst()
    : undefined
  const due = []
  for (const channel of channels) {
    const heard = told.get(channel.id) ?? []
    const listener: Listener = {
      audience: channel.audience,
      stage: channel.stage === 2 ? 2 : 1,
      told: heard,
    }
    const times = { repeat: policy.repeatMinutes * MINUTE, escalate: policy.escalateMinutes * MINUTE }
    const what = next(thread, listener, times, now.getTime())
    if (!what) continue
    const sent = busy.get(channel.id) ?? 0
    // What is over is told in any case: there is one of it for each that was told.
    if (what !== 'end' && sent >= BURST) continue
    busy.set(channel.id, sent + 1)
    due.push({
      id: newId(),
      channel_id: channel.id,
      thread_id: row.id,
      what,
      severity: row.severity,
      key: `${row.id}:${channel.id}:${what}:${heard.length}`,
      payload: JSON.stringify({
        type: 'news',
        what,
        audience: channel.audience,
        kind,
        facts: row.facts as Facts,
        thread: row.id,
        organization: organization?.name ?? null,
      }),
      state: 'due' as const,
      created_at: now,
      next_at: now,
    })
  }
  for (let from = 0; from < due.length; from += 500) {
    await tx
      .insertInto('telling_delivery')
      .values(due.slice(from, from + 500))
      .onConflict(conflict => conflict.column('key').doNothing())
      .execute()
  }
  const ends = due.filter(one => one.what === 'end').map(one => one.channel_id)
  if (ends.length > 0) {
    // Who has not heard yet that it began, hears of both in one.
    await tx
      .updateTable('telling_delivery')
      .set({ state: 'dropped', settled_at: now })
      .where('thread_id', '=', row.id)
      .where('channel_id', 'in', ends)
      .where('what', '!=', 'end')
      .where('state', '=', 'due')
      .execute()
  }
  return due.length
}

/**
 * The organization's channels; the own contacts of its admins (or, for the installation, of its operators); and,
 * where the webmail opens, the contacts of those for whom it does.
 */
async function concerned(tx: Executor, row: Row<'telling_thread'>, people: boolean): Promise<Concerned[]> {
  const { rows } = await sql<Concerned>`
    select channel.id, channel.stage, 'admin' as audience
    from telling_channel channel left join person on person.id = channel.person_id
    where channel.confirmed_at is not null
      and channel.organization_id is not distinct from ${row.organization_id}::uuid
      and (channel.person_id is null or person.role in ('admin', 'operator'))`.execute(tx)
  if (!people || !isKind(row.kind) || !opensWebmail(row.kind)) return rows
  const facts = row.facts as Facts
  const of = facts.periodId
    ? sql`exists (select from period p where p.id = ${facts.periodId}::uuid
        and (p.backend_id = domain.backend_id or p.domain_id = domain.id
          or exists (select from period_mailbox m where m.period_id = p.id and m.mailbox_id = mailbox.id)))`
    : sql`domain.backend_id = ${facts.backendId ?? null}::uuid`
  const { rows: affected } = await sql<Concerned>`
    select channel.id, 1 as stage, 'person' as audience
    from telling_channel channel join person on person.id = channel.person_id and person.role = 'user'
    join mailbox on mailbox.address = person.address
    join domain on domain.name = split_part(person.address, '@', 2)
    where channel.confirmed_at is not null and person.organization_id = ${row.organization_id}::uuid
      and ${of}`.execute(tx)
  return [...rows, ...affected]
}

async function toldBy(tx: Executor, threadId: string): Promise<Map<string, Told[]>> {
  const rows = await tx
    .selectFrom('telling_delivery')
    .select(['channel_id', 'what', 'created_at', 'severity'])
    .where('thread_id', '=', threadId)
    .orderBy('created_at')
    // Of one moment: what had to be over before something else begins.
    .orderBy('id')
    .execute()
  const told = new Map<string, Told[]>()
  for (const { channel_id, what, created_at, severity } of rows) {
    if (what !== 'begin' && what !== 'worse' && what !== 'repeat' && what !== 'end') continue
    const list = told.get(channel_id) ?? []
    list.push({ what, at: created_at.getTime(), severity: severity as Severity })
    told.set(channel_id, list)
  }
  return told
}

async function busyChannels(tx: Executor, now: Date): Promise<Map<string, number>> {
  const rows = await tx
    .selectFrom('telling_delivery')
    .select(['channel_id', sql<number>`count(*)::int`.as('count')])
    .where('thread_id', 'is not', null)
    .where('what', '!=', 'end')
    .where('created_at', '>', new Date(now.getTime() - BURST_TIME))
    .groupBy('channel_id')
    .execute()
  return new Map(rows.map(row => [row.channel_id, row.count]))
}
