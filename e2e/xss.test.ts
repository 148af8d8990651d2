/**
 * The corpus through the whole gateway: sent by SMTP, listed, opened, answered and searched in the real webmail, in a
 * real Chromium with wires around it (wires.ts). Several cases make a message, each a part of its own, so that none can
 * hide another; each says its number when it succeeds.
 */
import {
  charsetCases,
  files,
  headers,
  htmlCases,
  snippetCases,
  textCases,
} from '@restante/core/mail/xss/corpus.ts'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { nameInPath } from '../webmail/jmap/connection.ts'
import { SOON, signIn } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import type { Email, JmapClient } from './jmap.ts'
import { addOrganization, jmapFor } from './organization.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { SmtpClient } from './smtp.ts'
import { until } from './until.ts'
import { report, untilKnown } from './watch.ts'
import { layWires, openWatched, type WatchedBrowser, type Wires } from './wires.ts'

const domain = 'bakery.example'
const ann = `ann@${domain}`

let backend: Sink
let gateway: Gateway
let watched: WatchedBrowser
let page: Page
let wires: Wires
let anns: JmapClient
const errors: string[] = []

beforeAll(async () => {
  backend = await startSink()
  gateway = await startGateway()
  await addOrganization(gateway, {
    name: 'Bakery',
    domain,
    backends: [`smtp://127.0.0.1:${backend.port}`],
    people: [],
  })
  // What is dangerous is to be opened here, not set aside.
  await gateway.cli(['domain', 'scan', domain, '--set', 'attachments=off', '--set', 'encrypted=off'])
  await gateway.cli(['person', 'add', ann, '--password-stdin'], 'correct horse battery staple\n')
  await untilKnown(gateway, ann)
  anns = await jmapFor(gateway, ann)
  watched = await openWatched()
  page = await signIn(watched.browser, gateway.url, ann, errors)
  wires = await layWires(page.context(), gateway.url)
  await page.reload()
})
afterAll(async () => {
  await watched?.close()
  await gateway?.remove()
  await backend?.stop()
})

type Piece = { head: string[]; content: Buffer; encoded?: boolean }
type Message = { key: string; fields: string[]; pieces: Piece[] }

let made = 0
const MARK = /\bmark-\d+\b/

/** The last part tells that all before it was shown. */
function message(pieces: Piece[], fields: string[] = []): Message {
  const key = `mark-${made++}`
  const end = /text\/html/i.test(pieces[0]!.head[0]!) ? html : plain
  return { key, fields, pieces: [...pieces, end(`the end of ${key}.`)] }
}

/** A piece's octets go as base64, whatever they are, unless it is encoded in its own way. */
function wire({ key, fields, pieces }: Message): Buffer {
  const named = (name: string) => fields.some(field => field.toLowerCase().startsWith(`${name}:`))
  const lines = [
    ...(named('from') ? [] : ['From: "eve" <eve@outside.example>']),
    ...(named('to') ? [] : [`To: ${ann}`]),
    ...(named('subject') ? [] : [`Subject: ${key}`]),
    ...(named('message-id') ? [] : [`Message-ID: <${key}@outside.example>`]),
    ...fields,
    `X-Key: ${key}`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="=_b"',
    '',
  ]
  const chunks: Buffer[] = [Buffer.from(`${lines.join('\r\n')}\r\n`)]
  for (const { head, content, encoded } of pieces) {
    const more = encoded ? head : [...head, 'Content-Transfer-Encoding: base64']
    const body = encoded ? content : Buffer.from(content.toString('base64').replace(/(.{76})/g, '$1\r\n'))
    chunks.push(Buffer.from(`--=_b\r\n${more.join('\r\n')}\r\n\r\n`), body, Buffer.from('\r\n'))
  }
  chunks.push(Buffer.from('--=_b--\r\n'))
  return Buffer.concat(chunks)
}

const html = (content: string): Piece => ({
  head: ['Content-Type: text/html; charset=utf-8'],
  content: Buffer.from(content),
})
const plain = (content: string): Piece => ({
  head: ['Content-Type: text/plain; charset=utf-8'],
  content: Buffer.from(content),
})

/** Few enough to be quick, and not more text than a message shows. */
function inMessages<T extends { content: string | Buffer }>(cases: readonly T[], most: number): T[][] {
  const groups: T[][] = []
  let size = Number.POSITIVE_INFINITY
  for (const one of cases) {
    size += one.content.length
    if (size > 500_000 || groups.at(-1)!.length >= most) {
      groups.push([])
      size = one.content.length
    }
    groups.at(-1)!.push(one)
  }
  return groups
}

/** Sends them, and waits until each can be opened. @returns the e-mails, in this order */
async function deliver(messages: readonly Message[]): Promise<Email[]> {
  const client = await SmtpClient.open(gateway.ports.relay)
  for (const one of messages) {
    const reply = await client.send('eve@outside.example', [ann], wire(one))
    expect(reply.code, `${one.key}: ${reply.text}`).toBe(250)
  }
  client.quit()
  const keys = new Map<string, Email>()
  return await until(
    'all of it is there',
    async () => {
      const found = await anns.emails(
        {},
        { properties: ['id', 'threadId', 'attachments', 'header:X-Key:asText'] },
      )
      for (const email of found) {
        const key = MARK.exec(
          String((email as unknown as Record<string, unknown>)['header:X-Key:asText']),
        )?.[0]
        if (key) keys.set(key, email)
      }
      const emails = messages.map(({ key }) => keys.get(key))
      return emails.every(email => email !== undefined) && emails
    },
    { seconds: 60, every: 500 },
  )
}

const opened = () => page.getByRole('article', { name: 'Message', exact: true })

/** Opens each by its address, as from a bookmark, and waits for `ready`. */
async function open(emails: readonly Email[], ready: (index: number) => Promise<void>): Promise<void> {
  const inbox = await anns.folder('inbox')
  for (const [index, { id }] of emails.entries()) {
    const place = new URLSearchParams({ a: anns.accountId, f: inbox, m: id })
    // Within the page: only what a message does is to happen.
    await page.evaluate(query => {
      history.pushState(null, '', `/?${query}`)
      dispatchEvent(new PopStateEvent('popstate'))
    }, String(place))
    await ready(index)
  }
}

/** Some cases are made to keep a processor busy for seconds. */
const LATE = 90_000
const there = (locator: Locator, timeout = SOON) => locator.first().waitFor({ state: 'attached', timeout })
/** A message of a megabyte and a half is cut before its end. */
const framed = ({ key, pieces }: Message) => {
  const cut = pieces.some(({ content }) => content.length > 1_400_000)
  return there(page.frameLocator('iframe').getByText(cut ? '[…]' : `the end of ${key}.`), LATE)
}
const written = ({ key }: Message) => there(opened().getByText(`the end of ${key}.`), LATE)

function expectSilence(): void {
  expect(wires.ran).toEqual([])
  expect(wires.left).toEqual([])
}

test('an unsafe page trips the wires', async () => {
  const context = await watched.browser.newContext()
  const own = await layWires(context, gateway.url)
  const unsafe = await context.newPage()
  await unsafe.setContent(
    '<script>alert(1)</script><img src=x onerror=hurt(2)><iframe srcdoc="<script>hurt(3)</script>"></iframe><img src="http://elsewhere.test/x">',
  )
  await until('all trip', () => own.ran.length >= 4 && own.left.length >= 1)
  expect(own.ran.toSorted()).toEqual(['2', '3', expect.stringContaining('a window'), 'alert 1'])
  expect(own.left).toEqual(['image http://elsewhere.test/x'])
  await context.close()
})

test('HTML', { timeout: 600_000 }, async () => {
  onTestFailed(() => report(gateway))
  const encoded = charsetCases.map(one => ({ ...one, content: one.octets }))
  const messages = [
    ...inMessages(htmlCases, 24).map(cases => message(cases.map(({ content }) => html(content)))),
    ...inMessages(encoded, 16).map(cases => message(cases.map(asItComes))),
  ]
  const emails = await deliver(messages)
  await open(emails, index => framed(messages[index]!))
  expectSilence()
  // The sanitizer left nothing for the frame's policy to stop.
  expect(wires.stopped).toEqual([])
  const body = await anns.fetch(`/message/${anns.accountId}/${emails[0]!.id}/body`)
  expect(body.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(body.headers.get('x-dns-prefetch-control')).toBe('off')
})

/** In its own transfer encoding, if it is about that. */
function asItComes({ type, encoding, octets }: (typeof charsetCases)[number]): Piece {
  const encoded = encoding !== '8bit'
  const head = [`Content-Type: ${type}`, ...(encoded ? [`Content-Transfer-Encoding: ${encoding}`] : [])]
  return { head, content: octets, encoded }
}

test('plain text', async () => {
  onTestFailed(() => report(gateway))
  const messages = inMessages(textCases, 12).map(cases => message(cases.map(({ content }) => plain(content))))
  await open(await deliver(messages), index => written(messages[index]!))
  expectSilence()
  for (const href of await opened()
    .locator('a[href]')
    .evaluateAll(links => links.map(link => link.getAttribute('href')))) {
    expect(href).toMatch(/^(https?:|mailto:|\/)/i)
  }
})

test('header fields: in the list, opened, all of them shown, and answered', {
  timeout: 300_000,
}, async () => {
  onTestFailed(() => report(gateway))
  const messages: Message[] = []
  let rest = headers
  while (rest.length > 0) {
    // A field stands once in a message.
    const here = new Map(rest.toReversed().map(one => [one.field, one]))
    messages.push(
      message(
        [plain('x')],
        [...here.values()].map(({ field, value }) => `${field}: ${value}`),
      ),
    )
    rest = rest.filter(one => here.get(one.field) !== one)
  }
  const emails = await deliver(messages)
  await open(emails, async index => {
    await written(messages[index]!)
    await opened().getByRole('button', { name: 'More for this message' }).first().click()
    await page.getByRole('menuitem', { name: 'Show headers' }).click()
    await there(opened().getByRole('region', { name: 'Headers' }).getByText(messages[index]!.key))
    await page.getByRole('button', { name: 'Reply', exact: true }).first().click()
    const writing = page.getByRole('dialog')
    await there(writing.getByRole('textbox', { name: 'Message' }))
    await writing.getByRole('button', { name: 'Discard draft' }).click()
    await until('the draft has gone', async () => (await writing.count()) === 0)
  })
  expectSilence()
})

test('attachments: looked at, downloaded, and opened by their address', { timeout: 300_000 }, async () => {
  onTestFailed(() => report(gateway))
  const groups = inMessages(files, 8)
  const messages = groups.map(cases =>
    message([plain('x'), ...cases.map(({ head, content }) => ({ head, content }))]),
  )
  const emails = await deliver(messages)
  let looked = 0
  await open(emails, async index => {
    await written(messages[index]!)
    for (const button of await opened()
      .getByRole('button', { name: /^Look at / })
      .all()) {
      await button.click()
      const dialog = page.getByRole('dialog')
      await there(dialog.locator('img, iframe, audio, video, section[aria-busy=false], [role=alert]'))
      await dialog.getByRole('button', { name: 'Close' }).click()
      await until('it is closed', async () => (await dialog.count()) === 0)
      looked++
    }
  })
  expect(looked).toBeGreaterThan(20)
  const tab = await page.context().newPage()
  wires.ran = wires.ran.filter(one => !one.startsWith('a window'))
  for (const { blobId, name, type } of emails.flatMap(email => email.attachments)) {
    for (const as of [type, 'text/html', 'image/svg+xml']) {
      const url = `${anns.downloadUrl(blobId, nameInPath(name ?? ''), as)}&inline=1`
      const response = await anns.fetch(url)
      await response.body?.cancel()
      const shown = /^(image\/(png|jpeg|gif|webp|avif|bmp)|text\/plain|application\/pdf)$/.test(as)
      const head = Object.fromEntries(response.headers)
      expect(head['x-injected']).toBeUndefined()
      expect(response.status, `${name} as ${as}`).toBe(200)
      expect(head['content-disposition'], `${name} as ${as}`).toMatch(
        shown ? /^(inline|attachment);/ : /^attachment;/,
      )
      expect(head['x-content-type-options']).toBe('nosniff')
      expect(head['content-security-policy']).toContain("default-src 'none'")
    }
    // A download ends the navigation; what is shown is shown.
    await tab
      .goto(new URL(`${anns.downloadUrl(blobId, name ?? 'x', type)}&inline=1`, gateway.url).href)
      .catch(() => {})
  }
  await tab.close()
  expectSilence()
})

test('what a search shows', async () => {
  onTestFailed(() => report(gateway))
  const messages = snippetCases.map(({ content }) => message([plain(content)]))
  await deliver(messages)
  await page.getByRole('searchbox').fill('needle')
  const marked = page.getByRole('list', { name: 'Messages' }).locator('[data-id] mark')
  await until('each is found', async () => (await marked.count()) >= snippetCases.length)
  expect(await page.getByRole('list', { name: 'Messages' }).innerText()).toContain('<script>')
  expectSilence()
})

test('no page failed, and nothing got as far as the network', async () => {
  expect(errors).toEqual([])
  expect(await watched.close()).toEqual([])
})
