/** Email/get (RFC 8621 §4.2) and Thread/get (§3.1). */
import { sql } from 'kysely'
import { z } from 'zod'
import type { Executor } from '../db/connection.ts'
import type { Row } from '../db/schema.ts'
import { inSnapshot } from '../db/transaction.ts'
import { readStructure } from '../mail/structure.ts'
import { SpoolError } from '../spool/types.ts'
import { type Arguments, getArguments, isUuid, pick, read, unsignedInt } from './arguments.ts'
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
} from './email-view.ts'
import { MethodError } from './errors.ts'
import { CORE_LIMITS } from './limits.ts'
import { createdId } from './references.ts'
import { scanOf } from './scan.ts'
import { currentModseq, stateOf } from './state.ts'
import { sendTimesOf } from './submission.ts'

const bodyArguments = z.object({
  bodyProperties: z.array(z.string()).nullish(),
  fetchTextBodyValues: z.boolean().nullish(),
  fetchHTMLBodyValues: z.boolean().nullish(),
  fetchAllBodyValues: z.boolean().nullish(),
  maxBodyValueBytes: unsignedInt.nullish(),
})

export function bodyOptions(given: Arguments): BodyOptions {
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

export function wantedProperties(asked: readonly string[] | null | undefined): Set<string> {
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
  if (ids && ids.length > CORE_LIMITS.maxObjectsInGet) throw new MethodError('requestTooLarge')
  const asked = [
    ...new Set((ids ?? (await allIds(run, account, 'id'))).map(id => createdId(id, run.createdIds) ?? id)),
  ]
  const { rows, state, delivery, scan, sendAt } = await inSnapshot(run.context.db, async tx => {
    const rows = await emailRows(tx, account, asked)
    return {
      rows,
      state: stateOf(await currentModseq(tx, account)),
      delivery: wanted.has('restante:delivery') ? await deliveryOf(tx, account, asked.filter(isUuid)) : null,
      sendAt: wanted.has('restante:sendAt') ? await sendTimesOf(tx, account, asked.filter(isUuid)) : null,
      scan: wanted.has('restante:scan') ? await scanOf(tx, rows) : null,
    }
  })
  const byId = new Map(rows.map(row => [row.id, row]))
  const found = asked.flatMap(id => byId.get(id) ?? [])
  const contents = needsContent(wanted) ? await contentViews(run, found, wanted, options) : null
  return {
    accountId: account.id,
    state,
    list: found.map(row => ({
      ...pick(rowView(row), wanted),
      ...(delivery && { 'restante:delivery': delivery.get(row.id) ?? null }),
      ...(sendAt && { 'restante:sendAt': sendAt.get(row.id) ?? null }),
      ...(scan && { 'restante:scan': (!row.copy && scan.get(row.message_id)) || null }),
      ...contents?.get(row.id),
    })),
    notFound: asked.filter(id => !byId.has(id)),
  }
}

/** When none are named, all are meant, as far as there are few of them (RFC 8620 §5.1). */
async function allIds(run: Run, account: Granted, column: 'id' | 'thread_id'): Promise<string[]> {
  const rows = await run.context.db
    .selectFrom('email')
    .select(`${column} as id`)
    .distinct()
    .where('mailbox_id', '=', account.id)
    .limit(CORE_LIMITS.maxObjectsInGet + 1)
    .execute()
  if (rows.length > CORE_LIMITS.maxObjectsInGet) throw new MethodError('requestTooLarge')
  return rows.map(row => row.id)
}

/** Without what only search and conversations go by: it can be longer than all the rest. */
export type EmailRow = Omit<Row<'email'>, 'search' | 'thread_keys'>
const COLUMNS = [
  'id',
  'mailbox_id',
  'message_id',
  'folder_id',
  'thread_id',
  'received_at',
  'sent_at',
  'size',
  'subject',
  'from_list',
  'to_list',
  'cc_list',
  'bcc_list',
  'reply_to_list',
  'sender_list',
  'preview',
  'has_attachment',
  'header_message_ids',
  'in_reply_to',
  'reference_ids',
  'copy',
  'keywords',
  'created_modseq',
  'updated_modseq',
  'moved_at',
] as const satisfies readonly (keyof EmailRow)[]

export async function emailRows(db: Executor, account: Granted, ids: readonly string[]): Promise<EmailRow[]> {
  const usable = ids.filter(isUuid)
  if (usable.length === 0) return []
  return await db
    .selectFrom('email')
    .select(COLUMNS)
    .where('mailbox_id', '=', account.id)
    .where('id', '=', sql<string>`any(${usable}::uuid[])`)
    .execute()
}

async function contentViews(
  run: Run,
  rows: readonly EmailRow[],
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

async function locations(run: Run, rows: readonly EmailRow[]) {
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
  row: EmailRow,
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

export async function threadGet(given: Arguments, run: Run) {
  const { accountId, ids } = read(getArguments, given)
  const account = grant(run, accountId)
  if (ids && ids.length > CORE_LIMITS.maxObjectsInGet) throw new MethodError('requestTooLarge')
  const asked = [...new Set(ids ?? (await allIds(run, account, 'thread_id')))]
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
