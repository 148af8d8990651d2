/**
 * Where there is no master user: somebody lets Restante into their own mailbox by a form, hears at once whether their
 * server takes what they typed, and an admin sees who has done so.
 */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { openBrowser, SOON, signIn } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { look } from './look.ts'
import { addOrganization } from './organization.ts'
import { DOVECOT_PASSWORD, type Dovecot, startDovecot } from './servers/dovecot.ts'
import { report, untilKnown } from './watch.ts'

const domain = 'bakery.example'
let dovecot: Dovecot
let gateway: Gateway
let browser: Browser
const pageErrors: string[] = []

beforeAll(async () => {
  dovecot = await startDovecot()
  gateway = await startGateway()
  await addOrganization(gateway, {
    name: 'Bakery',
    domain,
    backends: [`lmtp://127.0.0.1:${dovecot.lmtpPort}`],
    imap: `imap://127.0.0.1:${dovecot.imapPort}?tls=none`,
    people: [{ name: 'ann', role: 'admin' }, { name: 'bob' }],
  })
  await untilKnown(gateway, `bob@${domain}`)
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await gateway?.remove()
  await dovecot?.remove()
})

type Access = { address: string; problem: string | null; checkedAt: string | null }

test('a wrong password is said in plain words, the right one is good, and an admin sees both', async () => {
  onTestFailed(() => report(gateway))
  const page = await signIn(browser, gateway.url, `bob@${domain}`, pageErrors)
  await page.goto(`${gateway.url}/own-server`)
  await page.getByRole('heading', { name: 'Your mailbox at 127.0.0.1' }).waitFor({ timeout: SOON })
  expect(await page.getByLabel('User name there').inputValue()).toBe(`bob@${domain}`)
  await look(page, 'own-server')
  await page.getByLabel('Password there').fill('guess')
  await page.getByRole('button', { name: 'Give and try' }).click()
  await page
    .getByRole('alert')
    .getByText('Your server does not accept that user name and password.')
    .waitFor({ timeout: 2 * SOON })
  await look(page, 'own-server-refused')
  const told = await gateway.cli<Access[]>(['person', 'access'])
  expect(told).toMatchObject([{ address: `bob@${domain}`, problem: 'refused' }])
  const checks = await gateway.run(['doctor', '--readiness'])
  expect(checks.stdout).toContain(`not good: bob@${domain}`)

  await page.getByLabel('Password there').fill(DOVECOT_PASSWORD)
  await page.getByRole('button', { name: 'Replace and try' }).click()
  await page.getByText('Your server let us in. You need do no more.').waitFor({ timeout: 2 * SOON })
  await page.getByText(/^Your server let us in on/).waitFor({ timeout: SOON })
  await look(page, 'own-server-good')
  expect(await gateway.cli<Access[]>(['person', 'access'])).toMatchObject([{ problem: null }])
  expect(await page.content()).not.toContain(`value="${DOVECOT_PASSWORD}"`)

  const admin = await signIn(browser, gateway.url, `ann@${domain}`, pageErrors)
  await admin.goto(`${gateway.url}/admin/plans`)
  await admin
    .getByText(`One person has let Restante into their mailbox at their server: bob@${domain}.`)
    .waitFor({ timeout: SOON })
  await admin.context().close()

  await page.getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('button', { name: 'Give and try' }).waitFor({ timeout: SOON })
  expect(await gateway.cli<Access[]>(['person', 'access'])).toEqual([])
  await page.context().close()
  expect(pageErrors).toEqual([])
})

test('a server that is away is not blamed on the password, and where a master user is there, nothing need be given', async () => {
  onTestFailed(() => report(gateway))
  await dovecot.stop()
  const page = await signIn(browser, gateway.url, `bob@${domain}`, pageErrors)
  await page.goto(`${gateway.url}/own-server`)
  await page.getByLabel('Password there').fill(DOVECOT_PASSWORD)
  await page.getByRole('button', { name: 'Give and try' }).click()
  await page
    .getByRole('alert')
    .getByText('Your server does not answer just now.')
    .waitFor({ timeout: 2 * SOON })
  const master = `imap://master:over-all@127.0.0.1:${dovecot.imapPort}?tls=none`
  await gateway.cli(['domain', 'set', domain, '--imap', master])
  await page.reload()
  await page.getByText('For your mail this is done by your organization').waitFor({ timeout: SOON })
  await page.context().close()
  expect(pageErrors).toEqual([])
})
