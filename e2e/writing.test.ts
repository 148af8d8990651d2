/**
 * Writing: text with formatting goes out with the same words in plain text beside it, a forgotten attachment is
 * asked about, a draft comes back as it was, also after the page was lost; by role and name in a real Chromium, and
 * looked at by axe, wide and at a phone's width.
 */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest'
import { openBrowser, SOON, signIn, watchErrors } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { look } from './look.ts'
import { addOrganization } from './organization.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { plainMessage, sendMail } from './smtp.ts'
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

const row = (subject: string): Locator =>
  page.getByRole('list', { name: 'Messages' }).locator('[data-id]', { hasText: subject })
const visible = (locator: Locator) => locator.waitFor({ state: 'visible', timeout: SOON })
const gone = (locator: Locator) =>
  until(`${locator} is gone`, async () => (await locator.count()) === 0, { seconds: SOON / 1000 })
const compose = () => page.getByRole('dialog')
const body = () => compose().getByRole('textbox', { name: 'Message' })
const format = (name: string) =>
  compose().getByRole('toolbar', { name: 'Formatting' }).getByRole('button', { name, exact: true })

async function begin(subject: string): Promise<void> {
  await page.getByRole('button', { name: 'Compose' }).first().click()
  await compose().getByLabel('To', { exact: true }).fill(customer)
  await compose().getByLabel('To', { exact: true }).press('Enter')
  await compose().getByLabel('Subject').fill(subject)
  await visible(body())
}
async function arrived(subject: string): Promise<string> {
  const found = () => {
    const got = outside.withSubject(subject)
    return got.length > 0 && got
  }
  // For a moment its writer can take it back.
  const [message] = await until(`${subject} has arrived`, found, { seconds: 60 })
  return message!.content.toString()
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
    people: [{ name: 'ann', undoSend: 0 }],
  })
  await untilKnown(gateway, ann)
  browser = await openBrowser()
  page = await signIn(browser, gateway.url, ann, errors)
  await page.setViewportSize({ width: 1280, height: 900 })
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

test('what is formatted goes out as HTML, with the same words in plain text beside it', async () => {
  await begin('the order')
  await body().click()
  await format('Bold').click()
  await page.keyboard.type('Friday')
  await format('Bold').click()
  await page.keyboard.type(' we need:')
  await page.keyboard.press('Enter')
  await format('List').click()
  await page.keyboard.type('flour')
  await page.keyboard.press('Enter')
  await page.keyboard.type('salt')
  await look(page, 'writing')
  await page.setViewportSize({ width: 1280, height: 900 })
  await compose().getByRole('button', { name: 'Send' }).click()
  await gone(compose())
  const content = await arrived('the order')
  expect(content).toMatch(/multipart\/alternative/)
  expect(content).toContain('<strong>Friday</strong>')
  expect(content).toMatch(/Friday we need:\r\n\r\n- flour\r\n- salt/)
})

test('an answer quotes what it answers, in both forms', async () => {
  const { content } = plainMessage({
    from: `Marta <${customer}>`,
    to: ann,
    subject: 'how much',
    text: 'How much flour?',
  })
  expect((await sendMail(gateway.ports.relay, { from: customer, to: ann, content })).code).toBe(250)
  await row('how much').click()
  await page.getByRole('button', { name: 'Reply', exact: true }).click()
  await body().pressSequentially('Two sacks.')
  await visible(body().locator('blockquote', { hasText: 'How much flour?' }))
  await compose().getByRole('button', { name: 'Send' }).click()
  await gone(compose())
  // Without the breaks that long lines get on their way (RFC 2045 §6.7).
  const answer = (await arrived('Re: how much')).replaceAll('=\r\n', '')
  expect(answer).toMatch(/Two sacks\.\r\n[\s\S]*> How much flour\?/)
  expect(answer).toContain('<blockquote>')
})

test('a forgotten attachment is asked about, once', async () => {
  await begin('the list')
  await body().fill('You find the list attached.')
  await compose().getByRole('button', { name: 'Send' }).click()
  await visible(compose().getByRole('alert').filter({ hasText: 'You wrote “attached”' }))
  expect(outside.withSubject('the list')).toEqual([])
  await compose().getByRole('button', { name: 'Send anyway' }).click()
  await gone(compose())
  await arrived('the list')
})

test('a draft that was closed opens again with its formatting', async () => {
  await begin('for later')
  await body().click()
  await format('Bold').click()
  await page.keyboard.type('important')
  await compose().getByRole('button', { name: 'Close and keep as draft' }).click()
  await gone(compose())
  await page
    .getByRole('link', { name: /^Drafts/ })
    .first()
    .click()
  await row('for later').click()
  await page.getByRole('button', { name: 'Edit draft' }).click()
  await visible(body().locator('strong', { hasText: 'important' }))
  await compose().getByRole('button', { name: 'Discard draft' }).click()
  await gone(compose())
  await gone(row('for later'))
})

test('what had not reached the server when the page was lost comes back with the next one', async () => {
  await begin('unsaved')
  // From here on the server hears nothing of what is written.
  await page.route('**/jmap/api', route => route.abort())
  await body().fill('Written in a train.')
  await until('it is kept in the browser', () =>
    page.evaluate(() => Object.values(localStorage).some(text => text.includes('Written in a train.'))),
  )
  const context = page.context()
  await page.close()
  page = await context.newPage()
  watchErrors(page, errors)
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.goto(gateway.url)
  await visible(body().getByText('Written in a train.'))
  expect(await compose().getByLabel('Subject').inputValue()).toBe('unsaved')
  await compose().getByRole('button', { name: 'Send' }).click()
  await gone(compose())
  expect(await arrived('unsaved')).toContain('Written in a train.')
  expect(errors).toEqual([])
})

test('a signature stands under what is begun, and another takes its place', async () => {
  await page.goto(`${gateway.url}/writing`)
  for (const [name, words] of [
    ['Work', 'Ann, Bakery on the Square'],
    ['Short', 'A.'],
  ] as const) {
    await page.getByRole('button', { name: 'New signature' }).click()
    const form = page.locator('form').filter({ has: page.getByLabel('Name, for yourself') })
    await form.getByLabel('Name, for yourself').fill(name)
    await form.getByRole('textbox', { name: 'Signature' }).fill(words)
    if (name === 'Short') await look(page, 'settings-signature')
    await form.getByRole('button', { name: 'Save', exact: true }).click()
    await visible(page.getByRole('button', { name: `Edit ${name}` }))
  }
  await page.getByLabel(`Under messages from ${ann}`).selectOption('Work')
  await page.getByRole('button', { name: 'Save the choice' }).click()
  await visible(page.getByText('Saved.'))
  await page.goto(gateway.url)
  await begin('signed')
  await visible(body().getByText('Ann, Bakery on the Square'))
  await body().press('Control+Home')
  await page.keyboard.type('Good morning.')
  await compose().getByRole('button', { name: 'Signature' }).click()
  await page.getByRole('menuitemradio', { name: 'Short' }).click()
  await visible(body().getByText('A.', { exact: true }))
  await gone(body().getByText('Ann, Bakery on the Square'))
  await look(page, 'signed')
  await compose().getByRole('button', { name: 'Send' }).click()
  await gone(compose())
  const content = await arrived('signed')
  expect(content).toMatch(/Good morning\.\r\n\r\n--(?: |=20)\r\nA\.\r\n/)
  expect(content).toContain('<p>A.</p>')
  expect(content).not.toContain('Bakery on the Square')
  expect(errors).toEqual([])
})
