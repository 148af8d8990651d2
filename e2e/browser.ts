/**
 * A real Chromium (Debian's package), headless, and the way in.
 */
import { type Browser, chromium, type Page } from 'playwright-core'
import { PASSWORD } from './organization.ts'

const EXECUTABLE = '/usr/bin/chromium'

/** A change elsewhere must be on the screen within this, in ms. */
export const SOON = 15_000

/** @param more arguments of Chromium's besides */
export async function openBrowser(more: string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      ...more,
    ],
  })
}

/** Notes what goes wrong in a page without anybody seeing it: exceptions, and answers of 500 and more. */
export function watchErrors(page: Page, errors: string[]): void {
  page.on('pageerror', error => errors.push(`${page.url()}: ${error.message}`))
  page.on('response', response => {
    if (response.status() >= 500) errors.push(`${response.status()} ${response.url()}`)
  })
}

/** Signs in, in a browser context of its own, and waits for the list of messages. */
export async function signIn(
  browser: Browser,
  url: string,
  address: string,
  errors: string[],
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1800 }, locale: 'en-GB' })
  const page = await context.newPage()
  watchErrors(page, errors)
  await page.goto(url)
  await page.getByLabel('Address').fill(address)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  // The list may be empty, and is not visible then.
  await page.getByRole('list', { name: 'Messages' }).waitFor({ state: 'attached', timeout: SOON })
  return page
}
