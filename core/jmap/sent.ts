/**
 * What senders do about their own messages on the way out, one recipient at a time: try now, cancel, send again to
 * another address. `restante:Sent/act`, a method of ours beside RFC 8621's.
 *
 * A message that is sent anew is the same with Resent-fields before it (RFC 5322 §3.6.6): its new addressee sees
 * what was written, to whom, and that it was passed on. The old recipient's delivery is cancelled when it still
 * waits; killed in between, both are on their way, and the sender sees both.
 */
import { z } from 'zod'
import { audit } from '../access/audit.ts'
import type { Executor } from '../db/connection.ts'
import { parseAddress } from '../directory/addresses.ts'
import { newMessageId, withoutBcc } from '../mail/compose.ts'
import { resent } from '../mail/resent.ts'
import { cancelRecipients, retry } from '../queue/deliveries.ts'
import { type Arguments, isUuid, read } from './arguments.ts'
import { openMessage } from './blob.ts'
import { type Granted, grant, type Run } from './context.ts'
import { type SenderAction, senderMay } from './delivery.ts'
import { emailRows } from './email-get.ts'
import { invalidProperties, ObjectError } from './errors.ts'
import { identitiesOf } from './identity.ts'
import { setError } from './set.ts'
import { recipientsOf, sendOut } from './submission-set.ts'

const sentActArguments = z.object({
  accountId: z.string(),
  submissionId: z.string(),
  action: z.enum(['retry', 'cancel', 'resend']),
  /** The recipient, as deliveryStatus names it. */
  address: z.string().max(500),
  /** Of resend: where it goes now. */
  to: z.string().max(500).nullish(),
})

/** Between two tries, however often somebody presses the button, in ms. */
const JUST_TRIED = 5_000

/** Answers `done`, or with a SetError what was in the way; never with an error of the whole method for that. */
export async function sentAct(given: Arguments, run: Run): Promise<Record<string, unknown>> {
  const { accountId, submissionId, action, address, to } = read(sentActArguments, given)
  const account = grant(run, accountId)
  try {
    return { accountId: account.id, ...(await act(run, account, submissionId, action, address, to ?? null)) }
  } catch (error) {
    return { accountId: account.id, done: false, error: setError(error) }
  }
}

async function act(
  run: Run,
  account: Granted,
  submissionId: string,
  action: SenderAction,
  address: string,
  to: string | null,
): Promise<{ done: true; submissionId?: string }> {
  const { db, spool } = run.context
  const found = await recipientOf(run, account, submissionId, address)
  if (!found) throw new ObjectError('notFound')
  if (!senderMay(found).includes(action)) throw new ObjectError('forbidden')
  const now = run.now()
  const sent = action === 'resend' ? await sendAnew(run, account, found, to) : null
  const notes = await db.transaction().execute(async tx => {
    await audit(tx, {
      organizationId: found.organization_id,
      actor: run.context.person.address,
      action: `sent.${action}`,
      target: found.delivery_id,
      detail: { address, ...(sent && { to, message: sent.id }) },
    })
    if (action === 'retry') {
      const soonest = new Date((found.last_attempt_at?.getTime() ?? 0) + JUST_TRIED)
      if (soonest <= now) await retry(tx, [found.delivery_id], now)
      else await retryAt(tx, found.delivery_id, soonest)
      return []
    }
    const ref = { deliveryId: found.delivery_id, address: found.address }
    return await cancelRecipients(tx, [ref], now, { category: 'cancelled', side: 'sender', permanent: true })
  })
  if (notes.length > 0) await spool.note(notes)
  return { done: true, ...(sent && { submissionId: sent.id }) }
}

/** The reconciler begins what is due. */
async function retryAt(tx: Executor, deliveryId: string, at: Date): Promise<void> {
  await tx
    .updateTable('delivery')
    .set({ next_attempt_at: at })
    .where('id', '=', deliveryId)
    .where('state', '=', 'deferred')
    .where('next_attempt_at', '>', at)
    .execute()
}

async function sendAnew(
  run: Run,
  account: Granted,
  found: NonNullable<Awaited<ReturnType<typeof recipientOf>>>,
  to: string | null,
): Promise<{ id: string }> {
  const parsed = to === null ? null : parseAddress(to)
  if (!parsed) throw new ObjectError('invalidRecipients', { invalidRecipients: [to ?? ''] })
  const recipients = recipientsOf(run, [parsed.address])
  const identity = identitiesOf(run, account).find(one => one.email === found.sender)
  if (!identity) throw new ObjectError('forbiddenMailFrom')
  const [email] = found.email_id === null ? [] : await emailRows(run.context.db, account, [found.email_id])
  const opened = email && (await openMessage(run.context, account, email.message_id))
  if (!email || !opened) throw invalidProperties(['submissionId'], 'its content is gone')
  const fields = {
    from: identity.email,
    to: parsed.address,
    date: run.now(),
    id: newMessageId(identity.email),
  }
  return await sendOut(run, account, {
    identity,
    email,
    recipients,
    content: resent(withoutBcc(opened.content), fields),
    copy: {},
    sendAt: null,
  }).finally(() => opened.content.destroy())
}

/** One recipient of one submission of this account, where it stands. */
async function recipientOf(run: Run, account: Granted, submissionId: string, address: string) {
  if (!isUuid(submissionId)) return undefined
  return await run.context.db
    .selectFrom('submission')
    .innerJoin('delivery', 'delivery.message_id', 'submission.message_id')
    .innerJoin('recipient', 'recipient.delivery_id', 'delivery.id')
    .select([
      'submission.email_id',
      'submission.sender',
      'delivery.organization_id',
      'delivery.backend_id',
      'delivery.state',
      'delivery.hold_reason',
      'delivery.last_attempt_at',
      'recipient.delivery_id',
      'recipient.address',
      'recipient.state as recipientState',
    ])
    .where('submission.id', '=', submissionId)
    .where('submission.mailbox_id', '=', account.id)
    .where('recipient.address', '=', address)
    .executeTakeFirst()
}
