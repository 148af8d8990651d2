/**
 * An outage that the right people hear of, by ways that do not hang on it. Ann runs the bakery's mail: she confirms a
 * second address, adds a channel and tries it. The mail server is killed: a webhook, the second addresses of Ann and
 * Bob and Bob's browser hear of it, the public page says so; and all of them that it is over.
 */
import { type Receiver, startReceiver, testBrowser } from '@restante/worker/testing/receiver.ts'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { openBrowser, SOON, signIn, watchErrors } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { look } from './look.ts'
import { addOrganization } from './organization.ts'
import { type Dovecot, startDovecot } from './servers/dovecot.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { until } from './until.ts'
import { report, untilHealth, untilKnown } from './watch.ts'

const domain = 'bakery.example'

let dovecot: Dovecot
let outside: Sink
let receiver: Receiver
let gateway: Gateway
let browser: Browser
let bobs: ReturnType<typeof testBrowser>
const pageErrors: string[] = []

beforeAll(async () => {
  ;[dovecot, outside, receiver] = await Promise.all([startDovecot(), startSink(), startReceiver()])
  gateway = await startGateway({ env: { TELL_PRIVATE: 'allow' } })
  await addOrganization(gateway, {
    name: 'Bakery',
    domain,
    backends: [`lmtp://127.0.0.1:${dovecot.lmtpPort}`],
    smarthosts: [`smtp://127.0.0.1:${outside.port}`],
    people: [{ name: 'ann', role: 'admin' }, { name: 'bob' }],
  })
  await untilKnown(gateway, `ann@${domain}`)
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await gateway?.remove()
  await receiver?.close()
  await outside?.stop()
  await dovecot?.remove()
})

const failed = async () => {
  await report(gateway)
  for (const page of browser.contexts().flatMap(context => context.pages())) {
    console.error(`${page.url()}\n${await page.locator('body').innerText()}`)
  }
  console.error(
    pageErrors,
    receiver.posts.map(one => one.path),
  )
}

/** The text of each mail that came to an address outside. */
const mailsTo = (address: string) =>
  outside.kept
    .filter(one => one.to.includes(address))
    .map(one => {
      const [head = '', body = ''] = one.content.toString().split('\r\n\r\n')
      return { head, text: Buffer.from(body, 'base64').toString() }
    })

test('a second contact is confirmed by a code that was sent there', async () => {
  onTestFailed(failed)
  const page = await signIn(browser, gateway.url, `ann@${domain}`, pageErrors)
  await page.goto(`${gateway.url}/contact`)
  await page.getByLabel('Another e-mail address of yours').fill(`ann@${domain}`)
  await page.getByRole('button', { name: 'Send a code' }).click()
  await page.getByText('That address hangs on the same mail server').waitFor({ timeout: SOON })
  await page.getByLabel('Another e-mail address of yours').fill('ann@private.example')
  await page.getByRole('button', { name: 'Send a code' }).click()
  await page.getByText('Not confirmed yet').waitFor({ timeout: SOON })
  await look(page, 'contact')
  const [mail] = await until('the code has come', () => {
    const all = mailsTo('ann@private.example')
    return all.length > 0 && all
  })
  const link = /http\S+\/contact\?code=\w{8}/.exec(mail!.text)?.[0] ?? ''
  await page.goto(link)
  await page.getByRole('button', { name: 'Confirm', exact: true }).click()
  await page.getByText('Confirmed', { exact: true }).waitFor({ timeout: SOON })
  await page.context().close()

  await gateway.cli(['person', 'contact', `bob@${domain}`, '--set', 'bob@private.example', '--vouch'])
  const bob = await signIn(browser, gateway.url, `bob@${domain}`, pageErrors)
  bobs = testBrowser()
  const subscribed = await bob.evaluate(
    async subscription => {
      const key = (await (await fetch('/contact/push')).json()) as { publicKey: string }
      const answer = await fetch('/contact/push', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(subscription),
      })
      return { status: answer.status, key: key.publicKey }
    },
    { endpoint: `${receiver.url}/push/bob`, keys: bobs.keys },
  )
  expect(subscribed).toEqual({ status: 200, key: expect.stringMatching(/^B[\w-]{86}$/) })
  await bob.goto(`${gateway.url}/contact`)
  await bob.getByText('bob@private.example').waitFor({ timeout: SOON })
  await gateway.cli(['person', 'set', `bob@${domain}`, '--locale', 'es'])
  await bob.context().close()
  const checks = await gateway.run(['doctor', '--readiness'])
  expect(checks.stdout).toContain('2 of 2 people have confirmed a second contact')
})

test('an admin adds a channel, and tries it', async () => {
  onTestFailed(failed)
  const page = await signIn(browser, gateway.url, `ann@${domain}`, pageErrors)
  await page.goto(`${gateway.url}/admin/telling`)
  await page.getByText('There is none: nobody hears of an outage.').waitFor({ timeout: SOON })
  await page.getByRole('button', { name: 'Add a channel' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add a channel' })
  await dialog.getByLabel('Kind').selectOption('webhook')
  await dialog.getByLabel('Address of the webhook').fill(`${receiver.url}/hook`)
  await look(page, 'telling-add')
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await dialog.getByLabel('Secret').waitFor({ timeout: SOON })
  expect(await dialog.getByLabel('Secret').inputValue()).toMatch(/^[\w-]{43}$/)
  await dialog.getByRole('button', { name: 'I have noted it' }).click()
  await page.getByRole('button', { name: /^Try it: 127/ }).click()
  await page.getByText(/^Handed over to 127/).waitFor({ timeout: SOON })
  expect(receiver.json('/hook')).toMatchObject([{ event: 'test' }])
  receiver.answer = { status: 404 }
  await page.getByRole('button', { name: /^Try it: 127/ }).click()
  await page.getByText('It did not work: it answered 404').waitFor({ timeout: SOON })
  receiver.answer = { status: 200 }
  await page.getByLabel('Name of the public status page').fill('bakery')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.').waitFor({ timeout: SOON })
  await look(page, 'telling')
  await page.context().close()
})

test('the server is killed and comes back: everybody hears of both, once', async () => {
  onTestFailed(failed)
  const context = await browser.newContext({ locale: 'it-IT' })
  const page = await context.newPage()
  watchErrors(page, pageErrors)
  expect((await page.goto(`${gateway.url}/status/nobody`))?.status()).toBe(404)
  await page.goto(`${gateway.url}/status/bakery`)
  await page.getByText('La posta arriva e viene consegnata.').waitFor({ timeout: SOON })
  expect(await page.content()).not.toContain('ann@')

  await dovecot.kill()
  await untilHealth(gateway, ['down'], 90)
  const events = () => receiver.json('/hook').filter(one => one.event !== 'test')
  await until('the webhook hears of it', () => events().length > 0)
  expect(events()).toMatchObject([
    { event: 'begin', kind: 'backend-down', organization: 'Bakery', facts: { name: domain } },
  ])
  const anns = await until('Ann hears of it', () => mailsTo('ann@private.example')[1])
  expect(anns.text).toContain('Mail goes on arriving here and is kept.')
  const told = await until('Bob hears of it', () => mailsTo('bob@private.example')[0])
  expect(told.text).toContain('puede leerlo y contestarlo')
  const pushes = () => receiver.posts.filter(one => one.path === '/push/bob').map(one => bobs.read(one.body))
  await until('his browser hears of it', () => pushes().length > 0)
  expect(pushes()[0]?.title).toBe('Su servidor de correo no responde. Su correo está aquí')
  await until('the public page says so', async () => {
    await page.reload()
    return (await page.getByText('Un server di posta non risponde.').count()) > 0
  })
  await look(page, 'status')
  await context.close()
  const admin = await signIn(browser, gateway.url, `ann@${domain}`, pageErrors)
  await admin.goto(`${gateway.url}/admin/telling`)
  await admin.getByRole('button', { name: /^I know: The mail server of bakery/ }).click()
  await admin.getByText(`ann@${domain} knows`, { exact: false }).waitFor({ timeout: SOON })
  await look(admin, 'telling-open')
  await admin.context().close()

  await dovecot.start()
  await until('the webhook hears that it is over', () => events().length > 1, { seconds: 120 })
  expect(events()).toMatchObject([{ event: 'begin' }, { event: 'end' }])
  expect(events()[1]?.thread).toBe(events()[0]?.thread)
  await until('Ann hears that it is over', () => mailsTo('ann@private.example')[2])
  await until('Bob hears that it is over', () => mailsTo('bob@private.example')[1])
  await until('his browser hears that it is over', () => pushes()[1])
  expect(pushes()[1]?.title).toBe('Se acabó: puede usar su correo como siempre')
  expect(mailsTo('bob@private.example')).toHaveLength(2)
  expect(pageErrors).toEqual([])
})

test("what was pushed to a browser is shown by the page's own worker, and a tap on it opens the right page", async () => {
  onTestFailed(failed)
  const told = receiver.posts.filter(one => one.path === '/push/bob').map(one => bobs.read(one.body))
  const [begun, over] = told as Record<'title' | 'body' | 'url', string>[]
  await gateway.cli(['person', 'set', `bob@${domain}`, '--locale', 'en'])
  const page = await signIn(browser, gateway.url, `bob@${domain}`, pageErrors)
  const context = page.context()
  await context.grantPermissions(['notifications'], { origin: gateway.url })
  const devtools = await context.newCDPSession(page)
  const ids = new Set<string>()
  devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    for (const one of registrations) ids.add(one.registrationId)
  })
  await devtools.send('ServiceWorker.enable')
  await page.goto(`${gateway.url}/contact`)
  await page.evaluate(async () => {
    await navigator.serviceWorker.register('/push-worker.js', { scope: '/' })
    await navigator.serviceWorker.ready
  })
  const registrationId = await until('the browser has the worker', () => [...ids][0])
  const shown = () =>
    page.evaluate(async () => {
      const all = await (await navigator.serviceWorker.ready).getNotifications()
      return all.map(({ title, body, data }) => ({ title, body, url: data.url as string }))
    })
  const push = (data: string) =>
    devtools.send('ServiceWorker.deliverPushMessage', { origin: gateway.url, registrationId, data })
  await push(JSON.stringify(begun))
  await until('it is shown', async () => (await shown()).length === 1)
  expect(await shown()).toEqual([{ title: begun!.title, body: begun!.body, url: begun!.url }])
  // The end takes the place of the beginning: it is one thread.
  await push(JSON.stringify(over))
  await until('the end is shown', async () => (await shown())[0]?.title === over!.title)
  expect(await shown()).toHaveLength(1)
  // A window opens for a person's tap only, which nobody makes here: where it would go is what counts.
  const [worker] = context.serviceWorkers()
  const tap = () =>
    worker!.evaluate(`(async () => {
      const [notification] = await self.registration.getNotifications()
      const opened = new Promise(resolve => {
        self.clients.openWindow = async place => resolve(String(place))
      })
      self.dispatchEvent(new NotificationEvent('notificationclick', { notification }))
      return await opened
    })()`)
  expect(await tap()).toBe(new URL(over!.url).href)
  expect(new URL(over!.url).origin).toBe(gateway.url)
  expect(await shown()).toEqual([])
  // What is not ours leads nowhere else.
  await push(JSON.stringify({ title: 'x', url: 'https://elsewhere.example/' }))
  await until('it is shown', async () => (await shown()).length === 1)
  expect(await tap()).toBe(gateway.url)
  await context.close()
})
