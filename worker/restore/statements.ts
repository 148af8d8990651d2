/**
 * Closes a restoration: when all that can be done has been done, or it has taken an hour, each mailbox's statement
 * is computed and kept, and told by mail to its person and to the organization's admins, once. While something is
 * left to do the kept statement follows.
 *
 * Nobody is bothered for a server that was away for a minute and in which they did nothing here. A mail's id is
 * made from what it is about: spooled again after a crash, ingest knows it.
 */
import { createHash } from 'node:crypto'
import { addNumbers, isWorthTelling, type Numbers } from '@restante/core/continuity/statement.ts'
import { computeStatement, keepStatement } from '@restante/core/continuity/statement-store.ts'
import { statementText } from '@restante/core/continuity/statement-words.ts'
import type { Locale } from '@restante/core/db/schema/directory.ts'
import type { Row } from '@restante/core/db/schema.ts'
import { compose } from '@restante/core/mail/compose.ts'
import type { Envelope } from '@restante/core/spool/types.ts'
import type { Services } from '../services.ts'

/** How long a statement waits for what is still to be done, in ms. */
const STATED_AFTER = 3_600_000
/** An incident as short as this is told only to those who did something here, in ms. */
const SHORT = 15 * 60_000
/** A statement no longer follows what happens, in ms. */
const SETTLED_AFTER = 7 * 86_400_000
/** How often what is left is counted again, in ms. */
const AGAIN = 60_000

type Tools = Pick<Services, 'db' | 'spool' | 'hostname' | 'log' | 'publicUrl'>

/** When each was counted last, and whether something was still to be done then. */
const counted = new Map<string, { at: number; due: boolean }>()

export async function closeRestorations(tools: Tools, now: Date): Promise<void> {
  const { db } = tools
  const open = await db.selectFrom('restoration').selectAll().where('settled_at', 'is', null).execute()
  for (const restoration of open) {
    const due = await db
      .selectFrom('restore')
      .select('mailbox_id')
      .where('restoration_id', '=', restoration.id)
      .where('state', '=', 'due')
      .limit(1)
      .executeTakeFirst()
    const age = now.getTime() - restoration.closed_at.getTime()
    if (due && age < STATED_AFTER && restoration.stated_at === null) continue
    const last = counted.get(restoration.id)
    const finished = last?.due === true && !due
    if (restoration.stated_at !== null && last && !finished && now.getTime() - last.at < AGAIN) continue
    counted.set(restoration.id, { at: now.getTime(), due: due !== undefined })
    const statements = await count(tools, restoration.id, now)
    if (restoration.stated_at === null) await tell(tools, restoration, statements, now)
    const unsettled = statements.some(
      ({ numbers }) => numbers.waiting + numbers.sentWaiting + numbers.filing > 0,
    )
    const settled = (!due && !unsettled) || age > SETTLED_AFTER
    if (settled) counted.delete(restoration.id)
    await db
      .updateTable('restoration')
      .set({ stated_at: restoration.stated_at ?? now, settled_at: settled ? now : null })
      .where('id', '=', restoration.id)
      .execute()
  }
}

type Counted = { mailboxId: string; numbers: Numbers }

async function count({ db }: Tools, restorationId: string, now: Date): Promise<Counted[]> {
  const mailboxes = await db
    .selectFrom('restore')
    .select('mailbox_id')
    .where('restoration_id', '=', restorationId)
    .orderBy('mailbox_id')
    .execute()
  const all: Counted[] = []
  for (const { mailbox_id: mailboxId } of mailboxes) {
    const statement = await computeStatement(db, restorationId, mailboxId)
    if (!statement || !isWorthTelling(statement.numbers)) continue
    await keepStatement(db, statement, now)
    all.push({ mailboxId, numbers: statement.numbers })
  }
  return all
}

function concerns(numbers: Numbers, length: number): boolean {
  if (length >= SHORT) return isWorthTelling(numbers)
  return numbers.sent + numbers.toFile + numbers.deleted + numbers.failed > 0
}

async function tell(
  tools: Tools,
  restoration: Row<'restoration'>,
  statements: readonly Counted[],
  now: Date,
): Promise<void> {
  const { db, log } = tools
  const { id, opened_at: openedAt, closed_at: closedAt } = restoration
  const length = closedAt.getTime() - openedAt.getTime()
  const people = await db
    .selectFrom('mailbox')
    .innerJoin('person', 'person.address', 'mailbox.address')
    .select(['mailbox.id', 'person.address', 'person.locale'])
    .where('mailbox.organization_id', '=', restoration.organization_id)
    .execute()
  const byMailbox = new Map(people.map(person => [person.id, person]))
  const base = tools.publicUrl ?? `https://${tools.hostname}`
  let told = 0
  for (const { mailboxId, numbers } of statements) {
    const person = byMailbox.get(mailboxId)
    if (!person || !concerns(numbers, length)) continue
    const url = `${base}/statements/${id}`
    await send(
      tools,
      restoration,
      person,
      statementText({ openedAt, closedAt, numbers, url }, person.locale),
      now,
    )
    told++
  }
  const total = addNumbers(statements.map(statement => statement.numbers))
  if (concerns(total, length)) await tellAdmins(tools, restoration, statements, total, base, now)
  log.info({ event: 'restore.stated', restoration: id, mailboxes: statements.length, told, ...total })
}

async function tellAdmins(
  tools: Tools,
  restoration: Row<'restoration'>,
  statements: readonly Counted[],
  numbers: Numbers,
  base: string,
  now: Date,
): Promise<void> {
  const { db } = tools
  const { id, opened_at: openedAt, closed_at: closedAt, organization_id: organizationId } = restoration
  const admins = await db
    .selectFrom('person')
    .select(['address', 'locale'])
    .where('organization_id', '=', organizationId)
    .where('role', '=', 'admin')
    .execute()
  if (admins.length === 0) return
  const backend = await db
    .selectFrom('backend')
    .select('name')
    .where('id', '=', restoration.backend_id)
    .executeTakeFirstOrThrow()
  const addresses = new Map(
    (
      await db
        .selectFrom('mailbox')
        .select(['id', 'address'])
        .where('organization_id', '=', organizationId)
        .execute()
    ).map(row => [row.id, row.address]),
  )
  const trouble = statements
    .filter(({ numbers: own }) => own.failed + own.sentFailed + own.notFiled > 0)
    .slice(0, 50)
    .map(one => ({ address: addresses.get(one.mailboxId) ?? one.mailboxId, numbers: one.numbers }))
  const about = {
    openedAt,
    closedAt,
    numbers,
    url: `${base}/admin/incidents/${id}`,
    admin: { server: backend.name, mailboxes: statements.length, trouble },
  }
  for (const admin of admins) {
    await send(tools, restoration, admin, statementText(about, admin.locale), now, 'admin')
  }
}

async function send(
  { spool, hostname }: Tools,
  restoration: Row<'restoration'>,
  person: { address: string; locale: Locale },
  { subject, text }: { subject: string; text: string },
  now: Date,
  purpose = 'person',
): Promise<void> {
  const id = idOf([purpose, restoration.id, person.address])
  const content = await compose({
    from: [{ name: 'Restante', email: `MAILER-DAEMON@${hostname}` }],
    to: [{ name: null, email: person.address }],
    subject,
    date: now,
    messageId: `${id}@${hostname}`,
    // RFC 3834 §5: whoever answers automatically must not answer this.
    headers: [
      { name: 'Auto-Submitted', value: 'auto-generated' },
      { name: 'Content-Language', value: person.locale },
    ],
    text,
  })
  const envelope: Envelope = {
    id,
    kind: 'notice',
    sender: '',
    recipients: [{ address: person.address }],
    receivedAt: now.toISOString(),
    body: '8BITMIME',
    organizationId: restoration.organization_id,
  }
  await spool.append(envelope, content)
}

/** A UUID of version 8 (RFC 9562 §5.8). */
function idOf(of: readonly string[]): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(['closing statement', ...of]))
    .digest()
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = hash.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )
}
