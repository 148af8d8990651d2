/**
 * Reading, as people know it: conversations, many at once, keys, folders of one's own, messages in HTML,
 * attachments looked at, and search; each by role and name in a real Chromium, and each looked at by axe, wide
 * and at a phone's width.
 */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest'
import { openBrowser, SOON, signIn } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { look as lookAt } from './look.ts'
import { addOrganization } from './organization.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { plainMessage, SmtpClient } from './smtp.ts'
import { until } from './until.ts'
import { untilKnown } from './watch.ts'

const domain = 'bakery.example'
const ann = `ann@${domain}`
const customer = 'marta@outside.example'

let backend: Sink
let gateway: Gateway
let browser: Browser
let page: Page
const errors: string[] = []

async function deliver(...contents: string[]): Promise<void> {
  const client = await SmtpClient.open(gateway.ports.relay)
  for (const content of contents) {
    const reply = await client.send(customer, [ann], content)
    expect(reply.code, reply.text).toBe(250)
  }
  client.quit()
}

const plain = (subject: string, more: { text?: string; headers?: string[] } = {}) =>
  plainMessage({ from: `Marta <${customer}>`, to: ann, subject, ...more })

/** A message with parts, as lines. */
function mixed(subject: string, ...parts: string[][]): string {
  return [
    `From: Marta <${customer}>`,
    `To: ${ann}`,
    `Subject: ${subject}`,
    `Message-ID: <${subject.replace(/\W/g, '')}@outside.example>`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="b"',
    '',
    ...parts.flatMap(part => ['--b', ...part]),
    '--b--',
    '',
  ].join('\r\n')
}

const messages = () => page.getByRole('list', { name: 'Messages' })
const row = (subject: string): Locator => messages().locator('[data-id]', { hasText: subject })
const opened = () => page.getByRole('article', { name: 'Message', exact: true })
const visible = (locator: Locator) => locator.waitFor({ state: 'visible', timeout: SOON })
const gone = (locator: Locator) =>
  until(`${locator} is gone`, async () => (await locator.count()) === 0, { seconds: SOON / 1000 })
const folder = (name: string) =>
  page.getByRole('navigation', { name: 'Folders' }).getByRole('link', { name, exact: true })
const choose = (subject: string) => page.getByRole('checkbox', { name: `Select “${subject}”` })
const undo = () => page.getByRole('button', { name: 'Undo' }).last().click()

async function look(what: string): Promise<void> {
  await lookAt(page, what)
  await page.setViewportSize({ width: 1280, height: 900 })
}

beforeAll(async () => {
  backend = await startSink()
  gateway = await startGateway()
  await addOrganization(gateway, {
    name: 'Bakery',
    domain,
    backends: [`smtp://127.0.0.1:${backend.port}`],
    people: [{ name: 'ann', role: 'admin' }],
  })
  await untilKnown(gateway, ann)
  browser = await openBrowser()
  page = await signIn(browser, gateway.url, ann, errors)
  await page.setViewportSize({ width: 1280, height: 900 })
})
afterAll(async () => {
  await browser?.close()
  await gateway?.remove()
  await backend?.stop()
})
beforeEach(() => {
  onTestFailed(async () => {
    console.error(page.url(), await page.locator('body').innerText(), errors, gateway.log(20))
  })
})

test('messages that answer each other are one row, and open as one conversation', async () => {
  const first = plain('flour', { text: 'How much flour do you want?' })
  await deliver(first.content)
  await visible(row('flour'))
  const second = plain('Re: flour', {
    text: 'Two sacks.\r\n\r\n> How much flour do you want?\r\n> 1\r\n> 2\r\n> 3\r\n> 4',
    headers: [`In-Reply-To: ${first.id}`, `References: ${first.id}`],
  })
  await deliver(second.content, plain('salt').content)
  await visible(row('salt'))
  await visible(row('flour').getByText('2 messages'))
  expect(await row('flour').count()).toBe(1)
  await row('flour').click()
  await visible(opened().getByText('Two sacks.'))
  const older = opened()
    .getByRole('region', { name: /^Marta, / })
    .first()
  await visible(older.getByText('How much flour do you want?').first())
  await older.getByRole('button', { expanded: true }).first().click()
  await gone(older.getByRole('button', { name: 'More for this message' }))
  await older.getByRole('button', { expanded: false }).click()
  await visible(older.getByRole('button', { name: 'More for this message' }))
  await visible(opened().getByText('Quoted text'))
  await look('a conversation')
  // What is done to it is done to all of it that lies here.
  await page.getByRole('button', { name: 'Archive', exact: true }).click()
  await gone(row('flour'))
  await visible(page.getByText('2 messages moved to Archive.'))
  await undo()
  await visible(row('flour').getByText('2 messages'))
})

test('many at once: chosen with the mouse or the keys, and everything can be undone', async () => {
  await deliver(...['one', 'two', 'three', 'four'].map(subject => plain(`bread ${subject}`).content))
  await visible(row('bread four'))
  await choose('bread one').check()
  await choose('bread three').click({ modifiers: ['Shift'] })
  await visible(page.getByText('3 selected'))
  await look('rows chosen')
  const bar = page.getByRole('toolbar', { name: 'Actions for what is selected' })
  await bar.getByRole('button', { name: 'Star' }).click()
  await visible(page.getByText('3 messages starred.'))
  await undo()
  for (const subject of ['one', 'two', 'three']) await choose(`bread ${subject}`).check()
  await bar.getByRole('button', { name: 'Delete' }).click()
  await gone(row('bread two'))
  await undo()
  await visible(row('bread two'))
  // By keys alone: the newest row, chosen, and the one below it; both to Junk, and back.
  await row('bread four').focus()
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await visible(page.getByText('2 selected'))
  await page.keyboard.press('!')
  await visible(page.getByText('Moved to Junk.'))
  await page.keyboard.press('z')
  await gone(page.getByText('Moved to Junk.'))
  await visible(row('bread three'))
  await page.keyboard.press('?')
  await visible(page.getByRole('dialog', { name: 'Keyboard keys' }))
  await page.keyboard.press('Escape')
  await page.keyboard.press('g')
  await page.keyboard.press('a')
  await visible(page.getByRole('heading', { name: 'Archive' }))
  await page.keyboard.press('g')
  await page.keyboard.press('i')
  await visible(row('bread one'))
})

test('folders of one’s own: made, filled by dragging, named anew, deleted and brought back', async () => {
  await page.getByRole('button', { name: 'New folder' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Orders')
  await look('making a folder')
  await dialog.getByRole('button', { name: 'Make it' }).click()
  await visible(folder('Orders'))
  await row('bread one').dragTo(folder('Orders'))
  await gone(row('bread one'))
  await folder('Orders').click()
  await visible(row('bread one'))
  await page.getByRole('button', { name: 'Change Orders' }).click()
  await page.getByRole('menuitem', { name: 'Rename' }).click()
  await dialog.getByLabel('Name').fill('Bread')
  await dialog.getByRole('button', { name: 'Rename' }).click()
  await visible(folder('Bread'))
  await page.getByRole('button', { name: 'Change Bread' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await visible(dialog.getByText('Its message goes to Trash.'))
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await gone(folder('Bread'))
  await undo()
  await folder('Bread').click()
  await visible(row('bread one'))
  await folder('Inbox').click()
})

test('a message in HTML is as high as what it says, folds what it quotes and says where links lead', async () => {
  const long = Array.from({ length: 60 }, (_, line) => `<p>Line ${line} of the offer.</p>`).join('')
  const quote = `<blockquote type="cite">${'What you wrote yesterday. '.repeat(20)}</blockquote>`
  const html = `<div>${long}<a href="https://evil.example/login">www.bank.example</a>${quote}</div>`
  await deliver(
    [
      `From: Marta <${customer}>`,
      `To: ${ann}`,
      'Subject: the offer',
      'MIME-Version: 1.0',
      'Content-Type: text/html; charset=utf-8',
      '',
      html.replaceAll('</p>', '</p>\r\n'),
      '',
    ].join('\r\n'),
    plain('a link', { text: 'Sign in at https://xn--pple-43d.com/ or https://аpple.com/ now.' }).content,
  )
  await row('the offer').click()
  const element = opened().locator('iframe')
  const frame = opened().frameLocator('iframe')
  await visible(frame.getByText('Line 59 of the offer.'))
  await until('the frame is as high as its content', async () => {
    const box = await element.boundingBox()
    return box !== null && box.height > 1_500
  })
  expect(await element.getAttribute('sandbox')).not.toMatch(/allow-scripts|allow-same-origin/)
  expect(await frame.locator('html').evaluate(root => root.scrollHeight <= window.innerHeight)).toBe(true)
  const quoted = frame.getByText('What you wrote yesterday.')
  expect(await quoted.isVisible()).toBe(false)
  await frame.getByText('Quoted text').click()
  await visible(quoted)
  const link = frame.getByRole('link', { name: /www\.bank\.example/ })
  expect(await link.getAttribute('title')).toBe('https://evil.example/login')
  expect(await link.getAttribute('data-leads')).toBe('evil.example')
  await row('a link').click()
  await visible(opened().getByText('leads to xn--pple-43d.com'))
})

test('attachments are looked at in the page, or taken all in one archive', async () => {
  const picture =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  await deliver(
    mixed(
      'the papers',
      ['Content-Type: text/plain', '', 'Here they are.'],
      [
        'Content-Type: text/plain; name="list.txt"',
        'Content-Disposition: attachment; filename="list.txt"',
        '',
        'flour, salt, water',
      ],
      [
        'Content-Type: image/png; name="oven.png"',
        'Content-Disposition: attachment; filename="oven.png"',
        'Content-Transfer-Encoding: base64',
        '',
        picture,
      ],
    ),
  )
  await row('the papers').click()
  const region = page.getByRole('region', { name: '2 attachments' })
  await region.getByRole('button', { name: 'Look at list.txt' }).click()
  const preview = page.getByRole('dialog', { name: 'list.txt' })
  await visible(preview.getByText('flour, salt, water'))
  await look('an attachment, looked at')
  await preview.getByRole('button', { name: 'Close' }).click()
  await region.getByRole('button', { name: 'Look at oven.png' }).click()
  await visible(page.getByRole('dialog').getByRole('img', { name: 'oven.png' }))
  await page.keyboard.press('Escape')
  const href = await region.getByRole('link', { name: 'Download all' }).getAttribute('href')
  const archive = await page.request.get(`${gateway.url}${href}`)
  expect(archive.headers()['content-disposition']).toContain('the papers.zip')
  const bytes = await archive.body()
  expect(bytes.subarray(0, 2).toString()).toBe('PK')
  expect(bytes.includes('flour, salt, water') && bytes.includes('oven.png')).toBe(true)
  const foreign = await page.request.get(
    `${gateway.url}${href?.replace(/\/message\/[^/]+/, '/message/00000000-0000-7000-8000-000000000000')}`,
  )
  expect(foreign.status()).toBe(404)
})

test('the source, the headers and paper show one message', async () => {
  await opened().getByRole('button', { name: 'More for this message' }).click()
  const source = await page.getByRole('menuitem', { name: 'Show source' }).getAttribute('href')
  await page.getByRole('menuitem', { name: 'Show headers' }).click()
  await visible(opened().getByRole('region', { name: 'Headers' }).getByText('multipart/mixed; boundary="b"'))
  const response = await page.request.get(`${gateway.url}${source}`)
  expect(response.headers()['content-type']).toBe('text/plain; charset=utf-8')
  expect(await response.text()).toContain('Subject: the papers')
  await page.emulateMedia({ media: 'print' })
  expect(await page.getByRole('navigation', { name: 'Folders' }).isVisible()).toBe(false)
  expect(await opened().getByText('Here they are.').isVisible()).toBe(true)
  await page.emulateMedia({ media: 'screen' })
})

test('search narrows as one types, and shows where the words stand', async () => {
  await page.keyboard.press('/')
  const field = page.getByRole('searchbox', { name: 'Search mail' })
  await field.fill('sacks')
  await visible(row('flour'))
  await gone(row('bread four'))
  await visible(messages().locator('mark', { hasText: 'sacks' }).first())
  await field.fill('subject:bread is:unread')
  await visible(row('bread four'))
  await gone(row('flour'))
  await look('a search')
  await field.fill('has:attachment')
  await visible(row('the papers'))
  await gone(row('bread four'))
  await page.getByRole('button', { name: 'Clear the search' }).click()
  await visible(row('bread four'))
  expect(errors).toEqual([])
})
