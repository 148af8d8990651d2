/**
 * EmailSubmission/set (RFC 8621 §7.5): sending.
 *
 * A message is sent when it is on stable storage in the spool; colleagues have it at once, whatever their
 * backend does, and the rest is the queue's. The sender keeps the draft itself as their copy, Bcc and all;
 * what is sent is the same without Bcc. When the client moves the draft to Sent, the spool's envelope says so
 * too, so that a rebuild finds it there.
 *
 * One that is to go out later (hold.ts) is in the spool all the same, with its time; the worker makes of it what is
 * made here of others (core/ingest/later.ts), unless it is taken back before (unsend.ts). A draft that its client leaves
 * in Drafts becomes the copy in Sent when it goes out.
 */
import { z } from 'zod'
import { newId } from '../db/id.ts'
import { parseAddress } from '../directory/addresses.ts'
import { withForwards } from '../directory/forwards.ts'
import { ingestMessage } from '../ingest/message.ts'
import { withoutBcc } from '../mail/compose.ts'
import { suppressedAmong } from '../queue/suppression.ts'
import type { Envelope, EnvelopeRecipient } from '../spool/types.ts'
import { type Arguments, patches, read, setArguments } from './arguments.ts'
import { openMessage } from './blob.ts'
import { changeMailbox } from './change.ts'
import { type Granted, grant, grantAll, type Run } from './context.ts'
import { type EmailRow, emailRows } from './email-get.ts'
import { applyPatch, setEmails } from './email-set.ts'
import { utc } from './email-view.ts'
import { invalidProperties, MethodError, ObjectError } from './errors.ts'
import { heldUntil } from './hold.ts'
import { identitiesOf } from './identity.ts'
import { SUBMISSION_LIMITS } from './limits.ts'
import { foldersOf } from './mailbox.ts'
import { createdId } from './references.ts'
import { checkSize, SetResult, setError } from './set.ts'
import { currentModseq, stateOf } from './state.ts'
import { checkSubmission } from './submission-scan.ts'
import { unsend } from './unsend.ts'

const submissionSetArguments = setArguments.extend({
  onSuccessUpdateEmail: patches.nullish(),
  onSuccessDestroyEmail: z.array(z.string()).nullish(),
})
type SubmissionSet = z.output<typeof submissionSetArguments>

const address = z.object({
  email: z.string().max(500),
  parameters: z.record(z.string(), z.unknown()).nullish(),
})
const newSubmission = z.object({
  identityId: z.string(),
  emailId: z.string(),
  envelope: z.object({ mailFrom: address, rcptTo: z.array(address) }).nullish(),
})

/** Answers for itself and, when e-mails change with its success, for the implied Email/set. */
export async function submissionSet(
  given: Arguments,
  run: Run,
): Promise<[name: string, result: Record<string, unknown>][]> {
  const set = read(submissionSetArguments, given)
  checkSize(set)
  const account = grant(run, set.accountId)
  const before = stateOf(await currentModseq(run.context.db, account))
  if (set.ifInState && set.ifInState !== before) throw new MethodError('stateMismatch')
  const result = new SetResult()
  /** Submission (by its creation id or its id) → the e-mail it sent. */
  const succeeded = new Map<string, string>()
  for (const [key, properties] of Object.entries(set.create ?? {})) {
    try {
      const sent = await submit(run, account, key, properties, set)
      result.created[key] = sent.created
      run.createdIds.set(key, sent.created.id)
      succeeded.set(`#${key}`, sent.emailId)
    } catch (error) {
      result.notCreated[key] = setError(error)
    }
  }
  for (const [key, patch] of Object.entries(set.update ?? {})) {
    try {
      const emailId = await takeBack(run, account, createdId(key, run.createdIds) ?? '', patch)
      result.updated[key] = null
      if (emailId) succeeded.set(key, emailId)
    } catch (error) {
      result.notUpdated[key] = setError(error)
    }
  }
  await destroySubmissions(run, account, set.destroy ?? [], result, succeeded)
  const after = stateOf(await currentModseq(run.context.db, account))
  const answers: [string, Record<string, unknown>][] = [
    ['EmailSubmission/set', result.answer(account.id, before, after)],
  ]
  const update: Record<string, Record<string, unknown>> = {}
  for (const [key, patch] of Object.entries(set.onSuccessUpdateEmail ?? {})) {
    const emailId = succeeded.get(key)
    if (emailId) update[emailId] = patch
  }
  const destroy = (set.onSuccessDestroyEmail ?? []).flatMap(key => succeeded.get(key) ?? [])
  if (Object.keys(update).length > 0 || destroy.length > 0) {
    answers.push(['Email/set', await setEmails(run, account, { update, destroy })])
  }
  return answers
}

async function submit(
  run: Run,
  account: Granted,
  key: string,
  properties: Record<string, unknown>,
  set: SubmissionSet,
): Promise<{
  created: { id: string; sendAt: string; undoStatus: 'pending' | 'final'; threadId: string }
  emailId: string
}> {
  const wanted = newSubmission.safeParse(properties)
  if (!wanted.success) throw invalidProperties([String(wanted.error.issues[0]?.path[0] ?? 'emailId')])
  const { identityId, envelope: asked } = wanted.data
  const identity = identitiesOf(run, account).find(one => one.id === identityId)
  if (!identity) throw invalidProperties(['identityId'])
  const emailId = createdId(wanted.data.emailId, run.createdIds) ?? ''
  const [email] = await emailRows(run.context.db, account, [emailId])
  if (!email) throw invalidProperties(['emailId'])
  checkFrom(run, email)
  const sender = asked?.mailFrom.email ?? identity.email
  if (parseAddress(sender)?.address !== identity.email) throw new ObjectError('forbiddenMailFrom')
  const recipients = recipientsOf(run, asked?.rcptTo.map(one => one.email) ?? headerRecipients(email))

  const sendAt = heldUntil(asked?.mailFrom.parameters, run.now())

  const opened = await openMessage(run.context, account, email.message_id)
  if (!opened) throw invalidProperties(['emailId'], 'its content is gone')
  const copy = await sentCopy(run, account, email, set.onSuccessUpdateEmail?.[`#${key}`])
  const sent = await sendOut(run, account, {
    identity,
    email,
    recipients,
    content: withoutBcc(opened.content),
    copy: sendAt && !copy.copy ? await draftCopy(run, account, email) : copy,
    sendAt,
  }).finally(() => opened.content.destroy())
  return {
    created: {
      id: sent.id,
      sendAt: utc(sent.at),
      undoStatus: sendAt ? 'pending' : 'final',
      threadId: email.thread_id,
    },
    emailId: email.id,
  }
}

/**
 * Hands a message over: when this resolves it is sent, whatever happens to this process.
 * @throws ObjectError rateLimit, forbiddenToSend, invalidRecipients for addresses that are not written to for a while
 */
export async function sendOut(
  run: Run,
  account: Granted,
  of: {
    identity: { id: string; email: string }
    email: EmailRow
    recipients: EnvelopeRecipient[]
    content: AsyncIterable<Buffer>
    copy: Pick<Envelope, 'copy'>
    /** null: now. */
    sendAt: Date | null
  },
): Promise<{ id: string; at: Date }> {
  const { identity, email, recipients, sendAt } = of
  const { db, spool, queues, directory, log } = run.context
  const now = run.now()
  await checkSuppressed(run, account, recipients, now)
  const may = await run.context.maySend?.(recipients.length)
  if (may && !may.allowed) {
    const minutes = Math.max(1, Math.ceil(may.retryAfter / 60))
    throw new ObjectError('rateLimit', {
      description: `more was sent within the hour than one person can; try again in ${minutes} minutes`,
    })
  }
  const id = newId()
  const composed: Envelope = {
    id,
    kind: 'submission',
    sender: identity.email,
    recipients,
    receivedAt: now.toISOString(),
    client: { person: run.context.person.id },
    ...(sendAt && { sendAt: sendAt.toISOString() }),
    ...of.copy,
  }
  const checked = await checkSubmission(run.context.scan, composed, of.content)
  // Those it is sent on to are not the sender's recipients.
  const envelope = withForwards(checked.envelope, directory.current)
  const { location, size } = await spool.append(envelope, checked.content).finally(checked.close)
  // From here on it is sent. What fails now is done by the worker, which reads the same log.
  try {
    await ingestMessage(
      { db, spool, queues, directory: () => directory.current },
      { envelope, location, size },
    )
    await recordSubmission(run, account, {
      id,
      identityId: identity.id,
      email,
      envelope: checked.envelope,
    })
  } catch (error) {
    log.error({ event: 'jmap.submission-ingest-failed', message: id, error })
  }
  return { id, at: sendAt ?? now }
}

/** @throws ObjectError invalidRecipients, naming them and until when they are not written to */
async function checkSuppressed(
  run: Run,
  account: Granted,
  recipients: readonly EnvelopeRecipient[],
  now: Date,
): Promise<void> {
  const addresses = recipients.map(recipient => recipient.address)
  const found = await suppressedAmong(run.context.db, account.organizationId, addresses, now)
  if (found.length === 0) return
  throw new ObjectError('invalidRecipients', {
    description: 'several messages failed there lately; an administrator can allow it again',
    invalidRecipients: found.map(one => one.address),
    suppressed: found.map(one => ({ address: one.address, until: one.until.toISOString() })),
  })
}

/** What the From field says must be an address that the person may send as. */
function checkFrom(run: Run, email: EmailRow): void {
  const own = new Set(grantAll(run).flatMap(account => account.addresses))
  const stranger = email.from_list.find(({ email }) => !own.has(parseAddress(email)?.address ?? ''))
  if (stranger || email.from_list.length === 0) throw new ObjectError('forbiddenFrom')
}

const headerRecipients = (email: EmailRow): string[] =>
  [...email.to_list, ...email.cc_list, ...email.bcc_list].map(one => one.email)

/** @throws ObjectError noRecipients, tooManyRecipients, invalidRecipients */
export function recipientsOf(run: Run, addresses: readonly string[]): EnvelopeRecipient[] {
  const recipients = new Map<string, EnvelopeRecipient>()
  const invalid: string[] = []
  for (const text of addresses) {
    const parsed = parseAddress(text)
    const route = parsed && run.context.directory.current.route(parsed.address)
    const reachable =
      route?.type === 'local' || (route?.type === 'unknown-domain' && parsed!.domain.includes('.'))
    if (!parsed || !reachable) {
      invalid.push(text)
      continue
    }
    // The local part as it was written: outside, case may mean something (RFC 5321 §2.4).
    const local = text.trim().slice(0, text.trim().lastIndexOf('@'))
    recipients.set(parsed.address, {
      address: route.type === 'local' ? parsed.address : `${local}@${parsed.domain}`,
    })
  }
  if (invalid.length > 0) throw new ObjectError('invalidRecipients', { invalidRecipients: invalid })
  if (recipients.size === 0) throw new ObjectError('noRecipients')
  if (recipients.size > SUBMISSION_LIMITS.maxRecipients) {
    throw new ObjectError('tooManyRecipients', { maxRecipients: SUBMISSION_LIMITS.maxRecipients })
  }
  return [...recipients.values()]
}

/** The envelope's word on the sender's copy, when the client is going to file it under Sent. */
async function sentCopy(
  run: Run,
  account: Granted,
  email: EmailRow,
  patch: Record<string, unknown> | undefined,
): Promise<Pick<Envelope, 'copy'>> {
  if (!patch) return {}
  const folders = await foldersOf(run.context.db, account)
  try {
    const { folderId, keywords } = applyPatch(email, patch, folders, run.createdIds)
    if (folders.find(folder => folder.id === folderId)?.role !== 'sent') return {}
    return { copy: { mailboxId: account.id, role: 'sent', keywords, emailId: email.id } }
  } catch (error) {
    setError(error)
    // The patch will be refused by itself later; the message goes out all the same (RFC 8621 §7.5).
    return {}
  }
}

/** The same for a draft that stays where it is until it goes out. */
async function draftCopy(run: Run, account: Granted, email: EmailRow): Promise<Pick<Envelope, 'copy'>> {
  const folders = await foldersOf(run.context.db, account)
  const role = folders.find(folder => folder.id === email.folder_id)?.role ?? 'drafts'
  return { copy: { mailboxId: account.id, role, keywords: email.keywords, emailId: email.id } }
}

/** The one change that a submission knows. @returns the e-mail. @throws ObjectError notFound, cannotUnsend */
async function takeBack(
  run: Run,
  account: Granted,
  id: string,
  patch: Record<string, unknown>,
): Promise<string | null> {
  if (!(await submissionRow(run, account, id))) throw new ObjectError('notFound')
  const others = Object.keys(patch).filter(name => name !== 'undoStatus')
  if (others.length > 0) throw invalidProperties(others)
  if (patch.undoStatus !== 'canceled') throw invalidProperties(['undoStatus'])
  const { result } = await changeMailbox(run, account, {}, change => unsend(run, change, { ids: [id] }))
  if (!result[0]) throw new ObjectError('cannotUnsend')
  return result[0].email_id
}

async function recordSubmission(
  run: Run,
  account: Granted,
  of: { id: string; identityId: string; email: EmailRow; envelope: Envelope },
): Promise<void> {
  await changeMailbox(run, account, {}, async change => {
    const modseq = await change.raise()
    await change.tx
      .insertInto('submission')
      .values({
        id: of.id,
        mailbox_id: account.id,
        email_id: of.email.id,
        message_id: of.id,
        identity_id: of.identityId,
        sender: of.envelope.sender,
        recipients: JSON.stringify(of.envelope.recipients.map(one => one.address)),
        send_at: of.envelope.sendAt ?? of.envelope.receivedAt,
        undo_status: of.envelope.sendAt ? 'pending' : 'final',
        delayed: of.envelope.sendAt !== undefined,
        created_modseq: modseq,
        updated_modseq: modseq,
      })
      .onConflict(conflict =>
        conflict.column('id').doUpdateSet({ identity_id: of.identityId, updated_modseq: modseq }),
      )
      .execute()
    // Its mark (waiting, delivered) is new.
    await change.tx
      .updateTable('email')
      .set({ updated_modseq: modseq })
      .where('id', '=', of.email.id)
      .where('mailbox_id', '=', account.id)
      .execute()
  })
}

async function submissionRow(run: Run, account: Granted, id: string) {
  if (!/^[0-9a-f-]{36}$/.test(id)) return undefined
  return await run.context.db
    .selectFrom('submission')
    .select(['id', 'email_id', 'created_modseq'])
    .where('id', '=', id)
    .where('mailbox_id', '=', account.id)
    .executeTakeFirst()
}

/** Forgets the record of a submission; the message is sent (RFC 8621 §7.5). */
async function destroySubmissions(
  run: Run,
  account: Granted,
  keys: readonly string[],
  result: SetResult,
  succeeded: Map<string, string>,
): Promise<void> {
  for (const key of new Set(keys)) {
    const row = await submissionRow(run, account, createdId(key, run.createdIds) ?? '')
    if (!row) {
      result.notDestroyed[key] = { type: 'notFound' }
      continue
    }
    await changeMailbox(run, account, {}, async change => {
      const modseq = await change.raise()
      await change.tx
        .insertInto('tombstone')
        .values({
          mailbox_id: account.id,
          type: 'EmailSubmission',
          object_id: row.id,
          modseq,
          created_modseq: row.created_modseq,
        })
        .onConflict(conflict => conflict.doNothing())
        .execute()
      await change.tx.deleteFrom('submission').where('id', '=', row.id).execute()
    })
    result.destroyed.push(row.id)
    if (row.email_id) succeeded.set(row.id, row.email_id)
  }
}
