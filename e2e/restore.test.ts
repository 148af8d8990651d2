/**
 * The mail server of a company of twenty goes down in the middle of the morning's mail. For an hour its people
 * live in the webmail: they read, answer, star, delete, file, write and send. Then the server is back, and each of
 * them opens their usual mail program: it must show what the webmail shows, message by message, flag by flag.
 * Looking again changes nothing; the closing statement's figures are what happened.
 *
 * Once with a Dovecot (LMTP, a master user), once with a Postfix that hands on to a Dovecot whose folders are
 * below INBOX and separated by dots, once with a Cyrus, where people sign in by the part before the @.
 */
import { AxeBuilder } from '@axe-core/playwright'
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import { openBrowser, SOON, signIn } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { addOrganization } from './organization.ts'
import { type Incident, type Program, story, type World } from './restore-story.ts'
import { CYRUS_ADMIN, type Cyrus, canRunCyrus, startCyrus } from './servers/cyrus.ts'
import { DOVECOT_PASSWORD, type Dovecot, startDovecot } from './servers/dovecot.ts'
import { canRunPostfix, type Postfix, startPostfix } from './servers/postfix.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { report, untilKnown } from './watch.ts'

const MASTER = `
auth_master_user_separator = *
passdb {
  driver = static
  master = yes
  args = password=over-all
}
`
const SLASHES = `
namespace inbox {
  separator = /
}
`
const DOTS = `
namespace inbox {
  separator = .
  prefix = INBOX.
}
`
const programOf = ({ imapPort }: Dovecot): Program => ({
  port: imapPort,
  auth: user => ({ user, pass: DOVECOT_PASSWORD }),
})

const names = Array.from({ length: 20 }, (_, n) => `p${n + 1}`)

describe('with a Dovecot and its master user', () => {
  const domain = 'bakery.example'
  const people = names.map(name => `${name}@${domain}`)
  let dovecot: Dovecot
  let outside: Sink
  let gateway: Gateway
  beforeAll(async () => {
    dovecot = await startDovecot({ settings: MASTER + SLASHES })
    outside = await startSink()
    gateway = await startGateway()
    await addOrganization(gateway, {
      name: 'Bakery',
      domain,
      backends: [`lmtp://127.0.0.1:${dovecot.lmtpPort}`],
      imap: `imap://master:over-all@127.0.0.1:${dovecot.imapPort}?tls=none&as=authzid`,
      smarthosts: [`smtp://127.0.0.1:${outside.port}`],
      people: names.map(name => ({ name })),
    })
    await untilKnown(gateway, people.at(-1)!)
  })
  afterAll(async () => {
    await gateway?.remove()
    await outside?.stop()
    await dovecot?.remove()
  })

  test('two thousand messages to twenty people: their mail programs show what the webmail shows', async () => {
    onTestFailed(() => report(gateway))
    const world: World = {
      gateway,
      program: programOf(dovecot),
      people,
      stop: () => dovecot.stop(),
      start: () => dovecot.start(),
      separator: '/',
      prefix: '',
    }
    await story(world, 10, 90)
  })
})

describe.skipIf(!canRunPostfix)('with a Postfix in front of a Dovecot, which only root can start', () => {
  const domain = 'company.example'
  const few = names.slice(0, 5)
  const people = few.map(name => `${name}@${domain}`)
  let dovecot: Dovecot
  let postfix: Postfix
  let outside: Sink
  let gateway: Gateway
  beforeAll(async () => {
    dovecot = await startDovecot({ settings: MASTER + DOTS })
    postfix = await startPostfix({ domain, users: people, lmtpPort: dovecot.lmtpPort })
    outside = await startSink()
    gateway = await startGateway()
    await addOrganization(gateway, {
      name: 'Company',
      domain,
      backends: [`smtp://127.0.0.1:${postfix.port}`],
      imap: `imap://master:over-all@127.0.0.1:${dovecot.imapPort}?tls=none&as=separator:*`,
      smarthosts: [`smtp://127.0.0.1:${outside.port}`],
      people: few.map((name, n) => ({ name, role: n === 0 ? ('admin' as const) : ('user' as const) })),
    })
    await untilKnown(gateway, people.at(-1)!)
  })
  afterAll(async () => {
    await gateway?.remove()
    await outside?.stop()
    await postfix?.remove()
    await dovecot?.remove()
  })

  test('folders below INBOX, mail that arrives after it was accepted: the same', async () => {
    onTestFailed(() => report(gateway))
    const world: World = {
      gateway,
      program: programOf(dovecot),
      people,
      stop: () => postfix.stop(),
      start: () => postfix.start(),
      separator: '.',
      prefix: 'INBOX.',
    }
    await story(world, 10, 40)
  })

  test('the statement is a page that everybody can read', async () => {
    const [incident] = await gateway.cli<Incident[]>(['incident', 'list'])
    const browser = await openBrowser()
    const errors: string[] = []
    try {
      const page = await signIn(browser, gateway.url, people[0]!, errors)
      for (const path of ['/statements/latest', `/admin/incidents/${incident!.id}`]) {
        for (const width of [1280, 360]) {
          for (const colorScheme of ['light', 'dark'] as const) {
            await page.setViewportSize({ width, height: 900 })
            await page.emulateMedia({ colorScheme })
            await page.goto(`${gateway.url}${path}`)
            await page.getByRole('heading', { level: 1 }).waitFor({ timeout: SOON })
            await page
              .getByRole('heading', { name: /^Received 4\d|^Received 2\d\d/ })
              .waitFor({ timeout: SOON })
            const { violations } = await new AxeBuilder({ page })
              .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
              .analyze()
            expect([path, width, violations.map(({ id }) => id)]).toEqual([path, width, []])
            const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
            expect([path, width, wide]).toEqual([path, width, false])
            const folder = process.env.SCREENSHOTS
            if (folder) {
              const name = `${path.replaceAll('/', '_').slice(0, 16)}-${width}-${colorScheme}.png`
              if (await page.locator('summary').count()) await page.locator('summary').first().click()
              await page.screenshot({ path: `${folder}/${name}`, fullPage: true })
            }
          }
        }
      }
      // Whom it does not concern finds nothing there.
      const other = await signIn(browser, gateway.url, people[1]!, errors)
      const answer = await other.goto(`${gateway.url}/admin/incidents/${incident!.id}`)
      expect(answer?.status()).toBe(404)
      expect(errors).toEqual([])
    } finally {
      await browser.close()
    }
  })
})

describe.skipIf(!canRunCyrus)("with a Cyrus, which is had from Debian's packages alone", () => {
  const domain = 'college.example'
  const few = names.slice(0, 5)
  const people = few.map(name => `${name}@${domain}`)
  let cyrus: Cyrus
  let outside: Sink
  let gateway: Gateway
  beforeAll(async () => {
    cyrus = await startCyrus()
    outside = await startSink()
    gateway = await startGateway()
    const { user, password } = CYRUS_ADMIN
    await addOrganization(gateway, {
      name: 'College',
      domain,
      backends: [`lmtp://127.0.0.1:${cyrus.lmtpPort}`],
      imap: `imap://${user}:${password}@127.0.0.1:${cyrus.imapPort}?tls=none&as=authzid&name=local`,
      smarthosts: [`smtp://127.0.0.1:${outside.port}`],
      people: few.map(name => ({ name })),
    })
    await untilKnown(gateway, people.at(-1)!)
  }, 120_000)
  afterAll(async () => {
    await gateway?.remove()
    await outside?.stop()
    await cyrus?.remove()
  })

  test('its special folders and its own separator: the same', async () => {
    onTestFailed(() => report(gateway))
    const { user, password: pass } = CYRUS_ADMIN
    const world: World = {
      gateway,
      program: {
        port: cyrus.imapPort,
        auth: person => ({ user, pass, authzid: person.split('@')[0]!, loginMethod: 'AUTH=PLAIN' }),
      },
      people,
      stop: () => cyrus.stop(),
      start: () => cyrus.start(),
      separator: '.',
      prefix: 'INBOX.',
      junk: 'Spam',
    }
    await story(world, 10, 40)
  })
})
