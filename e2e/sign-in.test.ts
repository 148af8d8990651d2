/**
 * A bakery's mail server goes away, and everybody gets in. Cat never had a password here: the one of her mailbox was
 * accepted while its server was up, and is while it is down. Bob's phone is his second step, and a passkey his first;
 * Ann ends a session she does not know. A code comes to a second address, another one was printed; and the company's
 * own sign-in lets in whom it vouches for.
 */
import { codeAt, stepAt } from '@restante/core/access/totp.ts'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { openBrowser, SOON, watchErrors } from './browser.ts'
import { type Gateway, gatewayPorts, startGateway } from './gateway.ts'
import { look } from './look.ts'
import { addOrganization, PASSWORD } from './organization.ts'
import { DOVECOT_PASSWORD, type Dovecot, startDovecot } from './servers/dovecot.ts'
import { type Issuer, startIssuer } from './servers/issuer.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { until } from './until.ts'
import { report, untilKnown } from './watch.ts'

const domain = 'bakery.example'

let dovecot: Dovecot
let outside: Sink
let gateway: Gateway
let browser: Browser
let url: string
const pageErrors: string[] = []

beforeAll(async () => {
  // As docs/sign-in.md says: else it answers the later, the more passwords failed from the gateway's address.
  const settings = 'login_trusted_networks = 127.0.0.0/8\n'
  ;[dovecot, outside] = await Promise.all([startDovecot({ settings }), startSink()])
  const ports = await gatewayPorts()
  // Passkeys belong to names: an address of numbers has none.
  url = `http://localhost:${ports.webmail}`
  gateway = await startGateway({ ports, env: { PUBLIC_URL: url } })
  await addOrganization(gateway, {
    name: 'Bakery',
    domain,
    backends: [`lmtp://127.0.0.1:${dovecot.lmtpPort}`],
    imap: `imap://127.0.0.1:${dovecot.imapPort}?tls=none`,
    smarthosts: [`smtp://127.0.0.1:${outside.port}`],
    people: [{ name: 'ann', role: 'admin' }, { name: 'bob' }],
  })
  await gateway.cli(['person', 'add', `cat@${domain}`])
  await untilKnown(gateway, `cat@${domain}`)
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await gateway?.remove()
  await outside?.stop()
  await dovecot?.remove()
})

const failed = async () => {
  await report(gateway)
  for (const page of browser.contexts().flatMap(context => context.pages())) {
    console.error(`${page.url()}\n${await page.locator('body').innerText()}`)
  }
  console.error(pageErrors)
}

async function fresh(): Promise<{ page: Page; context: BrowserContext }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, locale: 'en-GB' })
  const page = await context.newPage()
  watchErrors(page, pageErrors)
  return { page, context }
}

async function password(page: Page, name: string, given: string, path = '/'): Promise<void> {
  await page.goto(`${url}/sign-in?next=${encodeURIComponent(path)}`)
  await page.getByLabel('Address').fill(`${name}@${domain}`)
  await page.getByLabel('Password').fill(given)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

const inside = (page: Page) =>
  page.getByRole('list', { name: 'Messages' }).waitFor({ state: 'attached', timeout: SOON })
const security = (page: Page) =>
  page.getByRole('heading', { name: 'Security and sign-in' }).waitFor({ timeout: SOON })
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

test('the password of the mailbox lets in while its server is up, and when it is away', async () => {
  onTestFailed(failed)
  const { page, context } = await fresh()
  const refused = 'That address and password don’t go together.'
  await page.goto(`${url}/sign-in`)
  await look(page, 'sign-in')
  for (const name of ['cat', 'nobody']) {
    await password(page, name, 'a wrong one')
    await page.getByText(refused).waitFor({ timeout: SOON })
  }
  await password(page, 'cat', DOVECOT_PASSWORD)
  await inside(page)
  await page.goto(`${url}/account/security`)
  await page.getByText('accepted by your mail server on').waitFor({ timeout: SOON })
  await context.close()

  await dovecot.kill()
  const again = await fresh()
  await password(again.page, 'cat', 'a wrong one')
  await again.page.getByText(refused).waitFor({ timeout: SOON })
  await password(again.page, 'cat', DOVECOT_PASSWORD)
  await inside(again.page)
  await again.context.close()

  await gateway.cli(['org', 'set', 'Bakery', '--mailbox-password', 'off'])
  const off = await fresh()
  await password(off.page, 'cat', DOVECOT_PASSWORD)
  await off.page.getByText(refused).waitFor({ timeout: SOON })
  await off.context.close()
  await gateway.cli(['org', 'set', 'Bakery', '--mailbox-password', 'on'])
  await dovecot.start()
})

test('a session that is ended is out, and its open page with it; so is one whose password was changed', async () => {
  onTestFailed(failed)
  const mine = await fresh()
  const other = await fresh()
  await password(mine.page, 'ann', PASSWORD, '/account/security')
  await security(mine.page)
  await password(other.page, 'ann', PASSWORD)
  await inside(other.page)
  await mine.page.reload()
  const end = mine.page.getByRole('button', { name: /^End Chrome/ })
  expect(await end.count()).toBe(1)
  await look(mine.page, 'security')
  await end.click()
  await other.page.waitForURL(/\/sign-in/, { timeout: SOON })

  await password(other.page, 'ann', PASSWORD)
  await inside(other.page)
  await gateway.cli(['person', 'set', `ann@${domain}`, '--password-stdin'], 'another horse altogether\n')
  await other.page.waitForURL(/\/sign-in/, { timeout: SOON })
  await gateway.cli(['person', 'set', `ann@${domain}`, '--password-stdin'], `${PASSWORD}\n`)
  await mine.context.close()
  await other.context.close()
})

test('an authenticator app is a second step, and a recovery code stands in for it', async () => {
  onTestFailed(failed)
  const { page, context } = await fresh()
  await password(page, 'bob', PASSWORD, '/account/security')
  await security(page)
  await button(page, 'Set up an authenticator app').click()
  await page.getByRole('img', { name: 'QR code for your authenticator app' }).waitFor({ timeout: SOON })
  await look(page, 'security-app')
  const secret = (await page.getByText(/^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/).innerText()).replaceAll(' ', '')
  const seed = fromBase32(secret)
  const code = () => codeAt(seed, stepAt(new Date()))
  await page.getByLabel('The code that the app shows').fill('000000')
  await button(page, 'Use this app').click()
  await page.getByText('That is not right.').waitFor({ timeout: SOON })
  const first = code()
  await page.getByLabel('The code that the app shows').fill(first)
  await button(page, 'Use this app').click()
  const codes = page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem')
  await codes.first().waitFor({ timeout: SOON })
  const recovery = await codes.allInnerTexts()
  expect(recovery).toHaveLength(10)
  await page.getByText('After your password you are asked').waitFor({ timeout: SOON })
  await context.close()

  const next = await fresh()
  await password(next.page, 'bob', PASSWORD)
  await next.page.getByRole('heading', { name: 'One more step' }).waitFor({ timeout: SOON })
  await look(next.page, 'second')
  // Half in is not in.
  expect((await next.page.request.get(`${url}/.well-known/jmap`)).status()).toBe(401)
  await next.page.getByLabel('Code').fill(first)
  await button(next.page, 'Sign in').click()
  await next.page.getByText('That code is wrong or was used already.').waitFor({ timeout: SOON })
  await next.page.getByLabel('Code').fill(recovery[0]!)
  await button(next.page, 'Sign in').click()
  await inside(next.page)
  await next.context.close()
})

test('a passkey is enough by itself, and answers the second step', async () => {
  onTestFailed(failed)
  const { page, context } = await fresh()
  const cdp = await context.newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  await gateway.cli(['person', 'second-factor', `bob@${domain}`, '--remove'])
  await password(page, 'bob', PASSWORD, '/account/security')
  await security(page)
  await page.getByLabel('What to call it').fill('Bob’s laptop')
  await button(page, 'Add a passkey').click()
  await page.getByText('Bob’s laptop').waitFor({ timeout: SOON })
  await button(page, 'Ask for a second step').click()
  await page.getByText('After your password you are asked').waitFor({ timeout: SOON })

  await context.clearCookies()
  await page.goto(`${url}/sign-in`)
  await button(page, 'Use a passkey').click()
  await inside(page)

  await context.clearCookies()
  await password(page, 'bob', PASSWORD)
  await page.getByRole('heading', { name: 'One more step' }).waitFor({ timeout: SOON })
  await button(page, 'Use a passkey').click()
  await inside(page)
  await context.close()
})

test('an answer of a passkey counts once, and from our own pages alone', async () => {
  onTestFailed(failed)
  const { page, context } = await fresh()
  const answer = { for: 'sign-in', response: { id: 'x', rawId: 'x', type: 'public-key', response: {} } }
  const post = (headers: Record<string, string>) =>
    page.request.post(`${url}/sign-in/passkey`, { data: answer, headers })
  expect((await post({ origin: 'https://evil.example' })).status()).toBe(403)
  // Without a challenge that was asked for, and with one.
  expect((await post({ origin: url })).status()).toBe(401)
  await page.request.get(`${url}/sign-in/passkey`)
  expect((await post({ origin: url })).status()).toBe(401)
  await context.close()
})

test('a code comes to the second address, another was printed; each lets in once', async () => {
  onTestFailed(failed)
  await dovecot.kill()
  await gateway.cli(['person', 'contact', `cat@${domain}`, '--set', 'cat@private.example', '--vouch'])
  const { page, context } = await fresh()
  await page.goto(`${url}/sign-in/code`)
  const ask = page.getByRole('region', { name: 'No code yet?' })
  for (const name of ['nobody', 'cat']) {
    await ask.getByLabel('Address').fill(`${name}@${domain}`)
    await button(page, 'Send one to my second address').click()
    await page.getByText('If this address has a confirmed second address').waitFor({ timeout: SOON })
  }
  await look(page, 'code')
  const texts = () =>
    outside.kept
      .filter(one => one.to.includes('cat@private.example'))
      .map(one => Buffer.from(one.content.toString().split('\r\n\r\n')[1] ?? '', 'base64').toString())
  const mail = await until('the code has come', () => texts().find(text => text.includes('/sign-in/code')))
  const link = /http\S+\/sign-in\/code\?\S+/.exec(mail)?.[0] ?? ''
  // A look at the link does not use it up.
  await page.request.get(link)
  await page.goto(link)
  await button(page, 'Sign in').click()
  await inside(page)
  await until('Cat is told of it', () => texts().some(text => text.includes('/account/security')))

  // Away from the mail first: without its cookie that page leaves for the sign-in by itself.
  await page.goto('about:blank')
  await context.clearCookies()
  await page.goto(link)
  await button(page, 'Sign in').click()
  await page.getByText('That address and code don’t go together').waitFor({ timeout: SOON })

  const codes = await gateway.cli<{ address: string; code: string }[]>([
    'person',
    'codes',
    domain,
    '--count',
    '2',
  ])
  expect(codes).toHaveLength(6)
  const printed = codes.find(one => one.address === `cat@${domain}`)!.code
  await page.getByLabel('One-time code').fill(printed)
  await button(page, 'Sign in').click()
  await inside(page)
  const csv = await gateway.run(['person', 'codes', `cat@${domain}`, '--csv'])
  expect(csv.stdout).toMatch(/^address,name,code,expires\r\n"cat@bakery\.example","","[0-9a-z-]{19}","20/)
  expect((await gateway.run(['person', 'codes', domain, '--revoke'])).stdout).toMatch(
    /^\d+ codes are out of force/,
  )
  const checks = await gateway.run(['doctor', '--readiness'])
  expect(checks.stdout).toContain('3 of 3 people could sign in now')
  await dovecot.start()
  await context.close()
})

test('an admin sees who could not get in, and prints codes for them', async () => {
  onTestFailed(failed)
  await gateway.cli(['person', 'add', `dan@${domain}`])
  const { page, context } = await fresh()
  await password(page, 'ann', PASSWORD, '/admin/people')
  const rows = page.getByRole('list', { name: 'People' }).getByRole('listitem')
  await rows.first().waitFor({ timeout: SOON })
  // Who has no way in stands first.
  expect(await rows.first().innerText()).toMatch(/dan@bakery\.example[\s\S]*no way in/)
  await rows.first().getByRole('checkbox').check()
  await button(page, 'Make codes for 1 person').click()
  const slip = page.getByRole('list', { name: 'Codes by person' }).getByRole('listitem')
  await slip.waitFor({ timeout: SOON })
  await look(page, 'people')
  const code = await slip.locator('code').innerText()
  await context.close()
  const dans = await fresh()
  await dans.page.goto(`${url}/sign-in/code`)
  await dans.page
    .getByRole('form', { name: 'Sign in with a code' })
    .getByLabel('Address')
    .fill(`dan@${domain}`)
  await dans.page.getByLabel('One-time code').fill(code)
  await button(dans.page, 'Sign in').click()
  await inside(dans.page)
  // It is no page for him.
  expect((await dans.page.goto(`${url}/admin/people`))?.status()).toBe(404)
  await dans.context.close()
})

test("the company's own sign-in lets in whom it vouches for, and nobody else", async () => {
  onTestFailed(failed)
  let issuer: Issuer | undefined
  try {
    let redirect = ''
    const [organization] = await gateway.cli<{ id: string }[]>(['org', 'list'])
    redirect = `${url}/api/auth/callback/${organization!.id}`
    issuer = await startIssuer(() => redirect)
    const options = ['--name', 'Bakery ID', '--issuer', issuer.url, '--client-id', issuer.clientId]
    const set = await gateway.cli<{ redirect: string }>(
      ['org', 'sign-in', 'Bakery', ...options, '--client-secret-stdin'],
      issuer.clientSecret,
    )
    expect(set.redirect).toBe(redirect)
    const { page, context } = await fresh()
    await page.goto(`${url}/sign-in/company`)
    await look(page, 'company')
    const as = async (address: string) => {
      await page.goto(`${url}/sign-in/company`)
      await page.getByLabel('Address').fill(`cat@${domain}`)
      await button(page, 'Continue').click()
      await page.locator('input[name=login]').fill(address)
      await page.locator('input[name=password]').fill('anything')
      await page.locator('button[type=submit]').click()
      await page.locator('input[name=prompt][value=consent]').waitFor({ state: 'attached', timeout: SOON })
      await page.locator('button[type=submit]').click()
    }
    issuer.unverified.add(`bob@${domain}`)
    await as(`bob@${domain}`)
    await page.getByText('Your company’s sign-in did not let you in').waitFor({ timeout: SOON })
    await context.clearCookies()
    await as(`cat@${domain}`)
    await inside(page)
    await context.clearCookies()

    await issuer.close()
    await page.goto(`${url}/sign-in/company`)
    await page.getByLabel('Address').fill(`cat@${domain}`)
    await button(page, 'Continue').click()
    // The issuer is away, too: the page says what else there is.
    await page.getByText('Use another way').waitFor({ timeout: SOON })
    await context.close()
  } finally {
    await issuer?.close().catch(() => {})
  }
})

function fromBase32(text: string): Buffer {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...text].map(letter => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Buffer.from(bits.match(/.{8}/g)!.map(byte => Number.parseInt(byte, 2)))
}
