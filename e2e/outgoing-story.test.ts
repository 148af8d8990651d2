/**
 * Giulia writes one message to four people. One gets it; one has a full mailbox, one does not exist, one's server is
 * off. Within seconds her message says so, four different things, in Italian; she is told what failed at once and
 * what is stuck after a minute (the setting of this test); she takes one back and sends it to the right address
 * instead. An admin sees where mail is stuck, and an address that fails again and again is not written to any more.
 */
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { openBrowser, SOON, watchErrors } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { addOrganization, PASSWORD } from './organization.ts'
import { freePort } from './ports.ts'
import { type DnsServer, startDns } from './servers/dns.ts'
import { headerOf, type Sink, startSink } from './servers/sink.ts'
import { until } from './until.ts'

const domain = 'forno.test'
const giulia = `giulia@${domain}`

let gateway: Gateway
let backend: Sink
let place: Sink
let full: Sink
let dns: DnsServer
let browser: Browser
let page: Page
const pageErrors: string[] = []

beforeAll(async () => {
  const port = await freePort()
  backend = await startSink({ lmtp: true })
  place = await startSink({ port, host: '127.0.0.2' })
  place.refuse('nessuno@buono.test', '550 5.1.1 No such user here')
  full = await startSink({ port, host: '127.0.0.3' })
  full.refuse('piena@colma.test', '452 4.2.2 Mailbox full')
  const zone = (address: string) => `@ MX 10 mx\nmx A ${address}`
  dns = await startDns({
    'buono.test.': zone('127.0.0.2'),
    'colma.test.': zone('127.0.0.3'),
    // Nobody listens there.
    'spento.test.': zone('127.0.0.9'),
    'muto.test.': '@ MX 0 .',
    [`${domain}.`]: zone('127.0.0.2'),
  })
  gateway = await startGateway({
    env: {
      DNS_SERVERS: dns.address,
      OUTBOUND_PORT: String(port),
      OUTBOUND_PRIVATE: 'allow',
      OUTBOUND_NOTICE_LIKELY_WRONG: '1',
    },
  })
  await addOrganization(gateway, {
    name: 'Forno',
    domain,
    backends: [`lmtp://127.0.0.1:${backend.port}`],
    people: [{ name: 'giulia', locale: 'it', role: 'admin', undoSend: 0 }],
  })
  browser = await openBrowser()
  const context = await browser.newContext({ viewport: { width: 1280, height: 1400 }, locale: 'it-IT' })
  page = await context.newPage()
  watchErrors(page, pageErrors)
  await page.goto(gateway.url)
  await page.getByLabel('Indirizzo').fill(giulia)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Accedi' }).click()
  await page.getByRole('list', { name: 'Messaggi' }).waitFor({ state: 'attached', timeout: SOON })
})
afterAll(async () => {
  await browser?.close()
  await gateway?.remove()
  await Promise.all([backend, place, full].map(sink => sink?.stop()))
  await dns?.close()
})

const visible = (locator: Locator) => locator.waitFor({ state: 'visible', timeout: SOON })
const row = (subject: string) =>
  page.getByRole('list', { name: 'Messaggi' }).locator('[data-id]', { hasText: subject }).first()
const openFolder = (name: string) =>
  page
    .getByRole('link', { name: new RegExp(`^${name}\\b`) })
    .first()
    .click()
const line = (address: string) =>
  page
    .getByRole('region', { name: 'Dov’è questo messaggio' })
    .getByRole('listitem')
    .filter({ hasText: address })

async function report(): Promise<void> {
  console.error(gateway.log(), await page.locator('body').innerText(), pageErrors)
}

async function write(to: string[], subject: string, before?: (compose: Locator) => Promise<void>) {
  await page.getByRole('button', { name: 'Scrivi' }).first().click()
  const compose = page.getByRole('dialog')
  const field = compose.getByLabel('A', { exact: true })
  for (const address of to) {
    await field.fill(address)
    await field.press('Enter')
  }
  await compose.getByLabel('Oggetto').fill(subject)
  await compose.getByRole('textbox', { name: 'Messaggio' }).fill('Le mando la nostra offerta.')
  await before?.(compose)
  await compose.getByRole('button', { name: 'Invia' }).click()
  return compose
}

async function accessible(what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    .exclude('iframe')
    .analyze()
  expect(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' | ')}`),
    what,
  ).toEqual([])
}

test('four people, four honest answers, and what can be done about each', async () => {
  onTestFailed(report)
  const four = ['anna@buono.test', 'piena@colma.test', 'nessuno@buono.test', 'bruno@spento.test']
  const compose = await write(four, 'Offerta')
  await compose.waitFor({ state: 'detached', timeout: SOON })
  await openFolder('Inviati')
  await row('Offerta').click()

  await visible(line('anna@buono.test').getByText(/accettato/))
  await visible(line('anna@buono.test').getByText(/^Accettato da /))
  await visible(line('piena@colma.test').getByText('La casella di piena@colma.test è piena.'))
  await visible(line('nessuno@buono.test').getByText('La casella nessuno@buono.test non esiste.'))
  await visible(line('bruno@spento.test').getByText(/non è raggiungibile|non ha risposto/))
  // When it is tried again, and until when, and the server's own words at one click.
  await visible(line('piena@colma.test').getByText(/Riproviamo il .* fino al /))
  expect(await line('nessuno@buono.test').getByText('No such user here').isVisible()).toBe(false)
  await line('nessuno@buono.test').getByText('Che cosa ha detto il server').click()
  await visible(line('nessuno@buono.test').getByText(/550 5\.1\.1 No such user here/))
  expect(await page.getByText(/consegnato a/i).count()).toBe(0)
  await accessible('a sent message')

  // It has gone to anna, and nothing can be done about it.
  expect(place.withSubject('Offerta').map(({ to }) => to)).toEqual([['anna@buono.test']])
  expect(await line('anna@buono.test').getByRole('button').count()).toBe(0)

  // Her server is back: try now.
  full.refuse('altra@colma.test', null)
  await line('bruno@spento.test').getByRole('button', { name: 'Annulla: bruno@spento.test' }).click()
  await visible(line('bruno@spento.test').getByText('L’invio a bruno@spento.test è stato annullato.'))
  await line('nessuno@buono.test')
    .getByRole('button', { name: /^Invia a un altro indirizzo/ })
    .click()
  await line('nessuno@buono.test').getByLabel('Indirizzo a cui inviarlo').fill('carla@buono.test')
  await line('nessuno@buono.test').getByRole('button', { name: 'Invia', exact: true }).click()
  await visible(line('carla@buono.test').getByText(/^Accettato da /))
  const anew = place.withSubject('Offerta').find(({ to }) => to.includes('carla@buono.test'))
  expect(headerOf(anew!.content, 'Resent-To')).toBe('carla@buono.test')
  expect(headerOf(anew!.content, 'To')).toContain('nessuno@buono.test')
})

test('the notices are in her language: at once what failed, after a while what is stuck', async () => {
  onTestFailed(report)
  await openFolder('Posta in arrivo')
  await visible(row('Il Suo messaggio non è arrivato a nessuno@buono.test'))
  const failure = await until('the notice of the failure came', () =>
    backend.kept.find(({ content }) => content.includes('Action: failed')),
  )
  expect(failure.content.toString()).toContain('Final-Recipient: rfc822; nessuno@buono.test')
  const delay = await until(
    'the notice of the delay came',
    () => backend.kept.find(({ content }) => content.includes('Action: delayed')),
    { seconds: 120 },
  )
  expect(delay.content.toString()).toContain('Final-Recipient: rfc822; piena@colma.test')
  await visible(row('Il Suo messaggio a piena@colma.test è ancora in attesa'))
  // What she cancelled is nobody's problem any more.
  expect(backend.kept.filter(({ content }) => content.includes('rfc822; bruno@spento.test'))).toEqual([])

  // The mailbox has room again: she does not wait for the next try.
  full.refuse('piena@colma.test', null)
  await openFolder('Inviati')
  await row('Offerta').click()
  await line('piena@colma.test')
    .getByRole('button', { name: /^Prova ora/ })
    .click()
  await visible(line('piena@colma.test').getByText(/^Accettato da /))
}, 180_000)

test('addresses that will not work are named while she writes, and those that never work are refused', async () => {
  onTestFailed(report)
  const dialog = await write(
    ['x@gmial.com', 'x@muto.test', 'nessuno@buono.test'],
    'Seconda',
    async compose => {
      await visible(compose.getByText('muto.test non accetta posta.'))
      await visible(compose.getByText(/^L’ultimo messaggio a nessuno@buono\.test non è arrivato/))
      await compose.getByRole('button', { name: 'Usa x@gmail.com' }).click()
      await accessible('hints')
      await compose.getByRole('button', { name: /gmail/ }).click()
      await compose.getByRole('button', { name: /muto/ }).click()
    },
  )
  await dialog.waitFor({ state: 'detached', timeout: SOON })
  for (const subject of ['Terza', 'Quarta']) {
    await until('the last one failed', async () => {
      const { items } = await gateway.cli<{ items: unknown[] }>(['delivery', 'list', '--state', 'failed'])
      return items.length === (subject === 'Terza' ? 2 : 3)
    })
    const last = await write(['nessuno@buono.test'], subject)
    if (subject === 'Terza') await last.waitFor({ state: 'detached', timeout: SOON })
    else await visible(last.getByRole('alert').filter({ hasText: 'per un po’ Restante non gli scrive' }))
  }
  await page.getByRole('dialog').getByRole('button', { name: 'Elimina la bozza' }).click()
  const { items } = await gateway.cli<{ items: unknown[] }>(['outgoing', 'suppressed'])
  expect(items).toMatchObject([{ address: 'nessuno@buono.test', failures: 3 }])
})

test('an admin sees where mail is stuck, and lets an address be written to again', async () => {
  onTestFailed(report)
  const sent = await write(['uno@spento.test', 'due@spento.test'], 'Quinta')
  await sent.waitFor({ state: 'detached', timeout: SOON })
  await page.goto(`${gateway.url}/admin/outgoing`)
  const shape = page.getByRole('row').filter({ hasText: 'spento.test' })
  await visible(shape.first())
  await visible(page.getByRole('row').filter({ hasText: giulia }))
  await accessible('the outgoing page')
  await page.setViewportSize({ width: 360, height: 800 })
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(wide).toBeLessThanOrEqual(0)
  await page.setViewportSize({ width: 1280, height: 1400 })
  await page.getByRole('button', { name: 'Permetti di nuovo: nessuno@buono.test' }).click()
  await visible(page.getByText('Non ce ne sono.'))
  const { destinations } = await gateway.cli<{ destinations: { destination: string; ages: number[] }[] }>([
    'queue',
    '--outgoing',
  ])
  expect(destinations).toMatchObject([{ destination: 'spento.test', ages: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0] }])
  expect(pageErrors).toEqual([])
})
