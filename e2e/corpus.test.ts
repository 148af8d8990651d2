/**
 * Odd mail: every message of the corpus that Python's own e-mail tests use (Debian's package
 * libpython3.11-testsuite), and a few that only a wire can carry. Each goes in by SMTP and comes out byte for
 * byte, apart from the trace headers on top, at a Dovecot and at a server that keeps what it gets; and opens.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { openBrowser, SOON, signIn } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { readMailbox } from './imap.ts'
import type { Email, JmapClient } from './jmap.ts'
import { addOrganization, jmapFor } from './organization.ts'
import { type Dovecot, startDovecot } from './servers/dovecot.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { SmtpClient } from './smtp.ts'
import { until } from './until.ts'
import { report, untilEmpty, untilKnown } from './watch.ts'

const FOLDER = '/usr/lib/python3.11/test/test_email/data'
const [atDovecot, atSink] = ['ann@dovecot.example', 'ben@sink.example']

/** As a mail server reads such a file from disk: lines end in CRLF on the wire (RFC 5321 §2.3.8). */
const onTheWire = (file: Buffer) =>
  Buffer.from(`${file.toString('latin1').replace(/\r?\n|$/g, '\r\n')}`.replace(/\r\n$/, ''), 'latin1')

const corpus = readdirSync(FOLDER)
  .filter(name => /^msg_.*\.txt$/.test(name))
  .sort()
  .map(name => ({ name, content: onTheWire(readFileSync(join(FOLDER, name))) }))

const line = (length: number) => 'x'.repeat(length)
const odd: { name: string; content: Buffer }[] = [
  ['dots', 'Subject: dots\r\n\r\n.\r\n..\r\n.a\r\n...\r\n'],
  ['no body', 'Subject: no body\r\n\r\n'],
  ['header only', 'Subject: header only\r\n'],
  ['longest line', `Subject: long\r\n\r\n${line(998)}\r\n`],
  ['too long a line', `Subject: too long\r\n\r\n${line(20_000)}\r\n`],
  [
    'every octet',
    `Subject: octets\r\n\r\n${Array.from({ length: 256 }, (_, n) => n)
      .filter(n => n !== 0 && n !== 10 && n !== 13)
      .map(n => String.fromCharCode(n))
      .join('')}\r\n`,
  ],
  [
    'deep',
    `Subject: deep\r\n${Array.from({ length: 40 }, (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`).join('')}`,
  ],
  [
    'a thousand headers',
    `${Array.from({ length: 1000 }, (_, n) => `X-Header-${n}: ${n}\r\n`).join('')}\r\nbody\r\n`,
  ],
].map(([name, text]) => ({ name: name!, content: Buffer.from(text!, 'latin1') }))
/** The relay says so itself: a bare LF becomes CRLF, a bare CR a space (relay/framing.ts). */
const bare = {
  sent: Buffer.from('Subject: bare\r\n\r\nab\ncd\ref\r\n.gh\r\n'),
  kept: Buffer.from('Subject: bare\r\n\r\nab\r\ncd ef\r\n.gh\r\n'),
}

let dovecot: Dovecot
let sink: Sink
let gateway: Gateway
let ann: JmapClient

beforeAll(async () => {
  dovecot = await startDovecot()
  sink = await startSink()
  gateway = await startGateway()
  await addOrganization(gateway, {
    name: 'Library',
    domain: 'dovecot.example',
    backends: [`lmtp://127.0.0.1:${dovecot.lmtpPort}`],
    people: [{ name: 'ann' }],
  })
  await addOrganization(gateway, {
    name: 'Archive',
    domain: 'sink.example',
    backends: [`smtp://127.0.0.1:${sink.port}`],
    people: [{ name: 'ben' }],
  })
  await untilKnown(gateway, atSink)
  ann = await jmapFor(gateway, atDovecot)
})
afterAll(async () => {
  await gateway?.remove()
  await sink?.stop()
  await dovecot?.remove()
})

/** What stands before `content` in `whole`, or undefined when it did not come out as it went in. */
function before(whole: Buffer, content: Buffer): string | undefined {
  if (!whole.subarray(-content.length).equals(content)) return undefined
  return whole.subarray(0, whole.length - content.length).toString('latin1')
}
const isTrace = (head: string) =>
  /^(?:(?:Received|Return-Path|Delivered-To|Authentication-Results|X-Restante-Scan): .*\r\n(?:[ \t].*\r\n)*)+$/i.test(
    head,
  )
const cameOut = (all: Buffer[], content: Buffer) =>
  all.some(whole => {
    const head = before(whole, content)
    return head !== undefined && isTrace(head)
  })

test('every message goes in and comes out byte for byte', async () => {
  onTestFailed(() => report(gateway))
  expect(corpus.length).toBeGreaterThan(40)
  const messages = [...corpus, ...odd]
  const client = await SmtpClient.open(gateway.ports.relay)
  for (const { name, content } of messages) {
    for (const to of [atDovecot, atSink]) {
      const reply = await client.send('x@outside.example', [to], content)
      expect([name, reply.code, reply.text]).toEqual([name, 250, reply.text])
    }
  }
  expect((await client.send('x@outside.example', [atSink], bare.sent)).code).toBe(250)
  client.quit()
  await until('the sink has all', () => sink.kept.length > messages.length)
  await untilEmpty(gateway)

  const kept = sink.kept.map(({ content }) => content)
  expect(kept).toHaveLength(messages.length + 1)
  expect(cameOut(kept, bare.kept)).toBe(true)
  const broken = messages.filter(({ content }) => !cameOut(kept, content)).map(({ name }) => name)
  expect(broken).toEqual([])

  const stored = (await readMailbox(dovecot.imapPort, atDovecot)).map(({ source }) => source)
  expect(stored).toHaveLength(messages.length)
  const changed = messages.filter(({ content }) => !cameOut(stored, content)).map(({ name }) => name)
  expect(changed).toEqual([])
})

test('every message can be read over JMAP and shown in the webmail', async () => {
  onTestFailed(() => report(gateway))
  const count = corpus.length + odd.length
  const ids = await until('all are there', async () => {
    const { ids } = await ann.call<{ ids: string[] }>('Email/query', { limit: 500 })
    return ids.length === count && ids
  })
  const { list } = await ann.call<{ list: Email[] }>('Email/get', { ids, fetchAllBodyValues: true })
  expect(list).toHaveLength(count)
  const failures: string[] = []
  for (const email of list) {
    const whole = await ann.download(email.blobId)
    if (![...corpus, ...odd].some(({ content }) => before(whole, content) !== undefined)) {
      failures.push(`${email.subject}: another content`)
    }
    for (const attachment of email.attachments) await ann.download(attachment.blobId)
    const body = await ann.fetch(`/message/${ann.accountId}/${email.id}/body?remote=0`)
    if (body.status !== 200) failures.push(`${email.subject}: ${body.status}`)
    const html = await body.text()
    if (/<script/i.test(html)) failures.push(`${email.subject}: a script`)
  }
  expect(failures).toEqual([])
})

test('every message opens in a browser', async () => {
  onTestFailed(() => report(gateway))
  const emails = new Map((await ann.emails()).map(email => [email.id, email]))
  // Messages that answer each other are one row, and open together.
  const rows = new Set([...emails.values()].map(email => email.threadId)).size
  const errors: string[] = []
  const browser = await openBrowser()
  try {
    const page = await signIn(browser, gateway.url, atDovecot, errors)
    const message = page.getByRole('article', { name: 'Message', exact: true })
    await page.getByRole('list', { name: 'Messages' }).locator('[data-id]').first().click()
    const opened = new Set<string>()
    // Down the list with the keyboard, until it goes no further.
    for (;;) {
      const id = await until('the next message is open', () => {
        const open = new URL(page.url()).searchParams.get('m')
        return open !== null && !opened.has(open) && open
      })
      opened.add(id)
      const subject = emails.get(id)?.subject?.trim() || '(no subject)'
      await message
        .getByRole('heading', { level: 2 })
        .filter({ hasText: subject.replace(/\s+/g, ' ') })
        .waitFor({ timeout: SOON })
      expect(await message.getByRole('alert').count(), subject).toBe(0)
      if (opened.size === rows) break
      await page.keyboard.press('j')
    }
    expect(emails.size).toBe(corpus.length + odd.length)
  } finally {
    await browser.close()
  }
  expect(errors).toEqual([])
})
