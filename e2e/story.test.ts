/**
 * The whole story, as one company lives it. Its mail server is a Dovecot. Mail arrives and is read. The
 * server is stopped; new mail shows up in Restante's webmail by itself, under a banner that says why; Ann
 * answers a customer, writes to a colleague, deletes a message, and deletes another by mistake. The server
 * comes back and gets what it missed, in order and once, without what she deleted.
 *
 * Driven through a real Chromium. Counted at the end: every message that got 250 is in Dovecot exactly once,
 * apart from the deleted one.
 */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { openBrowser, SOON, signIn, watchErrors } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { readMailbox } from './imap.ts'
import { addOrganization } from './organization.ts'
import { type Dovecot, startDovecot } from './servers/dovecot.ts'
import { headerOf, type Sink, startSink } from './servers/sink.ts'
import { plainMessage, SmtpClient } from './smtp.ts'
import { until } from './until.ts'
import { deliveriesOf, report, untilEmpty, untilHealth, untilKnown } from './watch.ts'

const domain = 'bakery.example'
const [ann, ben] = [`ann@${domain}`, `ben@${domain}`]
const customer = 'customer@outside.example'

let dovecot: Dovecot
let outside: Sink
let gateway: Gateway
let browser: Browser
let annsPage: Page
let bensPage: Page
/** What got 250, in order. */
const promised: { subject: string; to: string; id: string }[] = []
/** What went wrong in a page and nobody saw. */
const pageErrors: string[] = []

async function send(to: string, ...subjects: string[]): Promise<void> {
  const client = await SmtpClient.open(gateway.ports.relay)
  for (const subject of subjects) {
    const { id, content } = plainMessage({ from: `Customer <${customer}>`, to, subject })
    const reply = await client.send(customer, [to], content)
    expect(reply.code, reply.text).toBe(250)
    promised.push({ subject, to, id })
  }
  client.quit()
}

/** But for the closing statement and the copies of what was sent, which come in their own time and restore.test.ts is about. */
const inDovecot = async (user: string) =>
  (await readMailbox(dovecot.imapPort, user)).filter(
    ({ source }) =>
      !source.includes('From: Restante <MAILER-DAEMON@') && !source.includes('X-Restante-File: sent'),
  )
const subjectsIn = async (user: string) => (await inDovecot(user)).map(({ subject }) => subject)

async function enter(address: string): Promise<Page> {
  const page = await signIn(browser, gateway.url, address, pageErrors)
  // A mark that a reload would wipe away.
  await page.evaluate(() => {
    document.documentElement.dataset.notReloaded = 'yes'
  })
  return page
}

const row = (page: Page, subject: string): Locator =>
  page.getByRole('list', { name: 'Messages' }).locator('[data-id]', { hasText: subject })
const visible = (locator: Locator) => locator.waitFor({ state: 'visible', timeout: SOON })
const gone = (locator: Locator) =>
  until(`${locator} is gone`, async () => (await locator.count()) === 0, { seconds: SOON / 1000 })
const openFolder = (page: Page, name: string) =>
  page
    .getByRole('link', { name: new RegExp(`^${name}\\b`) })
    .first()
    .click()

/** For the message of a failure: what every open page shows. */
async function screens(): Promise<void> {
  for (const page of browser.contexts().flatMap(context => context.pages())) {
    const text = await page.locator('body').innerText()
    console.error(`${page.url()}\n${text}`)
  }
  console.error(pageErrors)
}

beforeAll(async () => {
  dovecot = await startDovecot()
  outside = await startSink()
  gateway = await startGateway()
  await addOrganization(gateway, {
    name: 'Bakery',
    domain,
    backends: [`lmtp://127.0.0.1:${dovecot.lmtpPort}`],
    imap: `imap://127.0.0.1:${dovecot.imapPort}`,
    smarthosts: [`smtp://127.0.0.1:${outside.port}`],
    people: [{ name: 'ann', role: 'admin', undoSend: 0 }, { name: 'ben' }],
  })
  await untilKnown(gateway, ben)
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await gateway?.remove()
  await outside?.stop()
  await dovecot?.remove()
})

test('mail comes in, the backend goes down, people carry on, the backend returns', async () => {
  onTestFailed(async () => {
    await report(gateway)
    await screens()
  })

  // Mail arrives, as on any day.
  annsPage = await enter(ann)
  bensPage = await enter(ben)
  await send(ann, 'order 1', 'order 2')
  await visible(row(annsPage, 'order 1'))
  await visible(row(annsPage, 'order 2'))
  await until('Dovecot has both', async () => (await inDovecot(ann)).length === 2)
  await gone(row(annsPage, 'Waiting for your server'))
  await row(annsPage, 'order 1').click()
  await visible(annsPage.getByRole('heading', { name: 'order 1' }))
  await visible(annsPage.getByText('This is order 1.', { exact: true }).last())

  // The server stops. What comes before anybody notices is there too.
  await dovecot.stop()
  await send(ann, 'held 1', 'held 2', 'held 3')
  await visible(row(annsPage, 'held 3'))
  await untilHealth(gateway, ['down'])
  const banner = annsPage.getByRole('status').filter({ hasText: 'has refused connections since' })
  await visible(banner)
  await send(ann, 'held 4', 'held 5', 'held 6')
  await send(ben, 'for Ben')
  await visible(row(annsPage, 'held 6').filter({ hasText: 'Waiting for your server' }))
  await visible(row(bensPage, 'for Ben'))

  // An answer to a customer goes out at once.
  await row(annsPage, 'held 1').click()
  await annsPage.getByRole('button', { name: 'Reply', exact: true }).click()
  const compose = annsPage.getByRole('dialog')
  await compose.getByRole('textbox', { name: 'Message' }).pressSequentially('It is in the oven.\n')
  await compose.getByRole('button', { name: 'Send' }).click()
  await gone(compose)
  const [answer] = await until('the customer has the answer', () => {
    const got = outside.withSubject('Re: held 1')
    return got.length > 0 && got
  })
  const original = promised.find(({ subject }) => subject === 'held 1')!
  expect(answer!.from).toBe(ann)
  expect(answer!.to).toEqual([customer])
  expect(headerOf(answer!.content, 'In-Reply-To')).toBe(original.id)
  expect(headerOf(answer!.content, 'References')).toContain(original.id)
  expect(answer!.content.toString()).toContain('It is in the oven.')

  // Mail to a colleague is there at once, backend or not.
  await annsPage.getByRole('button', { name: 'Compose' }).first().click()
  await compose.getByLabel('To', { exact: true }).fill(ben)
  await compose.getByLabel('To', { exact: true }).press('Enter')
  await compose.getByLabel('Subject').fill('server is away')
  await compose.getByRole('textbox', { name: 'Message' }).fill('Use the webmail.')
  await compose.getByRole('button', { name: 'Send' }).click()
  await gone(compose)
  await visible(row(bensPage, 'server is away'))

  // One message is deleted, another by mistake.
  await row(annsPage, 'held 2').click()
  await annsPage.getByRole('button', { name: 'Delete', exact: true }).click()
  await gone(row(annsPage, 'held 2'))
  await row(annsPage, 'held 4').click()
  await annsPage.getByRole('button', { name: 'Delete', exact: true }).click()
  await gone(row(annsPage, 'held 4'))
  await annsPage.getByRole('button', { name: 'Undo' }).last().click()
  await visible(row(annsPage, 'held 4'))
  await until('the deletion is known to the queue', async () => {
    const cancelled = await deliveriesOf(gateway, 'cancelled')
    return cancelled.length === 1 && cancelled[0]?.subject === 'held 2'
  })

  // The admin page says so, live.
  const admin = await annsPage.context().newPage()
  watchErrors(admin, pageErrors)
  await admin.goto(`${gateway.url}/admin`)
  const server = admin.getByRole('region', { name: 'Mail servers' }).getByRole('listitem')
  await visible(server.getByText('Down', { exact: true }))
  await visible(admin.getByRole('heading', { name: /is waiting here/ }))
  await bensPage.goto(`${gateway.url}/admin`)
  expect(await bensPage.getByRole('heading', { name: 'Mail servers' }).count()).toBe(0)

  // The server comes back.
  await dovecot.start()
  await untilEmpty(gateway, 90)
  const wanted = promised.filter(({ to, subject }) => to === ann && subject !== 'held 2')
  const arrived = await subjectsIn(ann)
  expect([...arrived].sort()).toEqual(wanted.map(({ subject }) => subject).sort())
  // What was held came in the order in which it was accepted.
  const held = (subject: string) => subject.startsWith('held')
  expect(arrived.filter(held)).toEqual(wanted.map(({ subject }) => subject).filter(held))
  expect((await subjectsIn(ben)).sort()).toEqual(['for Ben', 'server is away'])
  const counted = [...(await inDovecot(ann)), ...(await inDovecot(ben))].map(({ messageId }) => messageId)
  for (const { id, subject } of promised) {
    expect([subject, counted.filter(one => one === id).length]).toEqual([
      subject,
      subject === 'held 2' ? 0 : 1,
    ])
  }
  await untilHealth(gateway, ['up'])
  await visible(server.getByText('Up', { exact: true }))
  await gone(row(annsPage, 'Waiting for your server'))
  await gone(banner)

  // What she deleted is still hers.
  await openFolder(annsPage, 'Trash')
  await visible(row(annsPage, 'held 2'))
  expect(await row(annsPage, 'held 4').count()).toBe(0)
  await openFolder(annsPage, 'Sent')
  await visible(row(annsPage, 'Re: held 1'))
  expect(await annsPage.evaluate(() => document.documentElement.dataset.notReloaded)).toBe('yes')
  expect(pageErrors).toEqual([])
  await admin.close()
})

test('an admin holds the mail back and lets it go', async () => {
  onTestFailed(async () => {
    await report(gateway)
    await screens()
  })
  const before = await subjectsIn(ann)
  await gateway.cli(['backend', 'override', domain, 'down', '--reason', 'new disks', '--for', '2h'])
  await untilHealth(gateway, ['down'])
  await openFolder(annsPage, 'Inbox')
  await visible(annsPage.getByRole('status').filter({ hasText: 'set your company’s mail server aside' }))
  await send(ann, 'during the override')
  await visible(row(annsPage, 'during the override').filter({ hasText: 'Waiting for your server' }))
  await until('it is held', async () => (await deliveriesOf(gateway, 'held')).length === 1)
  expect(await subjectsIn(ann)).toEqual(before)

  await annsPage.goto(`${gateway.url}/admin`)
  await annsPage.getByRole('button', { name: `Change how ${domain} is treated` }).click()
  await annsPage.getByRole('menuitem', { name: 'Leave it to the checks' }).click()
  await annsPage.getByRole('dialog').getByRole('button', { name: 'Leave it to the checks' }).click()
  await untilEmpty(gateway)
  expect((await subjectsIn(ann)).at(-1)).toBe('during the override')
})
