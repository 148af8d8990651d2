/** Incidents that are over, with how far bringing things back has come and the closing statement: for admins. */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { isId, type Scope, within } from '../queue/scope.ts'
import { addNumbers, type Line, type Numbers, noNumbers } from './statement.ts'

export type IncidentSummary = {
  id: string
  kind: 'incident' | 'period'
  backendId: string
  backend: string
  openedAt: Date
  /** null: it is still open. */
  closedAt: Date | null
  /** When the statements were sent. */
  statedAt: Date | null
  /** When nothing was left to do. */
  settledAt: Date | null
  /** Mailboxes by how far bringing back has come. */
  mailboxes: { due: number; done: number; givenUp: number }
  /** Of all mailboxes together. */
  numbers: Numbers
}

export type MailboxOfIncident = {
  mailboxId: string
  address: string
  state: 'due' | 'done' | 'given-up'
  way: 'imap' | 'delivery' | 'none' | null
  attempts: number
  error: string | null
  numbers: Numbers
}

export type IncidentDetail = IncidentSummary & { people: MailboxOfIncident[] }

/** The newest first. */
export async function listRestorations(db: Executor, scope: Scope, limit = 50): Promise<IncidentSummary[]> {
  return await read(db, scope, sql`true`, limit)
}

/** @returns null when there is none with this id in scope */
export async function showRestoration(
  db: Executor,
  scope: Scope,
  id: string,
): Promise<IncidentDetail | null> {
  if (!isId(id)) return null
  const [found] = await read(db, scope, sql`occasion.id = ${id}`, 1)
  if (!found) return null
  const rows = await db
    .selectFrom('restore')
    .innerJoin('mailbox', 'mailbox.id', 'restore.mailbox_id')
    .leftJoin('statement', join =>
      join
        .onRef('statement.restoration_id', '=', 'restore.restoration_id')
        .onRef('statement.mailbox_id', '=', 'restore.mailbox_id'),
    )
    .select([
      'mailbox.id as mailboxId',
      'mailbox.address',
      'restore.state',
      'restore.way',
      'restore.attempts',
      'restore.error',
      'statement.numbers',
    ])
    .where('restore.restoration_id', '=', id)
    .orderBy('mailbox.address')
    .execute()
  return {
    ...found,
    people: rows
      .map(row => ({ ...row, numbers: { ...noNumbers, ...row.numbers } as Numbers }))
      .filter(
        row => row.state !== 'done' || row.numbers.received + row.numbers.sent + row.numbers.toFile > 0,
      ),
  }
}

async function read(
  db: Executor,
  scope: Scope,
  condition: ReturnType<typeof sql>,
  limit: number,
): Promise<IncidentSummary[]> {
  const { rows } = await sql<{
    id: string
    kind: 'incident' | 'period'
    backend_id: string
    backend: string
    opened_at: Date
    closed_at: Date | null
    stated_at: Date | null
    settled_at: Date | null
    due: number
    done: number
    given_up: number
    numbers: Numbers[] | null
  }>`
    with occasion as (
      select incident.id, 'incident' as kind, incident.backend_id, incident.opened_at, incident.closed_at from incident
      union all
      select restoration.id, restoration.kind, restoration.backend_id, restoration.opened_at, restoration.closed_at
      from restoration where restoration.kind = 'period'
    )
    select occasion.*, backend.name as backend, restoration.stated_at, restoration.settled_at,
      (select count(*)::int from restore where restoration_id = occasion.id and state = 'due') as due,
      (select count(*)::int from restore where restoration_id = occasion.id and state = 'done') as done,
      (select count(*)::int from restore where restoration_id = occasion.id and state = 'given-up') as given_up,
      (select jsonb_agg(numbers) from statement where restoration_id = occasion.id) as numbers
    from occasion join backend on backend.id = occasion.backend_id
    left join restoration on restoration.id = occasion.id
    where ${within(scope, 'backend.organization_id')} and ${condition}
    order by occasion.opened_at desc limit ${limit}`.execute(db)
  return rows.map(row => ({
    id: row.id,
    kind: row.kind,
    backendId: row.backend_id,
    backend: row.backend,
    openedAt: row.opened_at,
    closedAt: row.closed_at,
    statedAt: row.stated_at,
    settledAt: row.settled_at,
    mailboxes: { due: row.due, done: row.done, givenUp: row.given_up },
    numbers: addNumbers(row.numbers ?? []),
  }))
}

export type StatementView = {
  id: string
  mailboxId: string
  address: string
  openedAt: Date
  closedAt: Date
  madeAt: Date
  /** Something may still change. */
  open: boolean
  way: 'imap' | 'delivery' | 'none' | null
  numbers: Numbers
  lines: Line[]
}

/** Statements of mailboxes that the asker may open; of one restoration, or the newest of each mailbox. */
export async function readStatements(
  db: Executor,
  mailboxIds: readonly string[],
  restorationId?: string,
): Promise<StatementView[]> {
  if (mailboxIds.length === 0 || (restorationId !== undefined && !isId(restorationId))) return []
  let query = db
    .selectFrom('statement')
    .innerJoin('restoration', 'restoration.id', 'statement.restoration_id')
    .innerJoin('mailbox', 'mailbox.id', 'statement.mailbox_id')
    .innerJoin('restore', join =>
      join
        .onRef('restore.restoration_id', '=', 'statement.restoration_id')
        .onRef('restore.mailbox_id', '=', 'statement.mailbox_id'),
    )
    .select([
      'restoration.id',
      'statement.mailbox_id as mailboxId',
      'mailbox.address',
      'restoration.opened_at as openedAt',
      'restoration.closed_at as closedAt',
      'statement.made_at as madeAt',
      'restoration.settled_at as settledAt',
      'restore.way',
      'statement.numbers',
      'statement.lines',
    ])
    .where('statement.mailbox_id', 'in', [...mailboxIds])
    .orderBy('restoration.closed_at', 'desc')
    .limit(50)
  if (restorationId !== undefined) query = query.where('restoration.id', '=', restorationId)
  return (await query.execute()).map(({ settledAt, ...row }) => ({
    ...row,
    open: settledAt === null,
    numbers: row.numbers as Numbers,
    lines: row.lines as Line[],
  }))
}

/** Has it looked at once more: changes nothing that is in its place already. @returns how many mailboxes */
export async function restoreAgain(db: Executor, restorationId: string): Promise<number> {
  const again = await db
    .updateTable('restore')
    .set({ state: 'due', next_at: new Date(), attempts: 0, finished_at: null })
    .where('restoration_id', '=', restorationId)
    .executeTakeFirst()
  await db.updateTable('restoration').set({ settled_at: null }).where('id', '=', restorationId).execute()
  return Number(again.numUpdatedRows)
}
