/**
 * Everybody can use it: axe looks at each page and state that people meet (WCAG 2.2 A and AA), wide
 * and at a phone's width, light and dark, with the backend up and down; and nothing is wider than the phone.
 */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser, SOON, signIn } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { addOrganization } from './organization.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { plainMessage, SmtpClient } from './smtp.ts'
import { untilHealth, untilKnown } from './watch.ts'

const domain = 'bakery.example'
const ann = `ann@${domain}`
let backend: Sink
let gateway: Gateway
let browser: Browser

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
  await gateway.cli(['backend', 'override', domain, 'down', '--reason', 'new disks'])
  await untilHealth(gateway, ['down'])
  const client = await SmtpClient.open(gateway.ports.relay)
  for (const subject of ['first', 'second']) {
    const { content } = plainMessage({ from: 'Customer <customer@outside.example>', to: ann, subject })
    expect((await client.send('customer@outside.example', [ann], content)).code).toBe(250)
  }
  client.quit()
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await gateway?.remove()
  await backend?.stop()
})

async function look(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    // The message's own frame holds what a stranger wrote.
    .exclude('iframe')
    .analyze()
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' | ')}`)
  expect(found, what).toEqual([])
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(wide, `${what} is wider than the window`).toBeLessThanOrEqual(0)
}

const widths = [
  ['wide', 1400],
  ['a phone', 360],
] as const

test.each(
  widths.flatMap(([name, width]) =>
    (['light', 'dark'] as const).map(scheme => [name, scheme, width] as const),
  ),
)('nothing stands in anybody’s way: %s, %s', async (name, scheme, width) => {
  const stranger = await browser.newContext({
    locale: 'en-GB',
    colorScheme: scheme,
    viewport: { width, height: 900 },
  })
  const signInPage = await stranger.newPage()
  await signInPage.goto(`${gateway.url}/sign-in`)
  await signInPage.getByRole('button', { name: 'Sign in' }).waitFor({ timeout: SOON })
  await look(signInPage, 'sign-in')
  await stranger.close()

  const page = await signIn(browser, gateway.url, ann, [])
  await page.setViewportSize({ width, height: 900 })
  await page.emulateMedia({ colorScheme: scheme })
  const row = page.getByRole('list', { name: 'Messages' }).locator('[data-id]', { hasText: 'second' })
  await row.waitFor({ timeout: SOON })
  await page.getByRole('status').filter({ hasText: 'mail server aside' }).waitFor({ timeout: SOON })
  await look(page, `the list, ${name}`)
  await row.click()
  await page.getByRole('heading', { name: 'second' }).waitFor({ timeout: SOON })
  await look(page, `a message, ${name}`)
  await page.getByRole('button', { name: 'Reply', exact: true }).click()
  await page.getByRole('dialog').getByRole('textbox', { name: 'Message' }).waitFor({ timeout: SOON })
  await look(page, `writing, ${name}`)
  await page.goto(`${gateway.url}/admin`)
  await page.getByRole('heading', { name: 'Mail servers' }).waitFor({ timeout: SOON })
  await look(page, `the admin page, ${name}`)
  await page.getByRole('link', { name: 'Readiness and plans' }).click()
  await page.getByRole('heading', { name: 'Second contacts' }).waitFor({ timeout: SOON })
  await look(page, `readiness and plans, ${name}`)
  await page.getByRole('button', { name: 'Plan something' }).click()
  await page.getByRole('dialog').getByLabel('How long').waitFor({ timeout: SOON })
  await look(page, `planning, ${name}`)
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden', timeout: SOON })
  await page.getByRole('link', { name: 'Domains' }).click()
  await page.getByRole('heading', { name: 'Domains' }).waitFor({ timeout: SOON })
  await look(page, `the domains, ${name}`)
  await page.getByRole('button', { name: `Change ${domain}` }).click()
  await page.getByRole('dialog').getByRole('group', { name: 'Recipients' }).waitFor({ timeout: SOON })
  await look(page, `a domain's settings, ${name}`)
  await page.context().close()
})
