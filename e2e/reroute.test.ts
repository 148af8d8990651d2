/**
 * The server of a customer has burnt down, and what the office wrote to them waits. Their provider takes it in meanwhile:
 * the admin opens one message, names the provider's server (first with a slip of the keyboard), and it arrives there.
 * The rest follows together; a server that is not there either is named in the message's story.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { openBrowser, SOON, signIn } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { look } from './look.ts'
import { addOrganization } from './organization.ts'
import { freePort } from './ports.ts'
import { type DnsServer, startDns } from './servers/dns.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { plainMessage, SmtpClient } from './smtp.ts'
import { until } from './until.ts'
import { deliveriesOf } from './watch.ts'

const ann = 'ann@office.example'
const SUBJECTS = ['Offer', 'Bill', 'Reminder']

let gateway: Gateway
let backend: Sink
let provider: Sink
let dns: DnsServer
let browser: Browser
let page: Page
/** Nobody listens there. */
let nobody: string
const pageErrors: string[] = []

beforeAll(async () => {
  const port = await freePort()
  ;[backend, provider] = await Promise.all([startSink({ lmtp: true }), startSink({ host: '127.0.0.2' })])
  nobody = `smtp://127.0.0.9:${port}`
  dns = await startDns({ 'burnt.test.': '@ MX 10 mx\nmx A 127.0.0.9' })
  gateway = await startGateway({
    env: { DNS_SERVERS: dns.address, OUTBOUND_PORT: String(port), OUTBOUND_PRIVATE: 'allow' },
  })
  await addOrganization(gateway, {
    name: 'Office',
    domain: 'office.example',
    backends: [`lmtp://127.0.0.1:${backend.port}`],
    people: [{ name: 'ann', role: 'admin' }],
  })
  await gateway.cli(['client', 'add', 'Office', 'printer', '--network', '127.0.0.1/32'])
  const client = await SmtpClient.open(gateway.ports.submission)
  for (const subject of SUBJECTS) {
    const to = 'orders@burnt.test'
    const { content } = plainMessage({ from: ann, to, subject, text: 'Good morning.' })
    expect(await client.send(ann, [to], content)).toMatchObject({ code: 250 })
  }
  client.quit()
  await until('all were tried', async () => (await deliveriesOf(gateway, 'deferred')).length === 3)
  browser = await openBrowser()
  page = await signIn(browser, gateway.url, ann, pageErrors)
})
afterAll(async () => {
  await browser?.close()
  await gateway?.remove()
  await Promise.all([backend, provider].map(sink => sink?.stop()))
  await dns?.close()
})

const failed = async () => console.error(gateway.log(), await page.locator('body').innerText(), pageErrors)
const visible = (text: string | RegExp) => page.getByText(text).first().waitFor({ timeout: SOON })
const button = (name: string) => page.getByRole('button', { name, exact: true })
const story = (subject: string) => page.getByRole('dialog', { name: subject })
const question = (count: string) => page.getByRole('dialog', { name: `Send ${count} another way?` })

async function openList(): Promise<void> {
  await page.goto(`${gateway.url}/admin/outgoing`)
  await page.getByRole('link', { name: 'burnt.test' }).click()
  await page.getByRole('heading', { name: 'Messages' }).waitFor({ timeout: SOON })
}

test('one message goes another way, once its server is written as a server', async () => {
  onTestFailed(failed)
  await openList()
  await button('Offer').click()
  await story('Offer').getByRole('button', { name: 'Another way' }).click()
  const dialog = question('1 message')
  await dialog.getByLabel('Server', { exact: true }).fill('mail provider test')
  await dialog.getByRole('button', { name: 'Send that way' }).click()
  await dialog.getByRole('alert').waitFor({ timeout: SOON })
  expect(await dialog.getByRole('alert').innerText()).toMatch(/smtp:\/\/host:port/)
  expect(provider.kept).toEqual([])
  await look(page, 'reroute')
  await dialog.getByLabel('Server', { exact: true }).fill(`smtp://127.0.0.2:${provider.port}`)
  await dialog.getByRole('button', { name: 'Send that way' }).click()
  await visible('1 message goes that way')
  await dialog.waitFor({ state: 'detached', timeout: SOON })
  await until('it arrived there', () => provider.withSubject('Offer').length === 1)
  await story('Offer').getByText(`smtp://127.0.0.2:${provider.port}`).waitFor({ timeout: SOON })
  await story('Offer').getByText('On its way').waitFor({ state: 'detached', timeout: SOON })
  await look(page, 'reroute-story')
  // The others wait where they were.
  expect(provider.kept).toHaveLength(1)
})

test('what is left goes together: to a server that is not there, which its story names, and past it', async () => {
  onTestFailed(failed)
  await openList()
  await button('Bill').waitFor({ timeout: SOON })
  await page.getByRole('checkbox', { name: 'Select all that are shown' }).check()
  await button('Another way').click()
  const dialog = question('2 messages')
  await dialog.getByLabel('Server', { exact: true }).fill(nobody)
  await dialog.getByRole('button', { name: 'Send that way' }).click()
  await visible('2 messages go that way')
  await until('both were tried there', async () => {
    const all = await deliveriesOf(gateway, 'deferred')
    const stories = await Promise.all(
      all.map(({ id }) => gateway.cli<{ way: string; attempts: number }>(['delivery', 'show', id])),
    )
    return stories.length === 2 && stories.every(one => one.way === nobody && one.attempts >= 2)
  })
  await button('Bill').click()
  await story('Bill').getByText(nobody).waitFor({ timeout: SOON })
  await story('Bill').getByText('when connecting').first().waitFor({ timeout: SOON })
  await story('Bill').getByRole('button', { name: 'Another way' }).click()
  await question('1 message').getByLabel('Way').selectOption('The usual way again')
  expect(await question('1 message').getByLabel('Server', { exact: true }).count()).toBe(0)
  await question('1 message').getByRole('button', { name: 'Back' }).click()
  await page.keyboard.press('Escape')
  await story('Bill').waitFor({ state: 'detached', timeout: SOON })
  await page.getByRole('checkbox', { name: 'Select all that are shown' }).check()
  await button('Another way').click()
  await question('2 messages')
    .getByLabel('Server', { exact: true })
    .fill(`${nobody} smtp://127.0.0.2:${provider.port}`)
  await question('2 messages').getByRole('button', { name: 'Send that way' }).click()
  await until('all arrived', () => provider.kept.length === SUBJECTS.length)
  expect(pageErrors).toEqual([])
})
