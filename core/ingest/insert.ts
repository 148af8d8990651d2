/**
 * A batch of messages as rows: message, deliveries with their recipients, and an e-mail in each mailbox.
 *
 * Runs in one transaction and is idempotent: a message that is there already is left as it is (only where it
 * stands in the spool is set right). Locks in the order that everybody keeps: backends, then mailboxes.
 */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import type { RecipientState, ScanHold } from '../db/schema/delivery.ts'
import type { NewRow, Row } from '../db/schema.ts'
import { type Begun, LEASE, type Takers } from '../queue/attempts.ts'
import { effectiveHealth, mayFlow } from '../queue/flow.ts'
import type { Enqueued } from '../queue/names.ts'
import { touchMessages } from '../queue/touch.ts'
import type { Disposition, EnvelopeRecipient } from '../spool/types.ts'
import { insertEmails } from './insert-emails.ts'
import { type Notes, noNotes, type SettledNote } from './notes.ts'
import type { PlannedDelivery } from './plan.ts'
import { chunks, fromJson, insertRows, type LockedMailbox, type Prepared } from './rows.ts'

export type Inserted = {
  /** Messages that were new. */
  messages: number
  /** Deliveries that can be tried now, in the order of their messages. */
  queued: Enqueued[]
  /** Those that were begun with their rows, in the same order. */
  begun: Begun[]
}

export async function insertMessages(
  tx: Executor,
  prepared: readonly Prepared[],
  now: Date,
  notes: Notes = noNotes,
  takers?: Pick<Takers, 'numberFor'>,
): Promise<Inserted> {
  const wanted = prepared.filter(({ envelope }) => !notes.removed.has(envelope.id))
  const backends = await lockBackends(tx, wanted)
  const organizations = await existing(tx, 'organization', organizationIds(wanted))
  const mailboxes = await lockMailboxes(tx, wanted)
  const fresh = await insertMessageRows(tx, wanted, organizations)
  const rows = wanted.filter(({ envelope }) => fresh.has(envelope.id))
  const made = await insertParts(tx, rows, { backends, organizations, mailboxes, now, notes, takers })
  return { messages: rows.length, ...made }
}

/**
 * What was to go out later goes out: what its plan makes, for a message whose row is there. Its sender's copy is
 * made of the draft, if that is still one.
 * @returns null when it does not wait (any more): somebody sent it, or took it back
 */
export async function insertDue(tx: Executor, one: Prepared, now: Date): Promise<Enqueued[] | null> {
  const { envelope, plan } = one
  const backends = await lockBackends(tx, [one])
  const organizations = await existing(tx, 'organization', organizationIds([one]))
  const mailboxes = await lockMailboxes(tx, [one])
  const waiting = await tx
    .updateTable('submission')
    .set({ undo_status: 'final' })
    .where('message_id', '=', envelope.id)
    .where('undo_status', '=', 'pending')
    .where('send_at', '<=', now)
    .returning('id')
    .execute()
  if (waiting.length === 0) return null
  await tx
    .updateTable('message')
    .set({ received_at: envelope.receivedAt, envelope: JSON.stringify({ ...envelope, scan: undefined }) })
    .where('id', '=', envelope.id)
    .execute()
  const draft = await tx
    .selectFrom('email')
    .innerJoin('folder', 'folder.id', 'email.folder_id')
    .select('email.id')
    .where('email.id', '=', envelope.copy?.emailId ?? null)
    .where('folder.role', '=', 'drafts')
    .executeTakeFirst()
  const emails = plan.emails.filter(email => !email.copy || draft)
  const rows = [{ ...one, plan: { ...plan, emails } }]
  const { queued } = await insertParts(tx, rows, { backends, organizations, mailboxes, now, notes: noNotes })
  await touchMessages(tx, [envelope.id])
  return queued
}

/** Deliveries and e-mails of messages that have their rows. */
async function insertParts(
  tx: Executor,
  rows: readonly Prepared[],
  of: {
    backends: Awaited<ReturnType<typeof lockBackends>>
    organizations: ReadonlySet<string>
    mailboxes: ReadonlyMap<string, LockedMailbox>
    now: Date
    notes: Notes
    takers?: Pick<Takers, 'numberFor'> | undefined
  },
): Promise<Omit<Inserted, 'messages'>> {
  const { backends, organizations, mailboxes, now, notes, takers } = of
  const deliveries: NewRow<'delivery'>[] = []
  const recipients: NewRow<'recipient'>[] = []
  const queued: Enqueued[] = []
  const begun: Begun[] = []
  const mayBegin = takers && !backends.somethingHeld ? takers : undefined
  const links = new Map<string, Map<string, string>>()
  for (const one of rows) {
    const noted = notes.recipients.get(one.envelope.id)
    for (const planned of one.plan.deliveries) {
      const made = deliveryRows(one, planned, backends.byId, organizations, noted, now)
      deliveries.push(made.delivery)
      recipients.push(...made.recipients)
      const byAddress = links.get(one.envelope.id) ?? new Map<string, string>()
      for (const { address } of planned.recipients) byAddress.set(address, made.delivery.id)
      links.set(one.envelope.id, byAddress)
      if (made.delivery.state !== 'queued') continue
      const { id, backend_id: backendId = null, organization_id: organizationId = null } = made.delivery
      const { destination } = planned
      const by = mayBegin?.numberFor({ backendId, organizationId, destination }) ?? null
      if (by === null) queued.push({ id, backendId, backlog: false })
      else begun.push(beginAtBirth(one, made, by, now))
    }
  }
  await insertRows(tx, 'delivery', deliveries)
  await insertRows(tx, 'recipient', recipients)
  await insertEmails(tx, rows, mailboxes, links, notes)
  return { queued, begun }
}

type Backend = Pick<Row<'backend'>, 'id' | 'health' | 'override' | 'override_until'>

/**
 * Shared, so that no backend changes its health between our look at it and our commit.
 * @returns them, and whether any address's mail is held by a period
 */
async function lockBackends(
  tx: Executor,
  prepared: readonly Prepared[],
): Promise<{ byId: Map<string, Backend>; somethingHeld: boolean }> {
  const ids = new Set(prepared.flatMap(({ plan }) => plan.deliveries.flatMap(d => d.backendId ?? [])))
  const held = sql<boolean>`exists (select from held_address)`.as('held')
  if (ids.size === 0) {
    const row = await tx.selectNoFrom(held).executeTakeFirst()
    return { byId: new Map(), somethingHeld: row?.held ?? false }
  }
  const rows = await tx
    .selectFrom('backend')
    .select(['id', 'health', 'override', 'override_until'])
    .select(held)
    .where('id', 'in', [...ids])
    .orderBy('id')
    .forShare()
    .execute()
  return { byId: new Map(rows.map(row => [row.id, row])), somethingHeld: rows.some(row => row.held) }
}

/** The mailboxes of planned e-mails, in the order of their ids. */
export async function lockMailboxes(
  tx: Executor,
  prepared: readonly Prepared[],
): Promise<Map<string, LockedMailbox>> {
  const ids = [...new Set(prepared.flatMap(({ plan }) => plan.emails.map(email => email.mailboxId)))]
  if (ids.length === 0) return new Map()
  const rows = await tx
    .selectFrom('mailbox')
    .select(['id', 'modseq'])
    .where('id', 'in', ids)
    .orderBy('id')
    .forUpdate()
    .execute()
  const folders = await tx
    .selectFrom('folder')
    .select(['id', 'mailbox_id', 'role'])
    .where('mailbox_id', 'in', ids)
    .where('role', 'is not', null)
    .execute()
  const byMailbox = Map.groupBy(folders, folder => folder.mailbox_id)
  return new Map(
    rows.map(row => [
      row.id,
      {
        id: row.id,
        modseq: row.modseq + 1,
        folders: new Map((byMailbox.get(row.id) ?? []).map(folder => [folder.role!, folder.id])),
      },
    ]),
  )
}

function organizationIds(prepared: readonly Prepared[]): string[] {
  return prepared.flatMap(({ plan }) => [
    ...(plan.organizationId ? [plan.organizationId] : []),
    ...plan.deliveries.flatMap(delivery => delivery.organizationId ?? []),
  ])
}

/** The directory in memory can name what was removed a moment ago. */
async function existing(tx: Executor, table: 'organization', ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await tx
    .selectFrom(table)
    .select('id')
    .where('id', 'in', [...new Set(ids)])
    .execute()
  return new Set(rows.map(row => row.id))
}

/** @returns the ids of those that were not there yet */
async function insertMessageRows(
  tx: Executor,
  prepared: readonly Prepared[],
  organizations: ReadonlySet<string>,
): Promise<Set<string>> {
  const fresh = new Set<string>()
  const unique = [...new Map(prepared.map(one => [one.envelope.id, one])).values()]
  for (const chunk of chunks(unique)) {
    const rows = chunk.map(one => messageRow(one, organizations))
    const inserted = await sql<{ id: string; inserted: boolean }>`
      insert into message ${fromJson('message', rows)}
      on conflict (id) do update set segment = excluded.segment, position = excluded.position
      returning id, xmax = 0 as inserted`.execute(tx)
    for (const row of inserted.rows) if (row.inserted) fresh.add(row.id)
  }
  return fresh
}

function messageRow(
  { envelope, location, size, summary, plan }: Prepared,
  organizations: ReadonlySet<string>,
): NewRow<'message'> {
  return {
    id: envelope.id,
    organization_id: known(plan.organizationId, organizations),
    kind: envelope.kind,
    sender: envelope.sender,
    size,
    received_at: envelope.receivedAt,
    client: envelope.client ?? {},
    // What the scan found has its own column.
    envelope: { ...envelope, scan: undefined },
    segment: location.segment,
    position: location.position,
    header_message_id: summary?.messageIds[0] ?? null,
    subject: summary?.subject ?? '',
    scan: envelope.scan ?? null,
  }
}

const known = (id: string | null, ids: ReadonlySet<string>) => (id !== null && ids.has(id) ? id : null)

const HELD = { junk: 'spam', quarantine: 'quarantine', unscanned: 'scan' } as const satisfies Record<
  Disposition,
  ScanHold
>

type Made = { delivery: NewRow<'delivery'> & { id: string }; recipients: NewRow<'recipient'>[] }

function deliveryRows(
  { envelope }: Prepared,
  planned: PlannedDelivery,
  backends: ReadonlyMap<string, Backend>,
  organizations: ReadonlySet<string>,
  notes: ReadonlyMap<string, SettledNote> | undefined,
  now: Date,
): Made {
  const id = newId()
  const backend = planned.backendId === null ? undefined : backends.get(planned.backendId)
  const orphaned = planned.orphaned || (planned.backendId !== null && !backend)
  const recipients = planned.recipients.map(recipient => recipientRow(id, recipient, notes))
  const settled = settledAs(recipients)
  const away = backend !== undefined && !mayFlow(effectiveHealth(backend, now))
  const reason = orphaned
    ? 'admin'
    : planned.disposition
      ? HELD[planned.disposition]
      : away
        ? 'backend'
        : null
  const state = settled?.state ?? (reason ? 'held' : 'queued')
  return {
    delivery: {
      id,
      message_id: envelope.id,
      organization_id: known(planned.organizationId, organizations),
      backend_id: backend?.id ?? null,
      destination: planned.destination,
      state,
      hold_reason: state === 'held' ? reason : null,
      backlog: state === 'held' && reason === 'backend',
      attempts: 0,
      created_at: envelope.receivedAt,
      last_attempt_at: null,
      leased_until: null,
      leased_by: null,
      settled_at: settled?.at ?? null,
      outcome: null,
    },
    recipients,
  }
}

/** The row gets its lease and its first attempt before it is written: as `beginMany` would have left it. */
function beginAtBirth(
  { envelope, location, size, summary }: Prepared,
  { delivery, recipients }: Made,
  by: number,
  now: Date,
): Begun {
  delivery.attempts = 1
  delivery.last_attempt_at = now.toISOString()
  delivery.leased_until = new Date(now.getTime() + LEASE).toISOString()
  delivery.leased_by = by
  return {
    deliveryId: delivery.id,
    number: 1,
    backendId: delivery.backend_id ?? null,
    organizationId: delivery.organization_id ?? null,
    destination: delivery.destination,
    backlog: false,
    createdAt: new Date(envelope.receivedAt),
    message: {
      id: envelope.id,
      kind: envelope.kind,
      sender: envelope.sender,
      size,
      receivedAt: new Date(envelope.receivedAt),
      envelope,
      location,
      headerMessageId: summary?.messageIds[0] ?? null,
      subject: summary?.subject ?? '',
    },
    recipients: recipients
      .filter(recipient => recipient.state === 'waiting')
      .map(({ address, original = null, notify = null }) => ({ address, original, notify }))
      .sort((a, b) => (a.address < b.address ? -1 : 1)),
  }
}

function recipientRow(
  deliveryId: string,
  recipient: EnvelopeRecipient,
  notes: ReadonlyMap<string, SettledNote> | undefined,
): NewRow<'recipient'> {
  const note = notes?.get(recipient.address)
  const settled = note && note.state !== 'reopened' ? { state: note.state, at: note.at } : null
  return {
    delivery_id: deliveryId,
    address: recipient.address,
    original: recipient.original ?? null,
    notify: recipient.notify ?? null,
    state: settled?.state ?? 'waiting',
    outcome: null,
    settled_at: settled?.at ?? null,
  }
}

/** The rule of core/queue for a delivery none of whose recipients waits; null while one does. */
function settledAs(
  recipients: readonly NewRow<'recipient'>[],
): { state: 'delivered' | 'failed' | 'cancelled'; at: string } | null {
  const states = new Set<RecipientState | undefined>(recipients.map(recipient => recipient.state))
  if (states.has('waiting')) return null
  const at = recipients
    .map(recipient => String(recipient.settled_at))
    .sort()
    .at(-1)!
  return { state: states.has('failed') ? 'failed' : states.has('delivered') ? 'delivered' : 'cancelled', at }
}
