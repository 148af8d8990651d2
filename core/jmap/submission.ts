/** EmailSubmission: get, changes, query, queryChanges (RFC 8621 §7). Sending stands in submission-set.ts. */
import { sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import type { Row } from '../db/schema.ts'
import { type Arguments, isUuid } from './arguments.ts'
import { type Granted, grant, type Run } from './context.ts'
import { deliveryStatusOf } from './delivery.ts'
import { utc } from './email-view.ts'
import { MethodError } from './errors.ts'
import { type Identity, identitiesOf } from './identity.ts'
import { MAX_CHANGES } from './limits.ts'
import {
  changesStandard,
  getStandard,
  type Queried,
  queryChangesStandard,
  queryStandard,
} from './standard.ts'
import { after } from './state.ts'

const PROPERTIES = [
  'id',
  'identityId',
  'emailId',
  'threadId',
  'envelope',
  'sendAt',
  'undoStatus',
  'deliveryStatus',
  'dsnBlobIds',
  'mdnBlobIds',
]

type Submission = Row<'submission'> & { thread_id: string | null }

async function submissionsOf(
  db: Executor,
  account: Granted,
  ids: readonly string[] | null,
): Promise<Submission[]> {
  const usable = ids?.filter(isUuid)
  if (usable?.length === 0) return []
  let query = db
    .selectFrom('submission')
    .leftJoin('email', join =>
      join
        .onRef('email.id', '=', 'submission.email_id')
        .onRef('email.mailbox_id', '=', 'submission.mailbox_id'),
    )
    .selectAll('submission')
    .select('email.thread_id')
    .where('submission.mailbox_id', '=', account.id)
    .orderBy('submission.send_at', 'desc')
    .limit(10_000)
  if (usable) query = query.where('submission.id', 'in', usable)
  return await query.execute()
}

/** When those e-mails go out that wait for their time, by e-mail id: `restante:sendAt`, ours. */
export async function sendTimesOf(
  db: Executor,
  account: Granted,
  emailIds: readonly string[],
): Promise<Map<string, string>> {
  if (emailIds.length === 0) return new Map()
  const { rows } = await sql<{ email_id: string; send_at: Date }>`
    select email_id, send_at from submission
    where undo_status = 'pending' and mailbox_id = ${account.id} and email_id = any(${emailIds}::uuid[])
    order by send_at desc`.execute(db)
  return new Map(rows.map(row => [row.email_id, utc(row.send_at)]))
}

export async function submissionGet(given: Arguments, run: Run) {
  return await getStandard(given, run, PROPERTIES, async (tx, { account, ids, wanted }) => {
    const rows = await submissionsOf(tx, account, ids)
    const messageIds = rows.map(row => row.message_id)
    const status = wanted.has('deliveryStatus')
      ? await deliveryStatusOf(tx, messageIds, run.context.giveUp)
      : null
    const identities = identitiesOf(run, account)
    return new Map(
      rows.map(row => [
        row.id,
        {
          id: row.id,
          identityId: identityOf(row, identities),
          emailId: row.email_id,
          threadId: row.thread_id,
          envelope: {
            mailFrom: {
              email: row.sender,
              parameters: row.delayed ? { HOLDUNTIL: utc(row.send_at) } : null,
            },
            rcptTo: row.recipients.map(email => ({ email, parameters: null })),
          },
          sendAt: utc(row.send_at),
          undoStatus: row.undo_status,
          deliveryStatus: status?.get(row.message_id) ?? null,
          dsnBlobIds: [],
          mdnBlobIds: [],
        },
      ]),
    )
  })
}

/** One that a rebuild made anew doesn't know under which identity it was sent. */
function identityOf(row: Submission, identities: readonly Identity[]): string | null {
  return row.identity_id || (identities.find(one => one.email === row.sender) ?? identities[0])?.id || null
}

export async function submissionChanges(given: Arguments, run: Run) {
  const { answer } = await changesStandard(given, run, 'EmailSubmission', async (tx, account, since) => {
    const { rows } = await sql<{ id: string; modseq: number; createdModseq: number }>`
      select id, updated_modseq as modseq, created_modseq as "createdModseq" from submission
      where mailbox_id = ${account.id} and ${after(since, 'updated_modseq', 'id')}
      order by updated_modseq, id limit ${MAX_CHANGES + 1}`.execute(tx)
    return rows
  })
  return answer
}

/** RFC 8621 §7.3. */
function submissionResults(given: Arguments, run: Run): Queried<Submission> {
  const identities = identitiesOf(run, grant(run, given.accountId))
  const among = (value: unknown, of: (row: Submission) => string | null) => {
    if (!Array.isArray(value)) throw new MethodError('invalidArguments', 'filter')
    return (row: Submission) => value.includes(of(row))
  }
  const time = (key: string, value: unknown): number => {
    const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
    if (Number.isNaN(at)) throw new MethodError('invalidArguments', `filter/${key}`)
    return at
  }
  return {
    all: (tx, account) => submissionsOf(tx, account, null),
    id: row => row.id,
    condition(key, value) {
      switch (key) {
        case 'identityIds':
          return among(value, row => identityOf(row, identities))
        case 'emailIds':
          return among(value, row => row.email_id)
        case 'threadIds':
          return among(value, row => row.thread_id)
        case 'undoStatus':
          return row => row.undo_status === value
        case 'before': {
          const at = time(key, value)
          return row => row.send_at.getTime() < at
        }
        case 'after': {
          const at = time(key, value)
          return row => row.send_at.getTime() >= at
        }
        default:
          throw new MethodError('unsupportedFilter', key.slice(0, 100))
      }
    },
    sorts: {
      emailId: row => row.email_id ?? '',
      threadId: row => row.thread_id ?? '',
      sentAt: row => row.send_at.getTime(),
    },
    standardSort: [{ property: 'sentAt', isAscending: false }],
  }
}

export async function submissionQuery(given: Arguments, run: Run) {
  return await queryStandard(given, run, submissionResults(given, run))
}

export async function submissionQueryChanges(given: Arguments, run: Run) {
  return await queryChangesStandard(
    given,
    run,
    'EmailSubmission',
    submissionResults(given, run),
    (all, since) => all.filter(row => row.updated_modseq > since.modseq),
  )
}
