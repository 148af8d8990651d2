/**
 * Senders from outside for the scan's bench: 200 people of 50 domains with SPF, DKIM and DMARC in a name server on
 * loopback, behind ten clients with a name in DNS; and a sender of load that says, as a load balancer, that it is
 * one of these clients. To a relay mail from loopback is its own, and is not asked who sent it.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { connect } from 'node:net'
import { type DnsServer, startDns, txt } from '@restante/e2e/servers/dns.ts'
import { SmtpClient, stuff } from '@restante/e2e/smtp.ts'

const DOMAINS = 50
const SENDERS = 200
const CLIENTS = 10
const KEY = generateKeyPairSync('rsa', { modulusLength: 2_048 })

/** text: 4 KiB, unsigned; signed: text and HTML of 8 KiB with a DKIM signature; file: the same with 48 KiB of a PDF. */
export type Kind = 'text' | 'signed' | 'file'
export type Mail = { sender: string; content: Buffer }

const client = (n: number) => `198.51.100.${10 + (n % CLIENTS)}`
const hostOf = (n: number) => `out${n % CLIENTS}.hosts.test`

export function startSenderDns(): Promise<DnsServer> {
  const key = KEY.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const domains = Array.from({ length: DOMAINS }, (_, n) => [
    `d${n} ${txt('v=spf1 include:_spf.hosts.test -all')}`,
    `_dmarc.d${n} ${txt('v=DMARC1; p=reject')}`,
    `s1._domainkey.d${n} ${txt(`v=DKIM1; k=rsa; p=${key}`)}`,
  ])
  const numbers = Array.from({ length: CLIENTS }, (_, n) => n)
  return startDns({
    'senders.test.': domains.flat().join('\n'),
    'hosts.test.': [
      `_spf ${txt('v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all')}`,
      ...numbers.map(n => `out${n} A ${client(n)}`),
    ].join('\n'),
    '100.51.198.in-addr.arpa.': numbers.map(n => `${10 + n} PTR ${hostOf(n)}.`).join('\n'),
  })
}

/** One message of each sender. */
export function mailOf(kind: Kind, recipient: string): Mail[] {
  return Array.from({ length: SENDERS }, (_, n) => {
    const domain = `d${n % DOMAINS}.senders.test`
    const sender = `person${n}@${domain}`
    const text = messageOf(kind, sender, recipient)
    return { sender, content: stuff(Buffer.from(kind === 'text' ? text : signed(text, domain))) }
  })
}

/** DKIM over fields that are one line each, in relaxed form, and the body as it is (RFC 6376 §3.4). */
function signed(text: string, domain: string): string {
  const end = text.indexOf('\r\n\r\n')
  const names = ['from', 'to', 'subject', 'date', 'message-id']
  const fields = names.map(name => {
    const line = text.split('\r\n').find(one => one.toLowerCase().startsWith(`${name}:`)) ?? ''
    return `${name}:${line.slice(line.indexOf(':') + 1).trim()}\r\n`
  })
  const bh = createHash('sha256')
    .update(text.slice(end + 4))
    .digest('base64')
  const own = `v=1; a=rsa-sha256; c=relaxed/relaxed; d=${domain}; s=s1; h=${names.join(':')}; bh=${bh}; b=`
  const b = sign('sha256', Buffer.from(`${fields.join('')}dkim-signature:${own}`), KEY.privateKey)
  return `DKIM-Signature: ${own}${b.toString('base64')}\r\n${text}`
}

function messageOf(kind: Kind, sender: string, recipient: string): string {
  const lines = (octets: number) =>
    `${'Shall we meet for lunch at noon, or is that too early for you?'}\r\n`.repeat(octets / 64)
  const head = [
    `Received: from ${hostOf(0)} by mail.example with ESMTPS id 1; Sun, 22 Nov 2026 10:00:00 +0000`,
    `From: Somebody <${sender}>`,
    `To: <${recipient}>`,
    'Subject: Lunch',
    `Message-ID: <${randomBytes(12).toString('hex')}@mail.example>`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    'MIME-Version: 1.0',
  ]
  if (kind === 'text')
    return [...head, 'Content-Type: text/plain; charset=utf-8', '', lines(4_096)].join('\r\n')
  const shown = [
    '--a',
    'Content-Type: text/plain; charset=utf-8',
    '',
    lines(2_048),
    '--a',
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    `<p style=3D"margin:0">${lines(6_144)}</p>`,
    '--a--',
    '',
  ]
  if (kind === 'signed')
    return [...head, 'Content-Type: multipart/alternative; boundary=a', '', ...shown].join('\r\n')
  const pdf = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(48 * 1024), Buffer.from('\n%%EOF\n')])
  return [
    ...head,
    'Content-Type: multipart/mixed; boundary=m',
    '',
    '--m',
    'Content-Type: multipart/alternative; boundary=a',
    '',
    ...shown,
    '--m',
    'Content-Type: application/pdf; name="menu.pdf"',
    'Content-Disposition: attachment; filename="menu.pdf"',
    'Content-Transfer-Encoding: base64',
    '',
    pdf.toString('base64').replace(/.{76}/g, '$&\r\n'),
    '--m--',
    '',
  ].join('\r\n')
}

export type Sent = {
  /** Messages a second, from the first MAIL to the last 250. */
  rate: number
  /** ms between the last octet of each message and its reply. */
  waits: number[]
  /** Replies that were no 250. */
  refused: string[]
}

/** Sends so many over `sessions` connections at a time, each of which is kept. */
export async function sendFrom(
  port: number,
  load: { mail: readonly Mail[]; recipient: string; messages: number; sessions: number },
): Promise<Sent> {
  const sent: Sent = { rate: 0, waits: [], refused: [] }
  const clients = await Promise.all(Array.from({ length: load.sessions }, (_, n) => openAs(port, n)))
  let next = 0
  const start = performance.now()
  await Promise.all(
    clients.map(async smtp => {
      while (next < load.messages) {
        const { sender, content } = load.mail[next++ % load.mail.length]!
        for (const line of [`MAIL FROM:<${sender}>`, `RCPT TO:<${load.recipient}>`, 'DATA'])
          await smtp.command(line)
        const answer = smtp.reply()
        const at = performance.now()
        smtp.socket.write(content)
        const { code, text } = await answer
        sent.waits.push(performance.now() - at)
        if (code !== 250) sent.refused.push(`${code} ${text}`)
      }
    }),
  )
  sent.rate = load.messages / ((performance.now() - start) / 1_000)
  for (const smtp of clients) smtp.quit()
  return sent
}

async function openAs(port: number, n: number): Promise<SmtpClient> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.write(`PROXY TCP4 ${client(n)} 127.0.0.1 ${20_000 + n} 25\r\n`)
  const smtp = new SmtpClient(socket)
  const greeting = await smtp.reply()
  if (greeting.code !== 220) throw new Error(`greeting: ${greeting.code} ${greeting.text}`)
  await smtp.command(`EHLO ${hostOf(n)}`)
  return smtp
}
