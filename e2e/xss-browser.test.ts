/**
 * The corpus in a real Chromium with nothing around it: no sandbox, no policy. What the sanitizer wrote must be safe by
 * itself, as this parser reads it; and the same cases as they came must run and ask, or nothing here would show anything.
 */

import { sanitizeHtml } from '@restante/core/mail/sanitize.ts'
import { type ShowOptions, showText } from '@restante/core/mail/show-text.ts'
import { readStructure } from '@restante/core/mail/structure.ts'
import { charsetCases, htmlCases } from '@restante/core/mail/xss/corpus.ts'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from './until.ts'
import { layWires, numbersOf, openWatched, type WatchedBrowser, type Wires } from './wires.ts'

const ORIGIN = 'http://bare.test'
/** Frames of one page. */
const AT_ONCE = 40
const SHOWN: ShowOptions = { remote: false, quoted: 'Quoted text', pictures: new Map() }

type Shown = { id: number; html: string }

let watched: WatchedBrowser

beforeAll(async () => {
  watched = await openWatched()
})
afterAll(async () => {
  await watched?.close()
})

/**
 * Shows each in a frame of its own, gives its elements the events that come with a reader, and waits until what was put
 * into the last frame, which does run, has run.
 */
async function show(browser: Browser, documents: readonly Shown[]): Promise<Wires> {
  const context = await browser.newContext()
  const wires = await layWires(context, ORIGIN)
  const html = new Map(documents.map(one => [`/${one.id}`, one.html]))
  const page = await context.newPage()
  wires.ran.length = 0
  let canary = 1_000_000
  await context.route(`${ORIGIN}/**`, async route => {
    const { pathname } = new URL(route.request().url())
    const body = pathname.startsWith('/batch') ? batch(pathname, documents) : html.get(pathname)
    if (body === undefined) await route.fulfill({ status: 404, body: '' })
    else await route.fulfill({ contentType: 'text/html; charset=utf-8', body: `<!doctype html>${body}` })
  })
  for (let first = 0; first < documents.length; first += AT_ONCE) {
    await page.goto(`${ORIGIN}/batch/${first}`, { waitUntil: 'load', timeout: 60_000 })
    await touch(page)
    const last = String(canary++)
    await page.evaluate(text => {
      const frame = document.createElement('iframe')
      frame.srcdoc = `<img src=x onerror=hurt(${text})>`
      document.body.append(frame)
    }, last)
    await until('the last frame runs', () => wires.ran.includes(last))
  }
  wires.ran = wires.ran.filter(one => !/^1\d{6}$/.test(one))
  await context.close()
  return wires
}

function batch(path: string, documents: readonly Shown[]): string {
  const first = Number(path.split('/').at(-1))
  const frames = documents.slice(first, first + AT_ONCE).map(({ id }) => `<iframe src="/${id}"></iframe>`)
  return `<title>batch</title>${frames.join('')}`
}

/** What happens to elements while somebody reads; nothing is pressed, for links may lead out. */
async function touch(page: Page): Promise<void> {
  await page.evaluate(() => {
    const names =
      `mouseover mouseenter mousemove mouseout pointerover focus blur scroll wheel copy paste toggle
      animationstart animationend transitionend contextmenu keydown dragstart load error play input change
      touchstart select`.split(/\s+/)
    for (const frame of document.querySelectorAll('iframe')) {
      const inside = frame.contentDocument
      for (const element of inside?.querySelectorAll('*') ?? []) {
        for (const name of names) element.dispatchEvent(new Event(name))
      }
    }
  })
}

test('cases as they came run and ask: the wires trip', async () => {
  const unsafe = await openWatched()
  const wires = await show(
    unsafe.browser,
    htmlCases.map(({ id, content }) => ({ id, html: content })),
  )
  const [ran, left] = [numbersOf(wires.ran).size, numbersOf(wires.left).size]
  const looked = (await unsafe.close()).length
  console.log(`unsafe: ${ran} cases ran, ${left} asked, ${looked} got as far as the network`)
  expect(ran).toBeGreaterThan(150)
  expect(left).toBeGreaterThan(100)
  expect(looked).toBeGreaterThan(0)
})

describe('what the sanitizer wrote', () => {
  test.each([
    ['without pictures from outside', false],
    ['with pictures from outside', true],
  ])('%s runs nothing and asks for nothing else', async (_, remote) => {
    const documents = htmlCases.map(({ id, content }) => ({
      id,
      html: sanitizeHtml(content, { remote, reading: { quoted: 'Quoted text' } }).html,
    }))
    for (const { id, type, encoding, octets } of charsetCases) {
      const head = `Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`
      const { root } = await readStructure(Buffer.concat([Buffer.from(head), octets]), {
        keepText: 1_500_000,
      })
      documents.push({ id, html: showText(root, { ...SHOWN, remote }).html })
    }
    const wires = await show(watched.browser, documents)
    expect(wires.ran).toEqual([])
    expect(wires.left.filter(one => !remote || !one.startsWith('image https:'))).toEqual([])
  })
})

test('nothing got as far as the network', async () => {
  expect(await watched.close()).toEqual([])
})
