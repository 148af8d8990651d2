/**
 * What is posted to each kind of address. Pure.
 *
 * - generic: our own JSON, signed: `Restante-Signature: t=SECONDS,v1=HEX`, HMAC-SHA256 with the channel's secret
 *   over `SECONDS.BODY`. A receiver checks it and refuses what is older than five minutes.
 * - Slack: an incoming webhook. Teams: a workflow's webhook, which takes an Adaptive Card. ntfy: publishing as JSON.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Payload, Said } from './say.ts'

export type Post = { url: string; headers: Record<string, string>; body: string }

const json = { 'content-type': 'application/json; charset=utf-8' }

export function genericForm(
  target: { url: string; secret: string },
  id: string,
  payload: Payload,
  said: Said,
  now: Date,
): Post {
  const body = JSON.stringify({
    version: 1,
    id,
    at: now.toISOString(),
    ...(payload.type === 'news'
      ? {
          event: payload.what,
          thread: payload.thread,
          kind: payload.kind,
          severity: said.severity,
          organization: payload.organization,
          facts: payload.facts,
        }
      : { event: payload.type }),
    title: said.title,
    text: said.text.join('\n'),
    url: said.url,
  })
  const seconds = Math.floor(now.getTime() / 1_000)
  return {
    url: target.url,
    headers: {
      ...json,
      'restante-delivery': id,
      'restante-signature': `t=${seconds},v1=${sign(target.secret, seconds, body)}`,
    },
    body,
  }
}

const sign = (secret: string, seconds: number, body: string) =>
  createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')

/** As a receiver does it. @param now ms */
export function isSigned(header: string, body: string, secret: string, now: number): boolean {
  const found = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header)
  if (!found) return false
  const seconds = Number(found[1])
  if (Math.abs(now / 1_000 - seconds) > 300) return false
  return timingSafeEqual(Buffer.from(found[2]!, 'hex'), Buffer.from(sign(secret, seconds, body), 'hex'))
}

export function slackForm(url: string, said: Said): Post {
  // Their three characters; the rest is text.
  const plain = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
  const lines = [`*${plain(said.title)}*`, ...said.text.map(plain)]
  if (said.url) lines.push(`${plain(said.urlLabel)} <${said.url}>`)
  const body = {
    text: plain(said.title),
    blocks: [{ type: 'section', text: { type: 'mrkdwn', text: lines.join('\n').slice(0, 2_900) } }],
  }
  return { url, headers: json, body: JSON.stringify(body) }
}

export function teamsForm(url: string, said: Said): Post {
  const colour = said.severity >= 2 ? 'attention' : said.severity === 1 ? 'warning' : 'default'
  const card = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [
      { type: 'TextBlock', text: said.title, weight: 'Bolder', size: 'Medium', wrap: true, color: colour },
      ...said.text.map(text => ({ type: 'TextBlock', text, wrap: true })),
    ],
    ...(said.url && {
      actions: [{ type: 'Action.OpenUrl', title: said.urlLabel.replace(/:$/, ''), url: said.url }],
    }),
  }
  const body = {
    type: 'message',
    attachments: [
      { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: card },
    ],
  }
  return { url, headers: json, body: JSON.stringify(body) }
}

/** The topic is the last part of the address; `https://:TOKEN@host/topic` or `https://user:password@…` signs in. */
export function ntfyForm(address: string, said: Said): Post {
  const url = new URL(address)
  const parts = url.pathname.split('/').filter(Boolean)
  const topic = decodeURIComponent(parts.pop() ?? '')
  const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)]
  const authorization = user
    ? `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
    : password && `Bearer ${password}`
  const body = {
    topic,
    title: said.title,
    message: said.text.join('\n').slice(0, 3_500),
    priority: said.severity >= 2 ? 5 : said.severity === 1 ? 4 : 3,
    tags: [said.severity >= 1 ? 'warning' : 'mailbox'],
    ...(said.url && { click: said.url }),
  }
  return {
    url: `${url.origin}/${parts.join('/')}`,
    headers: { ...json, ...(authorization && { authorization }) },
    body: JSON.stringify(body),
  }
}
