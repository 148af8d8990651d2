/**
 * What is known of a message's way, as clients see it: `restante:delivery` of an Email (ours), and the
 * deliveryStatus of an EmailSubmission (RFC 8621 §7).
 */
import { sql } from 'kysely'
import { type GiveUp, giveUpAt } from '../continuity/retry.ts'
import type { Executor } from '../db/connection.ts'
import type { DeliveryState, HoldReason, OutcomeJson, RecipientState } from '../db/schema/delivery.ts'
import { isScanHold } from '../queue/scan-holds.ts'
import type { Granted } from './context.ts'

/** The one word that is shown when several recipients fare differently: the worst news first. */
const ORDER: readonly DeliveryState[] = ['failed', 'held', 'deferred', 'queued', 'delivered', 'cancelled']

/** By e-mail id; those that nothing was to be done for are absent. */
export async function deliveryOf(
  db: Executor,
  account: Granted,
  emailIds: readonly string[],
): Promise<Map<string, DeliveryState>> {
  if (emailIds.length === 0) return new Map()
  const result = await sql<{ id: string; state: DeliveryState }>`
    with wanted as (
      select id, message_id, copy from email
      where mailbox_id = ${account.id} and id = any(${emailIds}::uuid[])
    ), ref as (
      select wanted.id, er.delivery_id, er.address from wanted
      join email_recipient er on er.email_id = wanted.id
      union
      select wanted.id, recipient.delivery_id, recipient.address from wanted
      left join submission on submission.email_id = wanted.id
      join delivery on delivery.message_id = coalesce(submission.message_id, wanted.message_id)
      join recipient on recipient.delivery_id = delivery.id
      where wanted.copy
    )
    select distinct ref.id,
      case when recipient.state = 'waiting' then delivery.state else recipient.state end as state
    from ref
    join delivery on delivery.id = ref.delivery_id
    join recipient on recipient.delivery_id = ref.delivery_id and recipient.address = ref.address`.execute(db)
  const worst = new Map<string, DeliveryState>()
  for (const { id, state } of result.rows) {
    const before = worst.get(id)
    if (!before || ORDER.indexOf(state) < ORDER.indexOf(before)) worst.set(id, state)
  }
  return worst
}

export type DeliveryStatus = {
  smtpReply: string
  delivered: 'queued' | 'yes' | 'no' | 'unknown'
  displayed: 'unknown'
  /** Ours: the whole outcome, and the delivery's state. */
  'restante:outcome': OutcomeJson | null
  'restante:state': DeliveryState
  /** ISO 8601, when another attempt is due. */
  'restante:nextAttempt': string | null
  /** ISO 8601, when it is given up, while it waits to go out; null: it does not. */
  'restante:until': string | null
  /** What its sender can do about it now (sent.ts). */
  'restante:may': readonly SenderAction[]
}

export type SenderAction = 'retry' | 'cancel' | 'resend'

/** By message id, then by address. */
export async function deliveryStatusOf(
  db: Executor,
  messageIds: readonly string[],
  giveUp?: GiveUp,
): Promise<Map<string, Record<string, DeliveryStatus>>> {
  if (messageIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('delivery')
    .innerJoin('recipient', 'recipient.delivery_id', 'delivery.id')
    .select([
      'delivery.message_id',
      'delivery.state',
      'delivery.backend_id',
      'delivery.outcome as deliveryOutcome',
      'delivery.next_attempt_at',
      'delivery.created_at',
      'delivery.hold_reason',
      'recipient.address',
      'recipient.state as recipientState',
      'recipient.outcome',
    ])
    .where('delivery.message_id', 'in', [...messageIds])
    .execute()
  const status = new Map<string, Record<string, DeliveryStatus>>()
  for (const row of rows) {
    const outcome = row.outcome ?? (row.recipientState === 'waiting' ? row.deliveryOutcome : null)
    const ofMessage = status.get(row.message_id) ?? {}
    status.set(row.message_id, ofMessage)
    ofMessage[row.address] = {
      smtpReply: smtpReply(row.recipientState, outcome),
      delivered: delivered(row.recipientState, row.backend_id !== null, outcome),
      displayed: 'unknown',
      'restante:outcome': outcome,
      'restante:state': row.recipientState === 'waiting' ? row.state : row.recipientState,
      'restante:nextAttempt':
        row.recipientState === 'waiting' ? (row.next_attempt_at?.toISOString() ?? null) : null,
      'restante:until':
        row.recipientState === 'waiting' && row.backend_id === null
          ? giveUpAt('outbound', row.created_at, giveUp).toISOString()
          : null,
      'restante:may': senderMay(row),
    }
  }
  return status
}

/**
 * Only for what goes out: a colleague has it here already. What an admin or the scan holds is theirs to set free,
 * though its sender may give up on it.
 */
export function senderMay(of: {
  backend_id: string | null
  state: DeliveryState
  hold_reason: HoldReason | null
  recipientState: RecipientState
}): SenderAction[] {
  if (of.backend_id !== null) return []
  switch (of.recipientState) {
    case 'delivered':
      return []
    case 'failed':
    case 'cancelled':
      return ['resend']
    case 'waiting':
      if (isScanHold(of.hold_reason)) return []
      return of.state === 'deferred' ? ['retry', 'cancel', 'resend'] : ['cancel']
    default:
      return of.recipientState satisfies never
  }
}

/**
 * "yes" only for a mailbox of ours: what the next server accepted is not delivered yet, as far as anybody
 * can know (RFC 8621 §7: "unknown").
 */
function delivered(
  state: RecipientState,
  local: boolean,
  outcome: OutcomeJson | null,
): DeliveryStatus['delivered'] {
  switch (state) {
    case 'waiting':
      return 'queued'
    case 'delivered':
      return local ? 'yes' : 'unknown'
    case 'failed':
      return 'no'
    case 'cancelled':
      // Its addressee had it here and deleted it; or an admin stopped it.
      return outcome?.side === 'recipient' ? 'yes' : 'no'
    default:
      return state satisfies never
  }
}

function smtpReply(state: RecipientState, outcome: OutcomeJson | null): string {
  if (outcome?.code) {
    return [outcome.code, outcome.enhanced, outcome.text]
      .filter(Boolean)
      .join(' ')
      .replace(/[\r\n]+/g, ' ')
  }
  switch (state) {
    case 'waiting':
      return '250 2.0.0 Queued'
    case 'delivered':
      return '250 2.0.0 Delivered'
    case 'failed':
      return `550 5.0.0 ${outcome?.text ?? 'Failed'}`.replace(/[\r\n]+/g, ' ')
    case 'cancelled':
      return '250 2.0.0 Cancelled'
    default:
      return state satisfies never
  }
}
