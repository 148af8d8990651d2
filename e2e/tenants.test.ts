/**
 * The tenant matrix over HTTP: everything of Ann's and of her organization's, asked for by Ben, who works beside her, by
 * Eve, who administers another organization, and by somebody who is not signed in; each through the real webmail. Refused
 * means: status and body are those of what does not exist.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type Db } from '@restante/core/db/connection.ts'
import { newId } from '@restante/core/db/id.ts'
import { seedDelivery } from '@restante/core/queue/overview-seed.ts'
import { announce } from '@restante/core/telling/threads.ts'
import type { APIRequestContext, Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import { openBrowser, signIn } from './browser.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { addOrganization, jmapFor } from './organization.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { SmtpClient } from './smtp.ts'
import { ADDRESSES, ADMIN, type Ids, MAIL, NOBODYS, type Try } from './tenants.ts'
import { until } from './until.ts'
import { untilKnown } from './watch.ts'

const APP = join(import.meta.dirname, '../webmail/app')
const ann = 'ann@bakery.example'

let backend: Sink
let gateway: Gateway
let browser: Browser
let db: Db
let theirs: Ids
const callers = {} as Record<'ann' | 'ben' | 'eve' | 'olga' | 'nobody', APIRequestContext>

const nobodys: Ids = {
  ...(Object.fromEntries(
    `account email statement backend incident delivery quarantined channel entry period thread mailbox person
     organization`
      .split(/\s+/)
      .map(name => [name, '00000000-0000-7000-8000-000000000000']),
  ) as Omit<Ids, 'domain' | 'address' | 'blob'>),
  blob: '',
  domain: 'nowhere.example',
  address: 'nobody@bakery.example',
}

beforeAll(async () => {
  backend = await startSink()
  gateway = await startGateway()
  for (const [name, domain, people] of [
    ['Bakery', 'bakery.example', [{ name: 'ann', role: 'admin' as const }, { name: 'ben' }]],
    [
      'Mill',
      'mill.example',
      [
        { name: 'eve', role: 'admin' as const },
        { name: 'olga', role: 'operator' as const },
      ],
    ],
  ] as const) {
    await addOrganization(gateway, {
      name,
      domain,
      backends: [`smtp://127.0.0.1:${backend.port}`],
      people: [...people],
    })
  }
  await untilKnown(gateway, ann)
  const { databaseUrl } = JSON.parse(readFileSync(join(gateway.data, 'run/services.json'), 'utf8'))
  db = connect(String(databaseUrl))
  browser = await openBrowser()
  for (const [name, address] of [
    ['ann', ann],
    ['ben', 'ben@bakery.example'],
    ['eve', 'eve@mill.example'],
    ['olga', 'olga@mill.example'],
  ] as const) {
    callers[name] = (await signIn(browser, gateway.url, address, [])).context().request
  }
  callers.nobody = (await browser.newContext()).request
  theirs = { ...(await mail()), ...(await administered()), address: ann, domain: 'bakery.example' }
  nobodys.blob = theirs.blob.replace(/[0-9a-f-]{36}/, nobodys.email)
})
afterAll(async () => {
  await db?.destroy()
  await browser?.close()
  await gateway?.remove()
  await backend?.stop()
})

/** Mail of Ann's, with an attachment, and a closing statement. */
async function mail() {
  const client = await SmtpClient.open(gateway.ports.relay)
  const parts = [
    '--b',
    '',
    'the secret plan',
    '--b',
    'Content-Disposition: attachment; filename=x.txt',
    '',
    'plan',
  ]
  const head = ['Subject: secret', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b', '']
  const reply = await client.send(
    'x@outside.example',
    [ann],
    `${[...head, ...parts, '--b--', ''].join('\r\n')}`,
  )
  expect(reply.code, reply.text).toBe(250)
  client.quit()
  const jmap = await jmapFor(gateway, ann)
  const [email] = await until('the mail is there', async () => {
    const emails = await jmap.emails()
    return emails.length > 0 && emails
  })
  return {
    account: jmap.accountId,
    email: email!.id,
    blob: email!.attachments[0]!.blobId,
    mailbox: jmap.accountId,
  }
}

/** What Ann's organization has. */
async function administered() {
  const organization = await db
    .selectFrom('organization')
    .select('id')
    .where('name', '=', 'Bakery')
    .executeTakeFirstOrThrow()
  const { id: organizationId } = organization
  const { id: backendId } = await db
    .selectFrom('backend')
    .select('id')
    .where('organization_id', '=', organizationId)
    .executeTakeFirstOrThrow()
  const { id: person } = await db
    .selectFrom('person')
    .select('id')
    .where('address', '=', ann)
    .executeTakeFirstOrThrow()
  const { id: mailboxId } = await db
    .selectFrom('mailbox')
    .select('id')
    .where('address', '=', ann)
    .executeTakeFirstOrThrow()
  const now = new Date()
  const incident = newId()
  const closed = { opened_at: new Date(0), closed_at: new Date(1) }
  await db
    .insertInto('incident')
    .values({ id: incident, backend_id: backendId, ...closed, cause: null, detail: null })
    .execute()
  await db
    .insertInto('restoration')
    .values({
      id: incident,
      kind: 'incident',
      organization_id: organizationId,
      backend_id: backendId,
      ...closed,
      stated_at: now,
      settled_at: now,
    })
    .execute()
  await db
    .insertInto('restore')
    .values({ restoration_id: incident, mailbox_id: mailboxId, state: 'done', way: 'none', finished_at: now })
    .execute()
  await db
    .insertInto('statement')
    .values({ restoration_id: incident, mailbox_id: mailboxId, numbers: '{}', lines: '[]', made_at: now })
    .execute()
  const of = { organizationId, backendId, domain: 'bakery.example' }
  const delivery = await seedDelivery(db, of, { state: 'held', hold_reason: 'admin' })
  const quarantined = await seedDelivery(db, of, { state: 'held', hold_reason: 'quarantine' })
  const facts = { name: 'bakery.example', since: now.toISOString() }
  await announce(db, { subject: 'backend:theirs', kind: 'backend-down', organizationId, facts }, now)
  const { id: thread } = await db
    .selectFrom('telling_thread')
    .select('id')
    .where('subject', '=', 'backend:theirs')
    .executeTakeFirstOrThrow()
  const made = async (path: string, body: unknown) => {
    const { status, text } = await ask('ann', {
      method: 'POST',
      path: () => `/api/v1/${path}`,
      body: () => body,
    })
    expect(status, text).toBeLessThan(300)
    return String((JSON.parse(text) as { id: string }).id)
  }
  return {
    organization: organizationId,
    backend: backendId,
    person,
    incident,
    statement: incident,
    delivery,
    quarantined,
    thread,
    channel: await made('channels', { kind: 'slack', address: 'https://hooks.example.org/theirs' }),
    entry: await made('lists', { kind: 'block', value: 'unwanted.example' }),
    period: await made('periods', {
      kind: 'maintenance',
      backend: backendId,
      minutes: 5,
      start: '2050-01-01T02:00',
      zone: 'UTC',
    }),
  }
}

/** The ids that it asks for read the same in every answer. */
async function ask(
  who: keyof typeof callers,
  { method, path, body }: Try,
  ids?: Ids,
): Promise<{ status: number; text: string }> {
  const asked = ids ?? nobodys
  const data = body?.(asked)
  const response = await callers[who].fetch(`${gateway.url}${path(asked)}`, {
    method,
    maxRedirects: 0,
    headers: {
      origin: gateway.url,
      'sec-fetch-site': 'same-origin',
      ...(data !== undefined && { 'content-type': 'application/json' }),
    },
    ...(data !== undefined && { data: typeof data === 'string' ? data : JSON.stringify(data) }),
  })
  const said = await response.text()
  const isPage = response.headers()['content-type']?.startsWith('text/html')
  let text = isPage
    ? said
        .replace(/<script[\s\S]*?<\/script>|<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim()
    : said
  if (ids) {
    for (const id of Object.values(ids)) {
      text = text.replaceAll(id, 'ID').replaceAll(encodeURIComponent(id), 'ID')
    }
  }
  return { status: response.status(), text }
}

const titleOf = (one: Try) =>
  `${one.method} ${one.path(EXAMPLE)} ${JSON.stringify(one.body?.(EXAMPLE) ?? '')}`
const EXAMPLE = new Proxy({} as Ids, { get: (_, name) => `{${String(name)}}` })
const all = (table: Record<string, Try[]>) =>
  Object.values(table).flatMap(tries => tries.map(one => [titleOf(one), one] as const))

test('every page and route is in the tables, and nothing else', () => {
  const files = readdirSync(APP, { recursive: true, encoding: 'utf8' }).filter(file =>
    /(^|\/)(route\.ts|page\.tsx)$/.test(file),
  )
  const tables = [MAIL, ADMIN, ADDRESSES, NOBODYS].flatMap(table => Object.keys(table))
  expect(files.toSorted()).toEqual(tables.toSorted())
  // What has an id in its path is tried.
  expect(
    Object.keys(NOBODYS)
      .filter(file => file.includes('['))
      .toSorted(),
  ).toEqual(['api/auth/[...nextauth]/route.ts', 'status/[slug]/page.tsx'])
})

test.each([...all(MAIL), ...all(ADMIN)].filter(([, { method }]) => method === 'GET'))(
  'its owner is answered: %s',
  async (_, one) => {
    const { status, text } = await ask('ann', one, theirs)
    // Quarantined for the test, it has no content.
    expect([status, text], text).toEqual([one.path(theirs).endsWith('/message') ? 404 : 200, text])
  },
)

describe.each([
  ['ben', MAIL, 404],
  ['eve', MAIL, 404],
  ['olga', MAIL, 404],
  ['nobody', MAIL, 401],
  ['eve', ADMIN, null],
  ['ben', ADMIN, 404],
  ['nobody', ADMIN, 401],
] as const)('%s', (who, table, expected) => {
  test.each(all(table))('%s', async (_, one) => {
    onTestFailed(() => console.error(gateway.log(10)))
    const answer = await ask(who, one, theirs)
    expect(answer).toEqual(await ask(who, one, nobodys))
    expect(answer.status).toBeLessThan(500)
    const isPage = !/^\/(api|jmap|message)\//.test(one.path(theirs))
    // A page sends who is not signed in to sign in.
    if (expected !== null) expect(answer.status).toBe(expected === 401 && isPage ? 307 : expected)
    for (const secret of ['secret', 'hooks.example.org/theirs', 'unwanted.example']) {
      expect(answer.text).not.toContain(secret)
    }
  })
})

describe.each(['eve', 'nobody'] as const)('%s', who => {
  test.each(all(ADDRESSES))('does not learn who there is: %s', async (_, one) => {
    const known = await ask(who, one, theirs)
    const unknown = await ask(who, one, nobodys)
    const same = (text: string) => text.replaceAll(/\b(ann|nobody)\b/g, 'ID')
    // Of another domain nothing is asked: both are of the same one.
    expect([known.status, same(known.text)]).toEqual([unknown.status, same(unknown.text)])
  })
})

test('and nothing of it has changed', async () => {
  for (const [path, id] of [
    ['channels', theirs.channel],
    ['lists', theirs.entry],
    ['periods', theirs.period],
    ['telling', theirs.thread],
    ['deliveries', theirs.delivery],
    ['quarantine', theirs.quarantined],
  ] as const) {
    const { status, text } = await ask('ann', { method: 'GET', path: () => `/api/v1/${path}` })
    expect([status, text.includes(id)], path).toEqual([200, true])
  }
  const deliveries = await db
    .selectFrom('delivery')
    .select(['state', 'hold_reason'])
    .where('id', 'in', [theirs.delivery, theirs.quarantined])
    .execute()
  expect(deliveries.map(({ hold_reason }) => hold_reason).toSorted()).toEqual(['admin', 'quarantine'])
  const { override } = await db
    .selectFrom('backend')
    .select('override')
    .where('id', '=', theirs.backend)
    .executeTakeFirstOrThrow()
  expect(override).toBeNull()
})
