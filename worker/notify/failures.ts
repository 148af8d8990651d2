/**
 * Tells senders that their mail failed for good: composes the notice and puts it into the spool, whence it
 * goes its way like any other message (to one of our people, or out).
 *
 * The notice's id is made from the delivery and the failed addresses: an attempt that is repeated after a
 * crash spools it again, and ingest knows it by its id.
 */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { Locale } from '@restante/core/db/schema.ts'
import { domainOf, parseAddress } from '@restante/core/directory/addresses.ts'
import { composeNotice } from '@restante/core/mail/notice.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import { explain, language } from '@restante/core/outcome/sentences.ts'
import type { Outcome } from '@restante/core/outcome/types.ts'
import type { Begun, BegunRecipient } from '@restante/core/queue/attempts.ts'
import type { Envelope } from '@restante/core/spool/types.ts'
import type { Services } from '../services.ts'
import { type Header, wantsFailure, whyNoNotice } from './automatic.ts'

export type Failure = BegunRecipient & { outcome: Outcome }

/** What a notice needs to know of a delivery. */
export type Failed = Pick<Begun, 'deliveryId' | 'organizationId' | 'message'>

const notices = counter('notices_total', 'Notices of failure to senders, by what became of them.', ['result'])

/** Of the original, at most; beyond it only its headers go back. */
const MOST_CONTENT = 256 * 1024
const MOST_HEADERS = 64 * 1024

/** @throws when the spool can't be written: the failure must not be settled without its notice */
export async function notifyFailures(
  services: Pick<Services, 'db' | 'spool' | 'hostname' | 'log'>,
  failed: Failed,
  failures: readonly Failure[],
  now: Date,
): Promise<void> {
  const { message } = failed
  const told = failures.filter(failure => wantsFailure(failure.notify))
  if (told.length === 0) return count('unwanted')
  if (message.sender === '') return count('automatic')
  const original = await readOriginal(services, failed)
  const why = whyNoNotice(message.sender, original.fields)
  if (why) {
    services.log.info({ event: 'notice.omitted', id: message.id, why })
    return count('automatic')
  }
  const locale = await localeOf(services, message.sender)
  const words = language(locale)
  const [first] = told
  if (!first) return
  const text = [
    words.notice.greeting,
    words.notice.intro(message.subject || null, told.length),
    ...told.flatMap(({ address, outcome }) => {
      const { what, side, next, advice } = explain(outcome, { recipient: address }, locale)
      const said = [outcome.code, outcome.enhanced, outcome.text].filter(Boolean).join(' ')
      return [
        `${address}: ${[what, side, next].join(' ')}`,
        advice,
        ...(said ? [`${words.notice.reply} ${said}`] : []),
      ]
    }),
    words.notice.original,
    words.notice.closing(services.hostname),
  ]
  const content = composeNotice({
    action: 'failed',
    host: services.hostname,
    to: message.sender,
    subject: words.notice.subject(first.address, told.length - 1),
    text,
    recipients: told.map(({ address, original: orcpt, outcome }) => ({ address, original: orcpt, outcome })),
    original: {
      headers: original.headers,
      content: message.envelope.ret === 'FULL' ? (original.content ?? undefined) : undefined,
      messageId: message.headerMessageId?.replace(/^<|>$/g, '') ?? null,
      envid: message.envelope.envid,
      receivedAt: message.receivedAt,
    },
    now,
  })
  const envelope: Envelope = {
    id: noticeId(failed.deliveryId, told),
    kind: 'notice',
    sender: '',
    recipients: [{ address: returnPath(message.sender) }],
    receivedAt: now.toISOString(),
    body: '8BITMIME',
    ...(failed.organizationId && { organizationId: failed.organizationId }),
  }
  await services.spool.append(envelope, content)
  services.log.info({ event: 'notice.spooled', id: envelope.id, about: message.id, recipients: told.length })
  count('spooled')
}

function count(result: 'spooled' | 'automatic' | 'unwanted'): void {
  notices.inc({ result })
}

/** A UUID of version 8 (RFC 9562 §5.8). */
function noticeId(deliveryId: string, told: readonly Failure[]): string {
  const addresses = told.map(failure => failure.address).sort()
  const hash = createHash('sha256')
    .update(JSON.stringify(['failed', deliveryId, addresses]))
    .digest()
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = hash.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )
}

/** As the envelope wants it: the local part as it came, the domain canonical. */
function returnPath(sender: string): string {
  const domain = domainOf(sender)
  return domain ? `${sender.slice(0, sender.lastIndexOf('@'))}@${domain}` : sender
}

async function localeOf({ db }: Pick<Services, 'db'>, sender: string): Promise<Locale> {
  const person = await db
    .selectFrom('person')
    .select('locale')
    .where('address', '=', parseAddress(sender)?.address ?? '')
    .executeTakeFirst()
  return person?.locale ?? 'en'
}

type Original = {
  headers: Buffer
  fields: Header[] /** null: too long, or unreadable. */
  content: Buffer | null
}

async function readOriginal(
  { spool, log }: Pick<Services, 'spool' | 'log'>,
  failed: Failed,
): Promise<Original> {
  let content: Readable | null = null
  const chunks: Buffer[] = []
  let length = 0
  let whole = true
  try {
    const opened = await spool.read(failed.message.location)
    content = opened.content
    for await (const chunk of content) {
      chunks.push(chunk as Buffer)
      length += (chunk as Buffer).length
      if (length > MOST_CONTENT) {
        whole = false
        break
      }
    }
  } catch (error) {
    whole = false
    log.warn({ event: 'notice.original-unreadable', id: failed.message.id, error })
  } finally {
    content?.destroy()
  }
  const bytes = Buffer.concat(chunks)
  const end = bytes.indexOf('\r\n\r\n')
  const headers = bytes.subarray(0, Math.min(end < 0 ? bytes.length : end + 2, MOST_HEADERS))
  return { headers, fields: fieldsOf(headers), content: whole ? bytes : null }
}

function fieldsOf(headers: Buffer): Header[] {
  return headers
    .toString('latin1')
    .replace(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/)
    .flatMap(line => {
      const colon = line.indexOf(':')
      return colon > 0 ? [{ name: line.slice(0, colon).trim(), value: line.slice(colon + 1) }] : []
    })
}
