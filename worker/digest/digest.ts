/**
 * The daily mail about new junk, for those whose organization or who themselves want one: at the hour that is
 * set, once a day, and only when there is something new.
 *
 * The mail's id is made from the person and the day: spooled twice, after a crash between spool and row, it is
 * one message, as ingest knows it by its id. It is a notice: without a sender, and nobody's failure.
 */
import { createHash } from 'node:crypto'
import type { Locale } from '@restante/core/db/schema/directory.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import type { Envelope } from '@restante/core/spool/types.ts'
import { sql } from 'kysely'
import { type Loop, loop } from '../loop.ts'
import type { Services } from '../services.ts'
import { composeDigest, type DigestContent } from './compose.ts'

const digests = counter('digests_total', 'Daily mails about new junk that were sent.')

const EVERY = 5 * 60_000
const DAY = 86_400_000
/** People in one query, and lines of one kind in one mail. */
const BATCH = 200
const MOST_LINES = 500

export function startDigest(services: Services): Loop {
  return loop('digest', EVERY, services.log, async () => {
    const now = new Date()
    if (now.getHours() < (services.digestHour ?? 7)) return
    while ((await sendDigests(services, now)) === BATCH);
  })
}

type Reader = {
  id: string
  address: string
  locale: Locale
  organization_id: string | null
  since: Date
}

/** @returns how many people were looked at; call again while it is a whole batch */
export async function sendDigests(
  services: Pick<Services, 'db' | 'spool' | 'hostname' | 'publicUrl' | 'log'>,
  now: Date,
): Promise<number> {
  const { db } = services
  // The machine's own day.
  const day = new Intl.DateTimeFormat('sv-SE').format(now)
  const { rows: readers } = await sql<Reader>`
    select person.id, person.address, person.locale, person.organization_id,
      coalesce((select max(until) from digest where digest.person_id = person.id),
        ${new Date(now.getTime() - DAY)}::timestamptz) as since
    from person left join organization on organization.id = person.organization_id
    where coalesce(person.digest, organization.digest) = 'daily'
      and not exists (select from digest where digest.person_id = person.id and digest.day = ${day}::date)
    order by person.id limit ${BATCH}`.execute(db)
  for (const reader of readers) {
    const content = await contentFor(services, reader, now)
    const id =
      content.junk.length + content.quarantined.length > 0
        ? await send(services, reader, content, day, now)
        : null
    await db
      .insertInto('digest')
      .values({ person_id: reader.id, day, until: now, message_id: id })
      .onConflict(conflict => conflict.doNothing())
      .execute()
  }
  // Yesterday's says from when on the next one tells; older ones say nothing.
  await db
    .deleteFrom('digest')
    .where('until', '<', new Date(now.getTime() - 7 * DAY))
    .execute()
  return readers.length
}

async function contentFor(
  { db }: Pick<Services, 'db'>,
  { id, since }: Reader,
  now: Date,
): Promise<DigestContent> {
  type Row = { sender: string; subject: string; at: Date }
  const [junk, quarantined] = await Promise.all([
    sql<Row>`
      select distinct on (email.received_at, email.id) message.sender, email.subject, email.received_at as at
      from member join email on email.mailbox_id = member.mailbox_id
      join folder on folder.id = email.folder_id and folder.role = 'junk'
      join message on message.id = email.message_id
      join email_recipient er on er.email_id = email.id
      join delivery on delivery.id = er.delivery_id and delivery.hold_reason = 'spam' and delivery.state = 'held'
      where member.person_id = ${id} and email.received_at > ${since} and email.received_at <= ${now}
      order by email.received_at desc, email.id limit ${MOST_LINES}`.execute(db),
    sql<Row>`
      select distinct on (delivery.created_at, delivery.id) message.sender, message.subject, delivery.created_at as at
      from delivery join message on message.id = delivery.message_id
      join recipient on recipient.delivery_id = delivery.id and recipient.state = 'waiting'
      join address on address.address = regexp_replace(lower(recipient.address), '[+][^@]*@', '@')
      join member on member.mailbox_id = address.mailbox_id
      where member.person_id = ${id} and delivery.state = 'held' and delivery.hold_reason = 'quarantine'
        and delivery.created_at > ${since} and delivery.created_at <= ${now}
      order by delivery.created_at desc, delivery.id limit ${MOST_LINES}`.execute(db),
  ])
  return { junk: junk.rows, quarantined: quarantined.rows }
}

async function send(
  { spool, hostname, publicUrl, log }: Pick<Services, 'spool' | 'hostname' | 'publicUrl' | 'log'>,
  reader: Reader,
  content: DigestContent,
  day: string,
  now: Date,
): Promise<string> {
  const id = idOf(reader.id, day)
  const envelope: Envelope = {
    id,
    kind: 'notice',
    sender: '',
    recipients: [{ address: reader.address }],
    receivedAt: now.toISOString(),
    ...(reader.organization_id && { organizationId: reader.organization_id }),
  }
  const { address: to, locale } = reader
  await spool.append(
    envelope,
    composeDigest({ to, host: hostname, url: publicUrl, locale, content, id, now }),
  )
  log.info({ event: 'digest.spooled', id, person: reader.id })
  digests.inc()
  return id
}

/** A UUID of version 8 (RFC 9562 §5.8). */
function idOf(personId: string, day: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(['digest', personId, day]))
    .digest()
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = hash.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )
}
