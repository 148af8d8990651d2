/**
 * Who decides what gets in. Ben blocks somebody on his own page, and only his mail is refused; Ann, the admin, changes
 * what the scan does for the domain, and blocks somebody for all. Driven through a real Chromium, by role and name; axe
 * looks at each page.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { openBrowser, SOON, signIn } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { look } from './look.ts'
import { addOrganization } from './organization.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { plainMessage, SmtpClient } from './smtp.ts'
import { until } from './until.ts'
import { report, untilKnown } from './watch.ts'

const domain = 'bakery.example'
const ann = `ann@${domain}`
const ben = `ben@${domain}`
const seller = 'seller@adverts.example'
let backend: Sink
let gateway: Gateway
let browser: Browser
const pageErrors: string[] = []

beforeAll(async () => {
  backend = await startSink()
  gateway = await startGateway()
  await addOrganization(gateway, {
    name: 'Bakery',
    domain,
    backends: [`smtp://127.0.0.1:${backend.port}`],
    people: [{ name: 'ann', role: 'admin' }, { name: 'ben' }],
  })
  await untilKnown(gateway, ben)
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await gateway?.remove()
  await backend?.stop()
})

/** What the relay says to a message of the seller's. */
async function sent(to: string): Promise<number> {
  const client = await SmtpClient.open(gateway.ports.relay)
  const { content } = plainMessage({ from: seller, to, subject: 'Buy now' })
  const { code } = await client.send(seller, [to], content)
  client.quit()
  return code
}

const said = (page: Page, text: string) =>
  page.getByText(text, { exact: true }).first().waitFor({ state: 'visible', timeout: SOON })

test('somebody blocks a sender for themselves, and sets their daily mail', async () => {
  onTestFailed(() => report(gateway))
  const page = await signIn(browser, gateway.url, ben, pageErrors)
  expect(await sent(ben)).toBe(250)
  await page.goto(`${gateway.url}/filter`)
  await page.getByRole('heading', { name: 'Junk and senders' }).waitFor({ timeout: SOON })
  await page.getByLabel('Somebody whose mail you don’t want').fill('not an address')
  await page.getByRole('button', { name: 'Block' }).click()
  await said(page, 'That is neither an address, nor a domain, nor a network.')
  await page.getByLabel('Somebody whose mail you don’t want').fill('@Adverts.example')
  await page.getByRole('button', { name: 'Block' }).click()
  await said(page, 'adverts.example')
  await page.getByLabel('Somebody whose mail you want').fill('friend@outside.example')
  await page.getByRole('button', { name: 'Always accept' }).click()
  await said(page, 'friend@outside.example')
  await until('his mail is refused', async () => (await sent(ben)) === 550)
  expect(await sent(ann)).toBe(250)
  await look(page, 'filter')

  await page.getByLabel('Every day').check()
  await page.getByRole('button', { name: 'Save' }).click()
  await said(page, 'Saved.')
  await page.reload()
  expect(await page.getByLabel('Every day').isChecked()).toBe(true)
  await page.getByRole('button', { name: 'Remove adverts.example' }).click()
  await until('his mail is taken again', async () => (await sent(ben)) === 250)
  await until('the entry has gone', async () => (await page.getByText('adverts.example').count()) === 0)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('an admin says what the scan does for a domain, and blocks a sender for everybody', async () => {
  onTestFailed(() => report(gateway))
  const page = await signIn(browser, gateway.url, ann, pageErrors)
  await page.goto(`${gateway.url}/admin`)
  await page.getByRole('link', { name: 'Scanning' }).click()
  await page.getByRole('heading', { name: 'Scanning' }).waitFor({ timeout: SOON })
  await page.getByRole('button', { name: `Change ${domain}` }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Spam for sure').selectOption('junk')
  await dialog.getByLabel('Endings that are not wanted').fill('.docm, XLSM')
  await look(page, 'scan-policy')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'hidden', timeout: SOON })
  await said(page, 'Into Junk')
  expect(await gateway.cli(['domain', 'scan', domain])).toMatchObject({
    policy: { spam: 'junk', blockedEndings: ['docm', 'xlsm'] },
    own: ['spam', 'blockedEndings'],
  })

  await page.getByLabel('Sender').fill('adverts.example')
  await page.getByRole('button', { name: 'Add' }).click()
  await said(page, 'adverts.example')
  await until('their mail is refused', async () => (await sent(ann)) === 550)
  await look(page, 'scanning')
  await page.getByLabel('Sender').fill('adverts.example')
  await page.getByRole('button', { name: 'Add' }).click()
  await page.getByRole('alert').filter({ hasText: 'on that list already' }).waitFor({ timeout: SOON })
  await page.getByRole('button', { name: 'Remove adverts.example' }).click()
  await until('their mail is taken again', async () => (await sent(ann)) === 250)
  expect(pageErrors).toEqual([])
  await page.context().close()
})
