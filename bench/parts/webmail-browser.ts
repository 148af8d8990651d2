/**
 * What one person waits for in a real Chromium whose CPU is slowed four times: the list, without and with what the
 * browser kept of an earlier visit; a message; and a scroll past everything that the mailbox holds.
 */
import { openBrowser, signIn } from '@restante/e2e/browser.ts'
import type { Browser, BrowserContext, Page } from 'playwright-core'

/** How many times slower than this machine, as browsers' own tools slow a telephone. */
const SLOWER = 4
const ROUNDS = 5
/** In which the scroll passes the whole list, in ms. */
const SCROLL = 10_000

export type Waits = {
  /** From the address being entered to the first row, in ms, each round. */
  list: number[]
  again: number[]
  /** From a row being pressed to the message's words, in ms. */
  opened: number[]
  scroll: { frames: number; longest: number; settled: number }
}

/** @param account whose list is shown; `address` signs in with the password of examples */
export async function measureBrowser(of: { url: string; address: string; account: string }): Promise<Waits> {
  const browser = await openBrowser()
  try {
    const first = await signIn(browser, of.url, of.address, [])
    const cookies = await first.context().storageState()
    await first.context().close()
    const place = `${of.url}/?a=${encodeURIComponent(of.account)}`
    const waits: Waits = { list: [], again: [], opened: [], scroll: { frames: 0, longest: 0, settled: 0 } }
    for (let round = 0; round < ROUNDS; round++) {
      const context = await watching(browser, cookies)
      const page = await slowed(context)
      waits.list.push(await show(page, place))
      waits.again.push(await show(page, place))
      for (let row = 0; row < 3; row++) waits.opened.push(await open(page, row))
      if (round === ROUNDS - 1) waits.scroll = await scroll(page, place)
      await context.close()
    }
    return waits
  } finally {
    await browser.close()
  }
}

/** A context whose pages note when their first row was drawn. */
async function watching(
  browser: Browser,
  storageState: Awaited<ReturnType<BrowserContext['storageState']>>,
): Promise<BrowserContext> {
  const context = await browser.newContext({
    storageState,
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
  })
  await context.addInitScript(() => {
    const seen = new MutationObserver(() => {
      if (!document.querySelector('[data-id]')) return
      seen.disconnect()
      requestAnimationFrame(() => performance.mark('first row'))
    })
    seen.observe(document, { childList: true, subtree: true })
  })
  return context
}

async function slowed(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
  return page
}

async function show(page: Page, place: string): Promise<number> {
  await page.goto(place, { waitUntil: 'commit' })
  await page.waitForFunction(() => performance.getEntriesByName('first row').length > 0)
  return page.evaluate(() => performance.getEntriesByName('first row')[0]!.startTime)
}

async function open(page: Page, row: number): Promise<number> {
  const rows = page.getByRole('list', { name: 'Messages' }).locator('[data-id]')
  await rows.nth(row).waitFor()
  const subject = await rows.nth(row).getAttribute('data-id')
  const took = await page.evaluate(
    id =>
      new Promise<number>(done => {
        const began = performance.now()
        const words = () => document.querySelector('article p[dir=auto], article iframe')
        const old = words()
        const seen = new MutationObserver(() => {
          const now = words()
          if (!now || now === old) return
          seen.disconnect()
          requestAnimationFrame(() => done(performance.now() - began))
        })
        seen.observe(document.body, { childList: true, subtree: true, characterData: true })
        document.querySelector<HTMLElement>(`[data-id="${id}"]`)?.click()
      }),
    subject,
  )
  await page.keyboard.press('Escape')
  return took
}

/** Past all rows, then until those at the end are there. */
async function scroll(page: Page, place: string): Promise<Waits['scroll']> {
  await show(page, place)
  return page.evaluate(
    time =>
      new Promise<Waits['scroll']>(done => {
        const list = document.querySelector('ul[aria-label="Messages"]')!
        const scroller = list.parentElement!
        const [began, whole] = [performance.now(), list.scrollHeight]
        let [last, longest, frames] = [began, 0, 0]
        const step = () => {
          const now = performance.now()
          longest = Math.max(longest, now - last)
          last = now
          frames++
          scroller.scrollTop = whole * Math.min(1, (now - began) / time)
          if (now - began < time) requestAnimationFrame(step)
          else requestAnimationFrame(settle)
        }
        const settle = () => {
          const isThere = scroller.querySelectorAll('li [data-id]').length >= 8
          if (isThere || performance.now() - last > 20_000) {
            done({ frames, longest, settled: performance.now() - last })
          } else requestAnimationFrame(settle)
        }
        requestAnimationFrame(step)
      }),
    SCROLL,
  )
}
