/**
 * One message to one channel: a mail into the spool, whence it goes out like any other; a post; a push.
 *
 * A mail's id is that of its delivery: spooled twice, after a crash between spool and row, it is one message.
 */
import { createHash } from 'node:crypto'
import type { Locale } from '@restante/core/db/schema/directory.ts'
import type { Envelope } from '@restante/core/spool/types.ts'
import type { Target } from '@restante/core/telling/channels.ts'
import { genericForm, ntfyForm, type Post, slackForm, teamsForm } from '@restante/core/telling/forms.ts'
import { pushKeys } from '@restante/core/telling/keys.ts'
import { composeTelling } from '@restante/core/telling/mail.ts'
import type { Payload, Said } from '@restante/core/telling/say.ts'
import webPush from 'web-push'
import type { Services } from '../services.ts'
import type { Posted, Poster } from './request.ts'

export type Message = {
  /** Of the delivery, or of the first of several. */
  id: string
  target: Target
  organizationId: string | null
  locale: Locale
  said: Said
  payload: Payload
  now: Date
}

export type Result =
  | { type: 'sent' }
  /** `wait` in ms, when the receiver said how long. */
  | { type: 'again'; error: string; wait: number | null }
  | { type: 'failed'; error: string }
  /** The channel is no more: a browser that unsubscribed. */
  | { type: 'gone'; error: string }

/** How long a push service keeps it for a browser that is closed, in s: older news is none. */
const PUSH_TTL = 6 * 3_600

export type SendServices = Pick<Services, 'db' | 'spool' | 'hostname' | 'sealKey'>

export async function send(services: SendServices, poster: Poster, message: Message): Promise<Result> {
  const { target, said, id, now, payload } = message
  try {
    switch (target.kind) {
      case 'mail':
        await spool(services, message, target.address)
        return { type: 'sent' }
      case 'webhook':
        return await post(poster, genericForm(target, id, payload, said, now))
      case 'slack':
        return await post(poster, slackForm(target.url, said))
      case 'teams':
        return await post(poster, teamsForm(target.url, said))
      case 'ntfy':
        return await post(poster, ntfyForm(target.url, said))
      case 'push':
        return await push(services, poster, message, target)
      default:
        return target satisfies never
    }
  } catch (error) {
    return { type: 'again', error: (error as Error).message.split('\n')[0]!.slice(0, 300), wait: null }
  }
}

async function spool(
  { spool, hostname }: SendServices,
  { id, organizationId, locale, said, payload, now }: Message,
  address: string,
): Promise<void> {
  const envelope: Envelope = {
    id,
    kind: 'notice',
    sender: '',
    recipients: [{ address }],
    receivedAt: now.toISOString(),
    ...(organizationId && { organizationId }),
  }
  const thread = payload.type === 'news' ? payload.thread : null
  await spool.append(envelope, composeTelling({ id, to: address, host: hostname, locale, said, thread, now }))
}

async function post(poster: Poster, { url, headers, body }: Post): Promise<Result> {
  return resultOf(await poster(url, headers, body))
}

function resultOf({ status, text, retryAfter }: Posted): Result {
  if (status >= 200 && status < 300) return { type: 'sent' }
  const error = `it answered ${status}${text ? `: ${text.replace(/\s+/g, ' ').slice(0, 200)}` : ''}`
  const passing = status >= 500 || [408, 425, 429].includes(status)
  return passing ? { type: 'again', error, wait: retryAfter } : { type: 'failed', error }
}

async function push(
  { db, sealKey, hostname }: SendServices,
  poster: Poster,
  { said, payload }: Message,
  target: Target & { kind: 'push' },
): Promise<Result> {
  const keys = await pushKeys(db, sealKey)
  const thread = payload.type === 'news' ? payload.thread : payload.type
  const content = JSON.stringify({
    title: said.title,
    body: said.text.join('\n').slice(0, 1_500),
    url: said.url,
    tag: thread,
  })
  const details = webPush.generateRequestDetails({ endpoint: target.endpoint, keys: target.keys }, content, {
    TTL: PUSH_TTL,
    urgency: said.severity >= 1 ? 'high' : 'normal',
    // At most 32 characters: a later one of the same thread takes the place of one that waits (RFC 8030 §5.4).
    topic: createHash('sha256').update(thread).digest('base64url').slice(0, 32),
    vapidDetails: { subject: `mailto:postmaster@${hostname}`, ...keys },
  })
  const posted = await poster(target.endpoint, textHeaders(details.headers), details.body ?? '')
  if (posted.status === 404 || posted.status === 410) {
    return { type: 'gone', error: 'the browser does not want to be told any more' }
  }
  return resultOf(posted)
}

function textHeaders(headers: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.toLowerCase() !== 'content-length')
      .map(([name, value]) => [name, String(value)]),
  )
}
