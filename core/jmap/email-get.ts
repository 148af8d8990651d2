/** Email/get, Email/parse (RFC 8621 §4.2, §4.9) and Thread/get, /changes (§3). */
import { sql } from 'kysely'
import { z } from 'zod'
import type { Executor } from '../db/connection.ts'
import type { Row } from '../db/schema.ts'
import { inSnapshot } from '../db/transaction.ts'
import { readStructure } from '../mail/structure.ts'
import { summaryOf } from '../mail/summary.ts'
import { SpoolError } from '../spool/types.ts'
import {
  type Arguments,
  changesArguments,
  getArguments,
  isUuid,
  pick,
  read,
  unsignedInt,
} from './arguments.ts'
import { openBlob } from './blob.ts'
import { type Granted, grant, type Run } from './context.ts'
import { deliveryOf } from './delivery.ts'
import {
  type BodyOptions,
  CONTENT_PROPERTIES,
  checkBodyProperties,
  contentView,
  DEFAULT_PART_PROPERTIES,
  DEFAULT_PROPERTIES,
  parseHeaderProperty,
  ROW_PROPERTIES,
  rowView,
  utc,
} from './email-view.ts'
import { MethodError } from './errors.ts'
import { CORE_LIMITS, MAX_CHANGES } from './limits.ts'
import { createdId } from './references.ts'
import { type Change, changesOf, currentModseq, lowerBound, parseState, stateOf } from './state.ts'

const bodyArguments = z.object({
  bodyProperties: z.array(z.string()).nullish(),
  fetchTextBodyValues: z.boolean().nullish(),
  fetchHTMLBodyValues: z.boolean().nullish(),
  fetchAllBodyValues: z.boolean().nullish(),
  maxBodyValueBytes: unsignedInt.nullish(),
})

function bodyOptions(given: Arguments): BodyOptions {
  const asked = read(bodyArguments, given)
  const bodyProperties = asked.bodyProperties ?? DEFAULT_PART_PROPERTIES
  checkBodyProperties(bodyProperties)
  return {
    bodyProperties,
    fetchTextBodyValues: asked.fetchTextBodyValues ?? false,
    fetchHTMLBodyValues: asked.fetchHTMLBodyValues ?? false,
    fetchAllBodyValues: asked.fetchAllBodyValues ?? false,
    maxBodyValueBytes: asked.maxBodyValueBytes ?? 0,
  }
}

function wantedProperties(asked: readonly string[] | null | undefined): Set<string> {
  const wanted = new Set(['id', ...(asked ?? DEFAULT_PROPERTIES)])
  for (const name of wanted) {
    if ((ROW_PROPERTIES as readonly string[]).includes(name)) continue
    if ((CONTENT_PROPERTIES as readonly string[]).includes(name)) continue
    if (!name.startsWith('header:')) throw new MethodError('invalidArguments', `properties: ${name}`)
    parseHeaderProperty(name)
  }
  return wanted
}

const needsContent = (wanted: ReadonlySet<string>) =>
  [...wanted].some(
    name => name.startsWith('header:') || (CONTENT_PROPERTIES as readonly string[]).includes(name),
  )

/** Messages read from the spool at the same time for one call. */
const READS = 4

export async function emailGet(given: Arguments, run: Run) {
  const { accountId, ids, properties } = read(getArguments, given)
  const account = grant(run, accountId)
  const wanted = wantedProperties(properties)
  const options = bodyOptions(given)
  if (!ids || ids.length > CORE_LIMITS.maxObjectsInGet) throw new MethodError('requestTooLarge')
  const asked = [...new Set(ids.map(id => createdId(id, run.createdIds) ?? id))]
  const { rows, state, delivery } = await inSnapshot(run.context.db, async tx => ({
    rows: await emailRows(tx, account, asked),
    state: stateOf(await currentModseq(tx, account)),
    delivery: wanted.has('restante:delivery') ? await deliveryOf(tx, account, asked.filter(isUuid)) : null,
  }))
  const byId = new Map(rows.map(row => [row.id, row]))
  const found = asked.flatMap(id => byId.get(id) ?? [])
  const contents = needsContent(wanted) ? await contentViews(run, found, wanted, options) : null
  return {
    accountId: account.id,
    state,
    list: found.map(row => ({
      ...pick(rowView(row), wanted),
      ...(delivery && { 'restante:delivery': delivery.get(row.id) ?? null }),
      ...contents?.get(row.id),
    })),
    notFound: asked.filter(id => !byId.has(id)),
  }
}

export async function emailRows(
  db: Executor,
  account: Granted,
  ids: readonly string[],
): Promise<Row<'email'>[]> {
  const usable = ids.filter(isUuid)
  if (usable.length === 0) return []
  return await db
    .selectFrom('email')
    .selectAll()
    .where('mailbox_id', '=', account.id)
    .where('id', 'in', usable)
    .execute()
}

async function contentViews(
  run: Run,
  rows: readonly Row<'email'>[],
  wanted: ReadonlySet<string>,
  options: BodyOptions,
): Promise<Map<string, Record<string, unknown>>> {
  const views = new Map<string, Record<string, unknown>>()
  const waiting = [...rows]
  const places = await locations(run, rows)
  const worker = async () => {
    for (let row = waiting.shift(); row; row = waiting.shift()) {
      views.set(row.id, await contentOf(run, row, places.get(row.message_id), wanted, options))
    }
  }
  await Promise.all(Array.from({ length: READS }, worker))
  return views
}

async function locations(run: Run, rows: readonly Row<'email'>[]) {
  if (rows.length === 0) return new Map()
  const found = await run.context.db
    .selectFrom('message')
    .select(['id', 'segment', 'position'])
    .where('id', 'in', [...new Set(rows.map(row => row.message_id))])
    .execute()
  return new Map(found.map(row => [row.id, { segment: row.segment, position: row.position }]))
}

async function contentOf(
  run: Run,
  row: Row<'email'>,
  location: { segment: string; position: number } | undefined,
  wanted: ReadonlySet<string>,
  options: BodyOptions,
): Promise<Record<string, unknown>> {
  const values = options.fetchTextBodyValues || options.fetchHTMLBodyValues || options.fetchAllBodyValues
  const keepText = values && wanted.has('bodyValues') ? 1_500_000 : 0
  try {
    if (!location) throw new SpoolError('missing', row.message_id)
    const { content } = await run.context.spool.read(location)
    const structure = await readStructure(content, { keepText })
    return contentView(structure, row.message_id, wanted, options)
  } catch (error) {
    if (!(error instanceof SpoolError) || (error.code !== 'missing' && error.code !== 'damaged')) throw error
    run.context.log.error({ event: 'jmap.content-lost', message: row.message_id, error })
    return contentView(await readStructure(Buffer.alloc(0)), null, wanted, options)
  }
}

const parseArguments = z.object({
  accountId: z.string(),
  blobIds: z.array(z.string()).max(CORE_LIMITS.maxObjectsInGet),
  properties: z.array(z.string()).nullish(),
})

/** Properties that a message has without being anybody's. */
const PARSE_DEFAULTS = DEFAULT_PROPERTIES.filter(
  name => !['id', 'threadId', 'mailboxIds', 'keywords', 'receivedAt', 'blobId', 'size'].includes(name),
)

export async function emailParse(given: Arguments, run: Run) {
  const { accountId, blobIds, properties } = read(parseArguments, given)
  const account = grant(run, accountId)
  const wanted = wantedProperties(properties ?? PARSE_DEFAULTS)
  const options = bodyOptions(given)
  const parsed: Record<string, unknown> = {}
  const notFound: string[] = []
  for (const blobId of new Set(blobIds)) {
    const blob = await openBlob(run.context, account, blobId)
    if (!blob) {
      notFound.push(blobId)
      continue
    }
    const structure = await readStructure(blob.content, { keepText: 1_500_000 })
    const summary = summaryOf(structure)
    const some = <T>(list: readonly T[]) => (list.length > 0 ? list : null)
    parsed[blobId] = {
      ...pick(
        {
          id: null,
          blobId,
          threadId: null,
          mailboxIds: null,
          keywords: null,
          receivedAt: null,
          size: blob.size,
          messageId: some(summary.messageIds),
          inReplyTo: some(summary.inReplyTo),
          references: some(summary.references),
          sender: some(summary.sender),
          from: some(summary.from),
          to: some(summary.to),
          cc: some(summary.cc),
          bcc: some(summary.bcc),
          replyTo: some(summary.replyTo),
          subject: summary.subject,
          sentAt: summary.sentAt && utc(summary.sentAt),
          hasAttachment: summary.hasAttachment,
          preview: summary.preview,
        },
        properties ? wanted : new Set([...wanted].filter(name => name !== 'id')),
      ),
      // Parts of a message within a message have no blob of their own here.
      ...contentView(structure, null, wanted, options),
    }
  }
  return {
    accountId: account.id,
    parsed: Object.keys(parsed).length ? parsed : null,
    notParsable: null,
    notFound: notFound.length ? notFound : null,
  }
}

export async function threadGet(given: Arguments, run: Run) {
  const { accountId, ids } = read(getArguments, given)
  const account = grant(run, accountId)
  if (!ids || ids.length > CORE_LIMITS.maxObjectsInGet) throw new MethodError('requestTooLarge')
  const asked = [...new Set(ids)]
  return await inSnapshot(run.context.db, async tx => {
    const usable = asked.filter(isUuid)
    const rows =
      usable.length === 0
        ? []
        : await tx
            .selectFrom('email')
            .select(['id', 'thread_id'])
            .where('mailbox_id', '=', account.id)
            .where('thread_id', 'in', usable)
            .orderBy('received_at')
            .orderBy('id')
            .execute()
    const threads = Map.groupBy(rows, row => row.thread_id)
    return {
      accountId: account.id,
      state: stateOf(await currentModseq(tx, account)),
      list: asked.flatMap(id => {
        const emails = threads.get(id)
        return emails ? [{ id, emailIds: emails.map(row => row.id) }] : []
      }),
      notFound: asked.filter(id => !threads.has(id)),
    }
  })
}

/** A thread changes when an e-mail comes into it or goes. */
export async function threadChanges(given: Arguments, run: Run) {
  const { accountId, sinceState, maxChanges } = read(changesArguments, given)
  const account = grant(run, accountId)
  return await inSnapshot(run.context.db, async tx => {
    const current = await currentModseq(tx, account)
    const since = parseState(sinceState, current)
    const after = lowerBound(since)
    const result = await sql<{ id: string; modseq: number; created: number; alive: boolean }>`
      with event as (
        select thread_id, created_modseq as modseq from email
        where mailbox_id = ${account.id} and created_modseq > ${after}
        union all
        select thread_id, modseq from tombstone
        where mailbox_id = ${account.id} and type = 'Email' and modseq > ${after} and thread_id is not null
      ), changed as (
        select thread_id, max(modseq) as modseq from event group by thread_id
      )
      select changed.thread_id as id, changed.modseq,
        exists (select from email where mailbox_id = ${account.id} and thread_id = changed.thread_id) as alive,
        least(
          (select min(created_modseq) from email where mailbox_id = ${account.id} and thread_id = changed.thread_id),
          (select min(created_modseq) from tombstone where mailbox_id = ${account.id} and type = 'Email'
            and thread_id = changed.thread_id)
        ) as created
      from changed order by changed.modseq, changed.thread_id limit ${MAX_CHANGES + 1}`.execute(tx)
    const found: Change[] = result.rows.map(row => ({
      id: row.id,
      modseq: row.modseq,
      createdModseq: row.created,
      destroyed: !row.alive,
    }))
    return { accountId: account.id, ...changesOf(sinceState, since, found, current, maxChanges) }
  })
}
