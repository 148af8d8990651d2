/**
 * Maintenance windows, drills and overrides for some people: times in which continuity is open for a backend, a
 * domain or chosen mailboxes for another reason than what the checks find.
 *
 * Whether one is under way follows from its times alone, so that pages are right while no worker runs; what it
 * does to mail is put into effect by a worker (advancePeriods, once a second). Mail of a whole backend is held
 * by an override that names the period; of a domain or of people by `held_address`, which `begin` looks at
 * (queue/flow.ts). A crash leaves a period opened or closed as a whole.
 */
import { sql } from 'kysely'
import type { Db, Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import { notify } from '../db/notify.ts'
import type { PeriodKind, PeriodMail } from '../db/schema/outages.ts'
import type { Row } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { isId, type Scope, within } from '../queue/scope.ts'
import { countUse } from './drill.ts'
import type { Target } from './period-target.ts'
import { occurrenceFrom, type Rule } from './recurrence.ts'
import { overrideIn } from './store.ts'

export type Period = {
  id: string
  organizationId: string
  kind: PeriodKind
  target: 'backend' | 'domain' | 'people'
  /** Whom it is for, as people read it. */
  name: string
  mail: PeriodMail
  reason: string
  rule: Rule | null
  /** Of the present or next time. */
  startsAt: Date
  /** null: until it is taken back. */
  endsAt: Date | null
  state: 'planned' | 'open' | 'over'
  /** When the last time was over, for good. */
  closedAt: Date | null
  createdBy: string
  report: Record<string, unknown> | null
}

export type NewPeriod = {
  kind: PeriodKind
  target: Target
  mail: PeriodMail
  reason?: string
  /** Who: a person's address, or `cli`. */
  by: string
} & ({ rule: Rule } | { rule?: undefined; startsAt: Date; endsAt: Date | null })

/** @returns null when its rule, or its end, is in the past already */
export async function addPeriod(db: Db, wanted: NewPeriod, now: Date): Promise<Period | null> {
  const times = wanted.rule
    ? occurrenceFrom(wanted.rule, now)
    : { start: wanted.startsAt, end: wanted.endsAt }
  if (!times || (times.end && times.end <= now)) return null
  const { target } = wanted
  const id = newId()
  return await inTransaction(db, async tx => {
    const row = await tx
      .insertInto('period')
      .values({
        id,
        organization_id: target.organizationId,
        kind: wanted.kind,
        backend_id: target.type === 'backend' ? target.id : null,
        domain_id: target.type === 'domain' ? target.id : null,
        name: target.name,
        mail: wanted.mail,
        reason: wanted.reason ?? '',
        rule: wanted.rule ? JSON.stringify(wanted.rule) : null,
        starts_at: times.start,
        ends_at: times.end,
        created_by: wanted.by,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    if (target.type === 'people') {
      await tx
        .insertInto('period_mailbox')
        .values(target.mailboxIds.map(mailbox_id => ({ period_id: id, mailbox_id })))
        .execute()
    }
    // What begins now begins now, not when a worker looks.
    if (row.starts_at <= now) await open(tx, row, now)
    await tellBackends(tx, row)
    return periodOf(row, now)
  })
}

/** Those to come, those under way, and those that were over within the last ninety days; the newest last. */
export async function listPeriods(
  db: Executor,
  scope: Scope,
  filter: { kind?: PeriodKind; id?: string },
  now: Date,
): Promise<Period[]> {
  if (filter.id !== undefined && !isId(filter.id)) return []
  let query = db
    .selectFrom('period')
    .selectAll()
    .where(within(scope, 'period.organization_id'))
    .orderBy('starts_at')
    .limit(500)
  if (filter.kind) query = query.where('kind', '=', filter.kind)
  query = filter.id
    ? query.where('id', '=', filter.id)
    : query.where(({ eb, or }) =>
        or([eb('closed_at', 'is', null), eb('closed_at', '>', new Date(now.getTime() - 90 * 86_400_000))]),
      )
  return (await query.execute()).map(row => periodOf(row, now))
}

/** Ends one for good: what is under way is over, what was to come does not. @returns null when there is none */
export async function endPeriod(db: Db, scope: Scope, id: string, now: Date): Promise<Period | null> {
  if (!isId(id)) return null
  return await inTransaction(db, async tx => {
    const row = await tx
      .selectFrom('period')
      .selectAll()
      .where('id', '=', id)
      .where(within(scope, 'period.organization_id'))
      .forUpdate()
      .executeTakeFirst()
    if (!row) return null
    return row.closed_at ? periodOf(row, now) : periodOf(await close(tx, row, now, true), now)
  })
}

/** Opens what is due and closes what is over. @returns how many changed */
export async function advancePeriods(db: Db, now: Date): Promise<number> {
  const due = await db
    .selectFrom('period')
    .select('id')
    .where('closed_at', 'is', null)
    .where('starts_at', '<=', now)
    .where(({ eb, or }) => or([eb('opened_at', 'is', null), eb('ends_at', '<=', now)]))
    .execute()
  for (const { id } of due) {
    await inTransaction(db, async tx => {
      const row = await tx
        .selectFrom('period')
        .selectAll()
        .where('id', '=', id)
        .where('closed_at', 'is', null)
        .forUpdate()
        .executeTakeFirst()
      if (!row) return
      // No worker looked while it was: it is as if it had not been.
      if (row.ends_at && row.ends_at <= now) await close(tx, row, now, false)
      else if (row.opened_at === null && row.starts_at <= now) await open(tx, row, now)
      else return
      await tellBackends(tx, row)
    })
  }
  return due.length
}

async function open(tx: Executor, row: Row<'period'>, now: Date): Promise<void> {
  const baseline = row.kind === 'drill' ? await countUse(tx, row, now) : null
  await tx
    .updateTable('period')
    .set({ opened_at: now, baseline: baseline && JSON.stringify(baseline) })
    .where('id', '=', row.id)
    .execute()
  if (row.mail !== 'hold') return
  if (row.backend_id) {
    const backend = await tx
      .selectFrom('backend')
      .select(['override', 'override_until', 'override_period'])
      .where('id', '=', row.backend_id)
      .forUpdate()
      .executeTakeFirst()
    // What an admin says goes before what was planned.
    const said = backend?.override && !(backend.override_until && backend.override_until <= now)
    if (said) return
    await overrideIn(
      tx,
      row.backend_id,
      { to: 'down', reason: row.reason || null, until: row.ends_at, by: row.created_by, period: row.id },
      now,
    )
  } else if (row.domain_id) {
    await sql`
      insert into held_address (period_id, address) select ${row.id}::uuid, '@' || name from domain
      where id = ${row.domain_id}::uuid`.execute(tx)
  } else {
    // An address that others have part in is theirs as well.
    await sql`
      insert into held_address (period_id, address)
      select distinct ${row.id}::uuid, address.address from address
      join period_mailbox p on p.mailbox_id = address.mailbox_id and p.period_id = ${row.id}::uuid
      where not exists (select from address other where other.address = address.address and not exists (
        select from period_mailbox q where q.period_id = p.period_id and q.mailbox_id = other.mailbox_id))
      on conflict do nothing`.execute(tx)
  }
}

async function close(tx: Executor, row: Row<'period'>, now: Date, forGood: boolean): Promise<Row<'period'>> {
  const next = forGood || !row.rule ? null : occurrenceFrom(row.rule as Rule, now)
  const report =
    row.kind === 'drill' && row.opened_at
      ? { from: row.opened_at, to: now, ...(await countUse(tx, row, now)) }
      : null
  const saved = await tx
    .updateTable('period')
    .set({
      opened_at: null,
      ...(next
        ? { starts_at: next.start, ends_at: next.end }
        : { closed_at: now, ...(row.ends_at === null || row.ends_at > now ? { ends_at: now } : {}) }),
      baseline: null,
      ...(report && { report: JSON.stringify(report) }),
    })
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow()
  // Backends before deliveries: the order of locks everywhere.
  if (row.backend_id) {
    const backend = await tx
      .selectFrom('backend')
      .select('override_period')
      .where('id', '=', row.backend_id)
      .executeTakeFirst()
    if (backend?.override_period === row.id) {
      const over = { to: null, reason: null, until: null, by: row.kind, period: row.id }
      await overrideIn(tx, row.backend_id, over, now)
    }
    // It is still away though it was to be back: from now on that is news.
    await sql`
      update incident set period_id = null from backend
      where incident.period_id = ${row.id}::uuid and incident.closed_at is null
        and backend.id = incident.backend_id and backend.health in ('down', 'degraded')`.execute(tx)
  }
  if (next && row.opened_at) await keepTime(tx, row, saved.report, now)
  await sql`delete from held_address where period_id = ${row.id}::uuid`.execute(tx)
  // The drain takes them from here, behind live mail.
  await sql`
    update delivery set hold_reason = 'backend', backlog = true
    where state = 'held' and hold_reason = 'period' and not exists (
      select from recipient r join held_address h on h.address in (r.address, '@' || split_part(r.address, '@', 2))
      where r.delivery_id = delivery.id and r.state = 'waiting')`.execute(tx)
  await tellBackends(tx, row)
  return saved
}

/** One time of a period that repeats is over: it stays, as a period of its own, and with it what was done in it. */
async function keepTime(
  tx: Executor,
  row: Row<'period'>,
  report: Row<'period'>['report'],
  now: Date,
): Promise<void> {
  const id = newId()
  await tx
    .insertInto('period')
    .values({
      ...row,
      id,
      rule: null,
      opened_at: null,
      closed_at: now,
      baseline: null,
      report: report && JSON.stringify(report),
    })
    .execute()
  await sql`
    insert into period_mailbox (period_id, mailbox_id)
    select ${id}::uuid, mailbox_id from period_mailbox where period_id = ${row.id}::uuid`.execute(tx)
  await sql`update incident set period_id = ${id}::uuid where period_id = ${row.id}::uuid`.execute(tx)
}

/** Pages follow their backends: theirs are to look again. */
async function tellBackends(tx: Executor, row: Row<'period'>): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    select ${row.backend_id}::uuid as id where ${row.backend_id}::uuid is not null
    union select backend_id from domain where id = ${row.domain_id}::uuid
    union select domain.backend_id from period_mailbox p join mailbox m on m.id = p.mailbox_id
      join domain on domain.name = split_part(m.address, '@', 2) where p.period_id = ${row.id}::uuid`.execute(
    tx,
  )
  for (const { id } of rows) await notify(tx, 'backend', id)
}

export type Underway = {
  id: string
  kind: PeriodKind
  mail: PeriodMail
  reason: string
  startsAt: Date
  endsAt: Date | null
}

/**
 * What is under way for each of these mailboxes; where there are several, the one that holds mail.
 * @returns by mailbox id
 */
export async function periodsOf(
  db: Executor,
  mailboxIds: readonly string[],
  now: Date,
): Promise<Map<string, Underway>> {
  if (mailboxIds.length === 0) return new Map()
  const { rows } = await sql<Underway & { mailboxId: string }>`
    select distinct on (m.id) m.id as "mailboxId", p.id, p.kind, p.mail, p.reason, p.starts_at as "startsAt",
      p.ends_at as "endsAt"
    from period p, mailbox m left join domain d on d.name = split_part(m.address, '@', 2)
    where m.id = any(${[...mailboxIds]}::uuid[]) and p.closed_at is null and p.starts_at <= ${now}
      and (p.ends_at is null or p.ends_at > ${now})
      and (p.backend_id = d.backend_id or p.domain_id = d.id
        or exists (select from period_mailbox pm where pm.period_id = p.id and pm.mailbox_id = m.id))
    order by m.id, p.mail = 'hold' desc, p.kind = 'drill', p.starts_at`.execute(db)
  return new Map(rows.map(({ mailboxId, ...rest }) => [mailboxId, rest]))
}

function periodOf(row: Row<'period'>, now: Date): Period {
  const over = row.closed_at !== null || (row.ends_at !== null && row.ends_at <= now && !row.rule)
  return {
    id: row.id,
    organizationId: row.organization_id,
    kind: row.kind,
    target: row.backend_id ? 'backend' : row.domain_id ? 'domain' : 'people',
    name: row.name,
    mail: row.mail,
    reason: row.reason,
    rule: row.rule as Rule | null,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    state: over ? 'over' : row.starts_at <= now ? 'open' : 'planned',
    closedAt: row.closed_at,
    createdBy: row.created_by,
    report: row.report,
  }
}
