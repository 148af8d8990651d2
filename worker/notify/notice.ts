/**
 * A notice to the sender of a message, of failure or of delay: composed in their language and put into the spool,
 * whence it goes its way like any other message (to one of our people, or out).
 *
 * Its id is made from what it is about: a step that is repeated after a crash spools it again, and ingest knows it
 * by its id.
 */
import { createHash } from 'node:crypto'
import type { Locale } from '@restante/core/db/schema/directory.ts'
import { domainOf, parseAddress } from '@restante/core/directory/addresses.ts'
import { composeNotice, type Notice } from '@restante/core/mail/notice.ts'
import { explain, language } from '@restante/core/outcome/sentences.ts'
import type { Outcome } from '@restante/core/outcome/types.ts'
import type { Begun, BegunRecipient } from '@restante/core/queue/attempts.ts'
import type { Envelope } from '@restante/core/spool/types.ts'
import type { Services } from '../services.ts'
import { whyNoNotice } from './automatic.ts'
import { readOriginal } from './original.ts'

/** One recipient, and what became of them. */
export type Told = BegunRecipient & { outcome: Outcome }

/** What a notice needs to know of a delivery. */
export type About = Pick<Begun, 'deliveryId' | 'organizationId' | 'message'>

/** When a message that waits is tried again, and until when. */
export type Schedule = { nextAt: Date | null; until: Date }

export type NoticeServices = Pick<Services, 'db' | 'spool' | 'hostname' | 'log' | 'giveUp'>

/**
 * @param schedule for a delay: what the sender is promised
 * @returns whether there was somebody to tell
 * @throws when the spool can't be written
 */
export async function spoolNotice(
  services: NoticeServices,
  action: Notice['action'],
  about: About,
  told: readonly Told[],
  now: Date,
  schedule?: Schedule,
): Promise<'spooled' | 'automatic'> {
  const { message } = about
  const [first] = told
  if (message.sender === '' || !first) return 'automatic'
  const original = await readOriginal(services, message.location, message.id)
  const why = whyNoNotice(message.sender, original.fields)
  if (why) {
    services.log.info({ event: 'notice.omitted', id: message.id, why })
    return 'automatic'
  }
  const locale = await localeOf(services, message.sender)
  const words = language(locale).notice
  const delayed = action === 'delayed'
  const text = [
    words.greeting,
    (delayed ? words.delayedIntro : words.intro)(message.subject || null, told.length),
    ...told.flatMap(({ address, outcome }) => {
      const { what, side, next, advice } = explain(outcome, { recipient: address, ...schedule }, locale)
      const said = [outcome.code, outcome.enhanced, outcome.text].filter(Boolean).join(' ')
      return [
        `${address}: ${[what, side, next].join(' ')}`,
        advice,
        ...(said ? [`${words.reply} ${said}`] : []),
      ]
    }),
    words.original,
    words.closing(services.hostname),
  ]
  const content = composeNotice({
    action,
    host: services.hostname,
    to: message.sender,
    subject: (delayed ? words.delayedSubject : words.subject)(first.address, told.length - 1),
    text,
    recipients: told.map(({ address, original: orcpt, outcome }) => ({
      address,
      original: orcpt,
      outcome,
      ...(schedule && { retryUntil: schedule.until }),
    })),
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
    id: noticeId(action, about.deliveryId, told, schedule),
    kind: 'notice',
    sender: '',
    recipients: [{ address: returnPath(message.sender) }],
    receivedAt: now.toISOString(),
    body: '8BITMIME',
    ...(about.organizationId && { organizationId: about.organizationId }),
  }
  await services.spool.append(envelope, content)
  services.log.info({
    event: 'notice.spooled',
    id: envelope.id,
    action,
    about: message.id,
    recipients: told.length,
  })
  return 'spooled'
}

/** A UUID of version 8 (RFC 9562 §5.8). A delay is told of once for each reason, a failure once. */
function noticeId(
  action: Notice['action'],
  deliveryId: string,
  told: readonly Told[],
  schedule: Schedule | undefined,
): string {
  const addresses = told.map(({ address }) => address).sort()
  const reason = schedule ? told.map(({ outcome }) => outcome.category) : []
  const hash = createHash('sha256')
    .update(JSON.stringify([action, deliveryId, addresses, ...reason]))
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
