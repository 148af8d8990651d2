/**
 * A quarantine that people can trust. A message that the real rspamd takes for spam arrives in Ann's Junk folder
 * and not on her server; she says that it is none, and her Dovecot has it, with the envelope it came with. What
 * holds a program is in the organization's quarantine, where nobody sees it but her as admin, who releases several
 * at once. Driven through a real Chromium, by role and name; axe looks at each page.
 */
import type { Browser, Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { openBrowser, SOON, signIn } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { readMailbox } from './imap.ts'
import { look, pictures } from './look.ts'
import { addOrganization } from './organization.ts'
import { type Dovecot, startDovecot } from './servers/dovecot.ts'
import { type Rspamd, startRspamd } from './servers/rspamd.ts'
import { GTUBE } from './servers/spamd.ts'
import { SmtpClient } from './smtp.ts'
import { until } from './until.ts'
import { report, untilKnown } from './watch.ts'

const domain = 'bakery.example'
const ann = `ann@${domain}`
const customer = 'customer@outside.example'

let dovecot: Dovecot
let rspamd: Rspamd
let gateway: Gateway
let browser: Browser
const pageErrors: string[] = []

beforeAll(async () => {
  ;[dovecot, rspamd] = await Promise.all([startDovecot(), startRspamd()])
  gateway = await startGateway({ env: { RSPAMD_URL: `http://127.0.0.1:${rspamd.port}` } })
  await addOrganization(gateway, {
    name: 'Bakery',
    domain,
    backends: [`lmtp://127.0.0.1:${dovecot.lmtpPort}`],
    people: [{ name: 'ann', role: 'admin' }],
  })
  await gateway.cli(['domain', 'scan', domain, '--set', 'spam=junk'])
  await untilKnown(gateway, ann)
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await gateway?.remove()
  await rspamd?.remove()
  await dovecot?.remove()
})

async function send(subject: string, to: string, body: string, more: string[] = []): Promise<void> {
  const client = await SmtpClient.open(gateway.ports.relay)
  const content = [
    `From: Customer <${customer}>`,
    `To: <${to}>`,
    `Subject: ${subject}`,
    `Message-ID: <${subject.replace(/\W+/g, '-')}@outside.example>`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    'MIME-Version: 1.0',
    ...more,
    '',
    body,
    '',
  ].join('\r\n')
  const reply = await client.send(customer, [to], Buffer.from(content))
  client.quit()
  expect(reply.code, reply.text).toBe(250)
}

const withProgram = (subject: string) =>
  send(
    subject,
    ann,
    [
      '--x',
      'Content-Type: text/plain',
      '',
      'As agreed.',
      '--x',
      'Content-Type: application/octet-stream',
      'Content-Disposition: attachment; filename="invoice.pdf.exe"',
      'Content-Transfer-Encoding: base64',
      '',
      'TVqQAAMAAAAEAAAA//8AALgAAAA=',
      '--x--',
    ].join('\r\n'),
    ['Content-Type: multipart/mixed; boundary=x'],
  )

const visible = (locator: Locator) => locator.waitFor({ state: 'visible', timeout: SOON })
const gone = (locator: Locator) => locator.waitFor({ state: 'hidden', timeout: SOON })
const inDovecot = async () => (await readMailbox(dovecot.imapPort, ann)).map(message => message.subject)

const failed = async () => {
  await report(gateway)
  for (const page of browser.contexts().flatMap(context => context.pages())) {
    console.error(`${page.url()}\n${await page.locator('body').innerText()}`)
    if (pictures) await page.screenshot({ path: `${pictures}/failed.png` })
  }
  console.error(pageErrors)
}

test('spam is in Junk and nowhere else; "Not spam" delivers it with its envelope', async () => {
  onTestFailed(failed)
  await send('Cheap watches', ann, GTUBE)
  await send('Lunch', ann, 'At noon?')
  const page = await signIn(browser, gateway.url, ann, pageErrors)
  const messages = page.getByRole('list', { name: 'Messages' })
  await visible(messages.locator('[data-id]', { hasText: 'Lunch' }))
  await until('Dovecot has the good one', async () => (await inDovecot()).includes('Lunch'))
  expect(await messages.locator('[data-id]', { hasText: 'Cheap watches' }).count()).toBe(0)
  await page
    .getByRole('link', { name: /^Junk\b/ })
    .first()
    .click()
  await visible(page.getByText('Mail in Junk is only here.'))
  await messages.locator('[data-id]', { hasText: 'Cheap watches' }).click()
  const note = page.getByRole('region', { name: 'Why it is here' })
  await visible(note)
  await visible(note.getByText(/gave it 15 of 15 points/))
  await look(page, 'junk')
  await note.getByRole('button', { name: 'Not spam' }).click()
  await visible(page.getByText('Released: it goes to your mail server'))
  await gone(messages.locator('[data-id]', { hasText: 'Cheap watches' }))
  await until('Dovecot has it', async () => (await inDovecot()).includes('Cheap watches'))
  const [message] = (await readMailbox(dovecot.imapPort, ann)).filter(one => one.subject === 'Cheap watches')
  // Dovecot writes the envelope's sender and recipient on top.
  expect(message?.source.toString()).toContain(`Return-Path: <${customer}>`)
  expect(message?.source.toString()).toContain(`Delivered-To: ${ann}`)
  await page.context().close()
  expect(pageErrors).toEqual([])
})

test('an admin finds, looks at, and releases several quarantined messages at once', async () => {
  onTestFailed(failed)
  for (const subject of ['Invoice one', 'Invoice two', 'Catalogue']) await withProgram(subject)
  const page = await signIn(browser, gateway.url, ann, pageErrors)
  const messages = page.getByRole('list', { name: 'Messages' })
  await page.goto(`${gateway.url}/admin/quarantine`)
  await visible(page.getByRole('heading', { name: 'Quarantine', level: 1 }))
  await visible(page.getByRole('button', { name: 'Catalogue' }))
  await look(page, 'quarantine')

  await page.getByRole('button', { name: 'Catalogue' }).click()
  const drawer = page.getByRole('dialog')
  await visible(drawer.getByRole('heading', { name: 'What the scan found' }))
  await visible(drawer.getByText('invoice.pdf.exe', { exact: false }).first())
  await look(page, 'quarantine-message')
  const download = page.waitForEvent('download')
  await drawer.getByRole('link', { name: 'Download' }).click()
  expect((await download).suggestedFilename()).toMatch(/\.eml$/)
  await drawer.getByRole('button', { name: 'Delete' }).click()
  const question = page.getByRole('dialog', { name: 'Delete 1 message?' })
  await visible(question)
  await question.getByRole('button', { name: 'Delete' }).click()
  await visible(page.getByText('1 message was deleted'))

  await page.getByRole('searchbox', { name: 'Filter held messages' }).fill('invoice')
  await until('the address says so', async () => page.url().includes('q=invoice'))
  await visible(page.getByRole('button', { name: 'Invoice one' }))
  await gone(page.getByRole('button', { name: 'Catalogue' }))
  await page.getByRole('checkbox', { name: 'Select all' }).click()
  await page.getByRole('button', { name: 'Release' }).click()
  const release = page.getByRole('dialog', { name: 'Release 2 messages?' })
  await visible(release.getByText(ann, { exact: false }))
  await release.getByRole('button', { name: 'Release' }).click()
  await visible(page.getByText('2 messages were released'))
  await visible(page.getByText('Nothing here fits.'))
  await until('Dovecot has both', async () => {
    const subjects = await inDovecot()
    return subjects.includes('Invoice one') && subjects.includes('Invoice two')
  })
  expect(await inDovecot()).not.toContain('Catalogue')
  await page.goto(gateway.url)
  await visible(messages.locator('[data-id]', { hasText: 'Invoice two' }))
  await page.context().close()
  expect(pageErrors).toEqual([])
})

test('the command line lists and shows the same', async () => {
  onTestFailed(failed)
  await withProgram('From the command line')
  const { items } = await until('it is there', async () => {
    const page = await gateway.cli<{ items: { id: string; subject: string; kind: string }[] }>([
      'quarantine',
      'list',
    ])
    return page.items.length > 0 && page
  })
  expect(items).toMatchObject([{ subject: 'From the command line', kind: 'attachment' }])
  const shown = await gateway.run(['quarantine', 'show', items[0]!.id])
  expect(shown.stdout).toContain('attachments')
  expect(await gateway.cli(['quarantine', 'release', items[0]!.id])).toMatchObject({ matched: 1, changed: 1 })
  const again = await gateway.run(['quarantine', 'release', items[0]!.id])
  expect([again.code, again.stderr.split('\n').length]).toEqual([1, 2])
  await until('Dovecot has it', async () => (await inDovecot()).includes('From the command line'))
})
