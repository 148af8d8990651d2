/**
 * Messages that come into an account without coming over SMTP: drafts that a client writes (Email/set create,
 * RFC 8621 §4.6), Email/import (§4.8) and Email/copy (§4.7). They go through the spool like any other, as
 * `stored`: what was saved is on stable storage when the answer is given.
 */
import { z } from 'zod'
import { newId } from '../db/id.ts'
import type { FolderRole } from '../db/schema/mail.ts'
import type { Row } from '../db/schema.ts'
import { ingestMessage } from '../ingest/message.ts'
import type { Envelope } from '../spool/types.ts'
import { type Arguments, patches, read, utcDate } from './arguments.ts'
import { messageBlob, readBlob } from './blob.ts'
import { type Granted, grant, type Run } from './context.ts'
import { composeEmail } from './email-compose.ts'
import { emailRows } from './email-get.ts'
import { onlyFolder, readKeywords, readMailboxIds, setEmails } from './email-set.ts'
import { MethodError, ObjectError, type SetError } from './errors.ts'
import { CORE_LIMITS } from './limits.ts'
import { foldersOf } from './mailbox.ts'
import { createdId } from './references.ts'
import { setError } from './set.ts'
import { currentModseq, stateOf } from './state.ts'

export type CreatedEmail = { id: string; blobId: string; threadId: string; size: number }

/** @throws ObjectError */
export async function createEmail(
  run: Run,
  account: Granted,
  properties: Record<string, unknown>,
): Promise<CreatedEmail> {
  const { mailboxIds, keywords, receivedAt, ...message } = properties
  const place = await placeFor(run, account, { mailboxIds, keywords, receivedAt })
  const content = await composeEmail(run, account, message)
  return await store(run, account, content, place)
}

type Place = { folder: Row<'folder'>; keywords: string[]; receivedAt: Date }

async function placeFor(
  run: Run,
  account: Granted,
  given: { mailboxIds?: unknown; keywords?: unknown; receivedAt?: unknown },
): Promise<Place> {
  const folders = await foldersOf(run.context.db, account)
  const folderId = onlyFolder(new Set(readMailboxIds(given.mailboxIds, run.createdIds)), folders)
  return {
    folder: folders.find(folder => folder.id === folderId)!,
    keywords: readKeywords(given.keywords ?? {}),
    receivedAt: given.receivedAt ? new Date(read(utcDate, given.receivedAt)) : run.now(),
  }
}

/** Where a rebuild would put it: the spool knows folders by role only. */
const roleOf = (folder: Row<'folder'>): FolderRole => folder.role ?? 'archive'

async function store(run: Run, account: Granted, content: Buffer, place: Place): Promise<CreatedEmail> {
  const { db, spool, queues, directory, person } = run.context
  const emailId = newId()
  const envelope: Envelope = {
    id: newId(),
    kind: 'stored',
    sender: account.address,
    recipients: [],
    receivedAt: place.receivedAt.toISOString(),
    client: { person: person.id },
    copy: { mailboxId: account.id, role: roleOf(place.folder), keywords: place.keywords, emailId },
  }
  const { location, size } = await spool.append(envelope, content)
  await ingestMessage(
    { db, spool, queues, directory: () => directory.current },
    { envelope, location, size, content },
    place.folder.id,
  )
  const [row] = await emailRows(db, account, [emailId])
  if (!row) throw new MethodError('serverFail', 'it was destroyed at once')
  return { id: emailId, blobId: messageBlob(envelope.id), threadId: row.thread_id, size }
}

const importArguments = z.object({
  accountId: z.string(),
  ifInState: z.string().nullish(),
  emails: z.record(
    z.string(),
    z.object({
      blobId: z.string(),
      mailboxIds: z.unknown(),
      keywords: z.unknown().optional(),
      receivedAt: z.unknown().optional(),
    }),
  ),
})

export async function emailImport(given: Arguments, run: Run) {
  const { accountId, ifInState, emails } = read(importArguments, given)
  const account = grant(run, accountId)
  if (Object.keys(emails).length > CORE_LIMITS.maxObjectsInSet) throw new MethodError('requestTooLarge')
  const oldState = stateOf(await currentModseq(run.context.db, account))
  if (ifInState && ifInState !== oldState) throw new MethodError('stateMismatch')
  const created: Record<string, CreatedEmail> = {}
  const notCreated: Record<string, SetError> = {}
  for (const [key, { blobId, ...rest }] of Object.entries(emails)) {
    try {
      const place = await placeFor(run, account, rest)
      const blob = await readBlob(run.context, account, createdId(blobId, run.createdIds) ?? '')
      if (!blob) throw new ObjectError('blobNotFound', { notFound: [blobId] })
      if (!looksLikeMessage(blob.content)) throw new ObjectError('invalidEmail')
      created[key] = await store(run, account, blob.content, place)
      run.createdIds.set(key, created[key].id)
    } catch (error) {
      notCreated[key] = setError(error)
    }
  }
  return {
    accountId: account.id,
    oldState,
    newState: stateOf(await currentModseq(run.context.db, account)),
    created: Object.keys(created).length ? created : null,
    notCreated: Object.keys(notCreated).length ? notCreated : null,
  }
}

/** It begins with a header field, at least (RFC 8621 §4.8 leaves it to the server). */
function looksLikeMessage(content: Buffer): boolean {
  return /^(From [^\n]*\n)?[\x21-\x39\x3b-\x7e]+[ \t]*:/.test(content.subarray(0, 2_000).toString('latin1'))
}

const copyArguments = z.object({
  fromAccountId: z.string(),
  accountId: z.string(),
  ifFromInState: z.string().nullish(),
  ifInState: z.string().nullish(),
  create: patches,
  onSuccessDestroyOriginal: z.boolean().nullish(),
  destroyFromIfInState: z.string().nullish(),
})

/** Answers for itself and, when originals are to be destroyed, for the implied Email/set. */
export async function emailCopy(
  given: Arguments,
  run: Run,
): Promise<[name: string, result: Record<string, unknown>][]> {
  const copy = read(copyArguments, given)
  const from = grant(run, copy.fromAccountId, 'fromAccountNotFound')
  const to = grant(run, copy.accountId)
  if (from.id === to.id) throw new MethodError('invalidArguments', 'fromAccountId')
  const oldState = stateOf(await currentModseq(run.context.db, to))
  if (copy.ifInState && copy.ifInState !== oldState) throw new MethodError('stateMismatch')
  const fromState = stateOf(await currentModseq(run.context.db, from))
  if (copy.ifFromInState && copy.ifFromInState !== fromState) throw new MethodError('stateMismatch')
  const created: Record<string, CreatedEmail> = {}
  const notCreated: Record<string, SetError> = {}
  const originals: string[] = []
  for (const [key, { id, mailboxIds, keywords, receivedAt }] of Object.entries(copy.create)) {
    try {
      const [row] = await emailRows(run.context.db, from, [String(id)])
      const blob = row && (await readBlob(run.context, from, messageBlob(row.message_id)))
      if (!row || !blob) throw new ObjectError('notFound')
      const place = await placeFor(run, to, {
        mailboxIds,
        keywords: keywords ?? Object.fromEntries(row.keywords.map(keyword => [keyword, true])),
        receivedAt: receivedAt ?? row.received_at.toISOString(),
      })
      created[key] = await store(run, to, blob.content, place)
      run.createdIds.set(key, created[key].id)
      originals.push(row.id)
    } catch (error) {
      notCreated[key] = setError(error)
    }
  }
  const answer = {
    fromAccountId: from.id,
    accountId: to.id,
    oldState,
    newState: stateOf(await currentModseq(run.context.db, to)),
    created: Object.keys(created).length ? created : null,
    notCreated: Object.keys(notCreated).length ? notCreated : null,
  }
  if (!copy.onSuccessDestroyOriginal || originals.length === 0) return [['Email/copy', answer]]
  const destroyed = await setEmails(run, from, { ifInState: copy.destroyFromIfInState, destroy: originals })
  return [
    ['Email/copy', answer],
    ['Email/set', destroyed],
  ]
}
