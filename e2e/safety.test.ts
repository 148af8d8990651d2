/**
 * The incident: somebody sends the company a message that wants to do harm, and somebody else knows its people's
 * addresses and tries passwords.
 *
 * A hostile page and a hostile message are real ones, in a real Chromium, beside a server that would notice
 * any request that they manage to send.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser, SOON, signIn } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import type { JmapClient } from './jmap.ts'
import { addOrganization, jmapFor } from './organization.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { SmtpClient } from './smtp.ts'
import { until } from './until.ts'
import { untilKnown } from './watch.ts'

const domain = 'bakery.example'
const ann = `ann@${domain}`

let backend: Sink
let gateway: Gateway
let browser: Browser
let page: Page
let anns: JmapClient
/** The outside world: serves the hostile page, and notes all that it is asked for. */
let outside: Server
let outsideUrl: string
const asked: string[] = []

beforeAll(async () => {
  outside = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>outside</title>')
  })
  await new Promise<void>(resolve => outside.listen(0, '127.0.0.1', resolve))
  outsideUrl = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`
  backend = await startSink()
  gateway = await startGateway()
  await addOrganization(gateway, {
    name: 'Bakery',
    domain,
    backends: [`smtp://127.0.0.1:${backend.port}`],
    people: [{ name: 'ann' }, { name: 'ben' }],
  })
  await untilKnown(gateway, ann)
  anns = await jmapFor(gateway, ann)
  browser = await openBrowser()
  page = await signIn(browser, gateway.url, ann, [])
})
afterAll(async () => {
  await browser?.close()
  await gateway?.remove()
  await backend?.stop()
  outside?.close()
})

test('a hostile message runs nothing and asks for nothing', async () => {
  const html = `<p>Good morning</p>
    <script>top.hurt = 1; fetch('${outsideUrl}/script')</script>
    <img src="${outsideUrl}/picture.png"><img src=x onerror="fetch('${outsideUrl}/onerror')">
    <link rel="stylesheet" href="${outsideUrl}/style.css"><style>@import url(${outsideUrl}/import.css);
    p { background: url(${outsideUrl}/background.png) }</style>
    <p style="background-image: url(${outsideUrl}/inline.png)">styled</p>
    <svg onload="fetch('${outsideUrl}/svg')"><image href="${outsideUrl}/svg.png"/></svg>
    <iframe src="${outsideUrl}/frame"></iframe><object data="${outsideUrl}/object"></object>
    <video poster="${outsideUrl}/poster" src="${outsideUrl}/video" autoplay></video>
    <form action="${outsideUrl}/form"><input name="password"><button>Sign in again</button></form>
    <meta http-equiv="refresh" content="0; url=${outsideUrl}/refresh"><base href="${outsideUrl}/">
    <a href="javascript:fetch('${outsideUrl}/link')">press here</a>`
  const client = await SmtpClient.open(gateway.ports.relay)
  const reply = await client.send(
    'eve@outside.example',
    [ann],
    [
      'From: "<img src=x onerror=alert(1)>" <eve@outside.example>',
      `To: ${ann}`,
      'Subject: <script>top.hurt = 1</script> harmless',
      'MIME-Version: 1.0',
      'Content-Type: text/html; charset=utf-8',
      '',
      html.replaceAll('\n', '\r\n'),
      '',
    ].join('\r\n'),
  )
  expect(reply.code, reply.text).toBe(250)
  client.quit()

  const row = page.getByRole('list', { name: 'Messages' }).locator('[data-id]', { hasText: 'harmless' })
  await row.waitFor({ timeout: SOON })
  await row.click()
  const frame = page.frameLocator('iframe')
  await frame.getByText('Good morning').waitFor({ timeout: SOON })
  expect(
    await frame
      .locator('script, form, input, svg, iframe, object, video, link, meta[http-equiv=refresh], base[href]')
      .count(),
  ).toBe(0)
  await frame
    .getByText('press here')
    .click({ force: true, timeout: 2_000 })
    .catch(() => {})
  expect(await page.evaluate(() => (window as unknown as { hurt?: number }).hurt)).toBeUndefined()
  expect(asked).toEqual([])
  // The frame has no origin of its own to reach ours with.
  const element = page.locator('iframe')
  expect(await element.getAttribute('sandbox')).not.toMatch(/allow-scripts|allow-same-origin|allow-forms/)
})

test("another site's page can't act in the name of somebody who is signed in", async () => {
  const account = anns.accountId
  const other = await page.context().newPage()
  await other.goto(outsideUrl)
  const body = JSON.stringify({
    using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'],
    methodCalls: [['Mailbox/set', { accountId: account, create: { a: { name: 'Broken into' } } }, 'a']],
  })
  // The same host on another port is another origin but the same site: cookies go along.
  const answers = await other.evaluate(
    async ({ url, body }) => {
      const attempt = async (init: RequestInit) => {
        try {
          const response = await fetch(url, { method: 'POST', credentials: 'include', body, ...init })
          return response.type === 'opaque' ? 'opaque' : String(response.status)
        } catch {
          return 'refused'
        }
      }
      return [
        await attempt({ mode: 'no-cors' }),
        await attempt({ mode: 'cors', headers: { 'content-type': 'application/json' } }),
      ]
    },
    { url: `${gateway.url}/jmap/api`, body },
  )
  for (const answer of answers) expect(['opaque', 'refused']).toContain(answer)
  await other.close()
  const folders = await anns.call('Mailbox/get', { ids: null })
  expect(JSON.stringify(folders)).not.toContain('Broken into')
})

test('pages carry a policy that lets no foreign script in', async () => {
  const response = await page.context().request.get(`${gateway.url}/`)
  const policy = response.headers()['content-security-policy'] ?? ''
  expect(policy).toMatch(/script-src[^;]*'nonce-/)
  expect(policy).not.toMatch(/script-src[^;]*'unsafe-inline'/)
  expect(response.headers()['x-content-type-options']).toBe('nosniff')
  const cookies = await page.context().cookies()
  const session = cookies.find(cookie => /session/.test(cookie.name))!
  expect([session.httpOnly, session.sameSite]).toEqual([true, 'Lax'])
})

test('a wrong password and an unknown address look the same, and guessing comes to an end', async () => {
  const context = await browser.newContext({ locale: 'en-GB' })
  const tried = await context.newPage()
  const attempt = async (address: string, password: string) => {
    await tried.goto(`${gateway.url}/sign-in`)
    await tried.getByLabel('Address').fill(address)
    await tried.getByLabel('Password').fill(password)
    await tried.getByRole('button', { name: 'Sign in' }).click()
    const alert = tried.getByRole('alert').filter({ hasText: /\S/ })
    await alert.first().waitFor({ timeout: SOON })
    return (await alert.first().innerText()).trim()
  }
  expect(await attempt(ann, 'not her password')).toBe(await attempt(`nobody@${domain}`, 'not her password'))
  const first = await attempt(ann, 'not it')
  await until('guessing is slowed down', async () => (await attempt(ann, 'not it either')) !== first, {
    every: 0,
    seconds: 90,
  })
  // From where Ann is she still gets in: her session goes on, and an app password is another door.
  expect(await anns.folder('inbox')).toBeDefined()
  await context.close()
})
