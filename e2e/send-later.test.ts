/**
 * Taking back what was just sent, and sending later: in a real Chromium with a real server outside; and a message that
 * waits for its time goes out once, although the worker and then the whole gateway are killed while it waits.
 */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest'
import { openBrowser, SOON, signIn } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import type { SetAnswer } from './jmap.ts'
import { look } from './look.ts'
import { addOrganization, jmapFor } from './organization.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { until } from './until.ts'
import { untilKnown } from './watch.ts'

const domain = 'bakery.example'
const ann = `ann@${domain}`
const customer = 'marta@outside.example'

let backend: Sink
let outside: Sink
let gateway: Gateway
let browser: Browser
let page: Page
const errors: string[] = []

const visible = (locator: Locator) => locator.waitFor({ state: 'visible', timeout: SOON })
const gone = (locator: Locator) =>
  until(`${locator} is gone`, async () => (await locator.count()) === 0, { seconds: SOON / 1000 })
const row = (subject: string): Locator =>
  page.getByRole('list', { name: 'Messages' }).locator('[data-id]', { hasText: subject })
const compose = () => page.getByRole('dialog').filter({ has: page.getByLabel('Subject') })
const body = () => compose().getByRole('textbox', { name: 'Message' })
const notice = (text: string) => page.getByRole('region', { name: 'Notices' }).getByText(text)
const arrived = (subject: string) =>
  until(`${subject} has arrived`, () => outside.withSubject(subject).length > 0, { seconds: 120 })
const folder = (name: string) =>
  page
    .getByRole('link', { name: new RegExp(`^${name}`) })
    .first()
    .click()

async function write(subject: string): Promise<void> {
  await page.getByRole('button', { name: 'Compose' }).first().click()
  await compose().getByLabel('To', { exact: true }).fill(customer)
  await compose().getByLabel('To', { exact: true }).press('Enter')
  await compose().getByLabel('Subject').fill(subject)
  await body().fill('Good morning.')
}
async function later(subject: string, when: RegExp): Promise<void> {
  await write(subject)
  await compose().getByRole('button', { name: 'Choose when it goes out' }).click()
  await page
    .getByRole('menu', { name: 'Choose when it goes out' })
    .getByRole('menuitem', { name: when })
    .click()
  await gone(compose())
  await folder('Drafts')
  await visible(row(subject).getByText(/Goes out/))
}

beforeAll(async () => {
  backend = await startSink()
  outside = await startSink()
  gateway = await startGateway()
  await addOrganization(gateway, {
    name: 'Bakery',
    domain,
    backends: [`smtp://127.0.0.1:${backend.port}`],
    smarthosts: [`smtp://127.0.0.1:${outside.port}`],
    people: [{ name: 'ann' }],
  })
  await untilKnown(gateway, ann)
  browser = await openBrowser()
  page = await signIn(browser, gateway.url, ann, errors)
})
afterAll(async () => {
  await browser?.close()
  await gateway?.remove()
  await outside?.stop()
  await backend?.stop()
})
beforeEach(() => {
  onTestFailed(async () => {
    console.error(page.url(), await page.locator('body').innerText(), errors, gateway.log(20))
  })
})

test('everybody says how long they want to be able to take back what they sent', async () => {
  await page.getByRole('button', { name: 'Your menu' }).click()
  await page.getByRole('menuitem', { name: 'Writing' }).click()
  await visible(page.getByRole('heading', { name: 'Taking back what was sent' }))
  expect(await page.getByLabel('10 seconds').isChecked()).toBe(true)
  await look(page, 'settings-writing')
  await page.getByLabel('30 seconds').check()
  await page.getByRole('button', { name: 'Save' }).click()
  await visible(page.getByText('Saved.'))
  await page.getByRole('link', { name: 'To your mail' }).click()
  await visible(page.getByRole('button', { name: 'Compose' }).first())
})

test('what was sent is taken back and opens again as it was', async () => {
  await write('too soon')
  await compose().getByRole('button', { name: 'Send', exact: true }).click()
  await gone(compose())
  await visible(notice('Sent.'))
  await page.getByRole('region', { name: 'Notices' }).getByRole('button', { name: 'Undo' }).click()
  await visible(body().getByText('Good morning.'))
  expect(await compose().getByLabel('Subject').inputValue()).toBe('too soon')
  await compose().getByLabel('Subject').fill('in time')
  await compose().getByRole('button', { name: 'Send', exact: true }).click()
  await gone(compose())
  await arrived('in time')
  await folder('Sent')
  await visible(row('in time'))
  expect(outside.withSubject('too soon')).toEqual([])
})

test('sent for tomorrow it waits in Drafts; its time is changed, and then it goes out at once', async () => {
  await later('the offer', /^Tomorrow/)
  await row('the offer').click()
  const bar = page.getByRole('region', { name: 'When this message goes out' })
  await visible(bar.getByText(/^Goes out .*08:00/))
  expect(await page.getByRole('button', { name: 'Edit draft' }).count()).toBe(0)
  await look(page, 'waits-for-its-time')
  const before = await bar.getByText(/^Goes out/).innerText()

  await bar.getByRole('button', { name: 'Change the time' }).click()
  await page.getByRole('menuitem', { name: 'Choose a date and time' }).click()
  const own = page.getByRole('dialog', { name: 'When should it go out?' })
  await own.getByLabel('Date and time').fill('2020-01-01T08:00')
  await own.getByRole('button', { name: 'Send then' }).click()
  await visible(own.getByRole('alert'))
  await look(page, 'own-time')
  const next = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10)
  await own.getByLabel('Date and time').fill(`${next}T09:30`)
  await own.getByRole('button', { name: 'Send then' }).click()
  await gone(own)
  await visible(bar.getByText(/^Goes out .*09:30/))
  expect(await bar.getByText(/^Goes out/).innerText()).not.toBe(before)

  await bar.getByRole('button', { name: 'Send now' }).click()
  await arrived('the offer')
  await gone(row('the offer'))
  await folder('Sent')
  await visible(row('the offer'))
})

test('what waits is taken back and edited; thrown away, it never goes out', async () => {
  await later('second thoughts', /^Tomorrow/)
  await row('second thoughts').click()
  await page.getByRole('button', { name: 'Take back and edit' }).click()
  await visible(body().getByText('Good morning.'))
  await gone(row('second thoughts').getByText(/Goes out/))
  await compose().getByRole('button', { name: 'Discard draft' }).click()
  await gone(row('second thoughts'))
})

test('it goes out once at its time, whatever is killed while it waits', async () => {
  const client = await jmapFor(gateway, ann)
  const drafts = await client.folder('drafts')
  const { list } = await client.call<{ list: { id: string }[] }>('Identity/get', { ids: null })
  const schedule = async (subject: string, seconds: number) => {
    const responses = await client.request([
      [
        'Email/set',
        {
          accountId: client.accountId,
          create: {
            draft: {
              mailboxIds: { [drafts]: true },
              keywords: { $draft: true },
              to: [{ email: customer }],
              subject,
              textBody: [{ partId: '1', type: 'text/plain' }],
              bodyValues: { 1: { value: subject } },
            },
          },
        },
        'a',
      ],
      [
        'EmailSubmission/set',
        {
          accountId: client.accountId,
          create: {
            sub: {
              identityId: list[0]?.id,
              emailId: '#draft',
              envelope: {
                mailFrom: { email: ann, parameters: { HOLDFOR: String(seconds) } },
                rcptTo: [{ email: customer }],
              },
            },
          },
        },
        'b',
      ],
    ])
    return (responses[1]![1] as unknown as SetAnswer).created!.sub!.id
  }
  const taken = await schedule('never', 20)
  await schedule('once', 20)
  const { notUpdated } = await client.call<SetAnswer>('EmailSubmission/set', {
    update: { [taken]: { undoStatus: 'canceled' } },
  })
  expect(notUpdated).toBeNull()
  gateway.kill('worker')
  await gateway.crash()
  await gateway.start()
  await arrived('once')
  gateway.kill('worker')
  await until('the worker is back', async () => (await gateway.health('worker')).status === 200)
  await schedule('after', 1)
  await arrived('after')
  expect(outside.withSubject('once')).toHaveLength(1)
  expect(outside.withSubject('never')).toEqual([])
  expect(outside.withSubject('too soon')).toEqual([])
  expect(outside.withSubject('second thoughts')).toEqual([])
})
