/**
 * Where we have no IMAP access: what people sent meanwhile is delivered to their own mailbox, once each, marked
 * for a Sieve rule (core/continuity/sieve.ts). It goes through the spool like any other message, but no mailbox
 * here shows it. Flags, folders and drafts can't be carried this way.
 *
 * The copy's id is made from the e-mail's: spooled again after a crash, ingest knows it.
 */
import { createHash } from 'node:crypto'
import { FILE_FIELD, fileWord } from '@restante/core/continuity/sieve.ts'
import type { Envelope, Spool } from '@restante/core/spool/types.ts'
import type { Services } from '../services.ts'
import { type Entry, record } from './journal.ts'
import type { Result, Task } from './mailbox.ts'
import { OWN_FIELD } from './plan.ts'
import type { Item } from './work.ts'

export async function deliverCopies(
  { db, spool, sealKey }: Pick<Services, 'db' | 'spool' | 'sealKey'>,
  task: Task,
  items: readonly Item[],
): Promise<Result> {
  const sent = items.filter(item => item.copy && item.now?.role === 'sent' && !item.appended)
  const result: Result = { way: 'delivery', later: 0, missing: 0, failed: 0, error: null }
  const entries: Entry[] = []
  for (const item of sent) {
    if (item.location) await deliver(spool, task, item, fileWord(sealKey, task.organizationId))
    else result.failed++
    entries.push(
      item.location
        ? { item, action: 'delivered', folder: null, error: null }
        : { item, action: 'failed', folder: null, error: 'its content is no longer kept' },
    )
  }
  for (const item of items) {
    if (item.now === null && !item.copy) entries.push({ item, action: 'deleted', folder: null, error: null })
  }
  await record(db, task, items, entries)
  return result
}

async function deliver(spool: Spool, task: Task, item: Item, word: string): Promise<void> {
  const { content } = await spool.read(item.location!)
  const envelope: Envelope = {
    id: idOf(item.emailId),
    kind: 'notice',
    // Nobody is to be told when it can't be delivered: its owner has it here.
    sender: '',
    recipients: [{ address: task.address }],
    receivedAt: new Date().toISOString(),
    body: '8BITMIME',
    organizationId: task.organizationId,
    backendOnly: true,
  }
  await spool.append(envelope, marked(content, item.emailId, word))
}

async function* marked(
  content: AsyncIterable<Buffer>,
  emailId: string,
  word: string,
): AsyncGenerator<Buffer> {
  yield Buffer.from(`${FILE_FIELD}: ${word}\r\n${OWN_FIELD}: ${emailId}\r\n`)
  yield* content
}

/** A UUID of version 8 (RFC 9562 §5.8). */
function idOf(emailId: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(['sent copy', emailId]))
    .digest()
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = hash.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )
}
