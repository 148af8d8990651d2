/**
 * Telling on real servers: a webhook's receiver, a push service that reads what it was given, and an SMTP server that
 * the organization's mail goes out through.
 */
import { findTarget } from '@restante/core/continuity/period-target.ts'
import { addPeriod } from '@restante/core/continuity/periods.ts'
import { override } from '@restante/core/continuity/store.ts'
import { newId } from '@restante/core/db/id.ts'
import { setOrganization } from '@restante/core/directory/organizations.ts'
import { everything } from '@restante/core/queue/scope.ts'
import { addChannel, awaitTrial, listChannels, testChannel } from '@restante/core/telling/channels.ts'
import {
  addBrowser,
  confirmContact,
  contactsOf,
  countConfirmed,
  setContact,
} from '@restante/core/telling/contacts.ts'
import { isSigned } from '@restante/core/telling/forms.ts'
import { setPolicy } from '@restante/core/telling/policy.ts'
import { acknowledge, listThreads } from '@restante/core/telling/threads.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type TestGateway, testGateway, until } from '../testing/gateway.ts'
import { type Receiver, startReceiver, testBrowser } from '../testing/receiver.ts'
import { type Scripted, scriptedServer } from '../testing/scripted.ts'
import { createPoster } from './request.ts'
import { tellRound } from './tell.ts'

let server: Scripted
let gateway: TestGateway
let receiver: Receiver
let organizationId: string
beforeEach(async () => {
  server = await scriptedServer()
  receiver = await startReceiver()
  gateway = await testGateway([`smtp://127.0.0.1:${server.port}`])
  const { db, sealKey } = gateway.services
  const url = `smtp://127.0.0.1:${server.port}`
  organizationId = (await setOrganization(db, 'Example', { smarthosts: [url] }, sealKey)).id
})
afterEach(async () => {
  await gateway.close()
  await receiver.close()
  await server.stop()
})

const poster = createPoster({ allowPrivate: true })
const start = new Date('2026-11-22T10:00:00Z')
const later = (minutes: number) => new Date(start.getTime() + minutes * 60_000)
const services = () => ({ ...gateway.services, publicUrl: 'https://mail.example.test' })
const round = (now: Date, slow = false) => tellRound(services(), poster, { slow }, now)
const add = (kind: 'webhook' | 'slack' | 'teams' | 'ntfy' | 'mail', address: string, stage: 1 | 2 = 1) =>
  addChannel(
    gateway.services.db,
    { organizationId, kind, address, locale: 'en', stage, by: 'test' },
    gateway.services.sealKey,
    start,
  )
const say = (to: 'down' | 'up', now: Date) =>
  override(gateway.services.db, gateway.backendId, { to, reason: 'a new disk', until: null, by: 'test' }, now)
async function person(name: string) {
  const row = await gateway.services.db
    .selectFrom('person')
    .selectAll()
    .where('address', '=', `${name}@example.test`)
    .executeTakeFirstOrThrow()
  await gateway.services.db.updateTable('person').set({ locale: 'it' }).where('id', '=', row.id).execute()
  return { id: row.id, organizationId: row.organization_id, locale: 'it' as const }
}

test('each kind of address gets its form: at once, once, and when it is over', async () => {
  const { secret } = await add('webhook', `${receiver.url}/generic`)
  await add('slack', `${receiver.url}/slack`)
  await add('teams', `${receiver.url}/teams`)
  await add('ntfy', `${receiver.url}/base/outages`.replace('http://', 'http://:token@'))
  await round(start)
  expect(receiver.posts).toEqual([])
  await say('down', start)
  await round(start)
  await round(later(1))
  expect(receiver.posts.map(one => one.path).sort()).toEqual(['/base', '/generic', '/slack', '/teams'])
  const generic = receiver.posts.find(one => one.path === '/generic')!
  const signature = String(generic.headers['restante-signature'])
  expect(isSigned(signature, generic.body.toString(), secret!, start.getTime())).toBe(true)
  expect(isSigned(signature, `${generic.body} `, secret!, start.getTime())).toBe(false)
  expect(isSigned(signature, generic.body.toString(), secret!, later(6).getTime())).toBe(false)
  const [begin] = receiver.json('/generic')
  expect(begin).toMatchObject({
    event: 'begin',
    kind: 'backend-down',
    severity: 2,
    organization: 'Example',
    title: 'The mail server of example.test takes no mail',
    facts: { name: 'example.test', reason: 'a new disk', since: start.toISOString() },
  })
  expect(receiver.json('/slack')[0]?.text).toContain('takes no mail')
  expect(JSON.stringify(receiver.json('/teams')[0])).toContain('AdaptiveCard')
  expect(receiver.json('/base')[0]).toMatchObject({ topic: 'outages', priority: 5 })
  expect(receiver.posts.find(one => one.path === '/base')?.headers.authorization).toBe('Bearer token')
  await say('up', later(2))
  await round(later(2))
  await round(later(3))
  const [, end, ...more] = receiver.json('/generic')
  expect(end).toMatchObject({ event: 'end', thread: begin?.thread, facts: { until: later(2).toISOString() } })
  expect(end?.url).toMatch(/^https:\/\/mail\.example\.test\/admin\/incidents\//)
  expect(more).toEqual([])
  // It comes and goes: the same matter, and nobody is told again so soon.
  await say('down', later(5))
  await round(later(5))
  await say('up', later(6))
  await round(later(6))
  expect(receiver.json('/generic')).toHaveLength(2)
  expect(await listThreads(gateway.services.db, everything)).toHaveLength(1)
})

test('it is repeated and escalated until somebody knows', async () => {
  await add('webhook', `${receiver.url}/first`)
  await add('webhook', `${receiver.url}/second`, 2)
  const { db } = gateway.services
  await setPolicy(db, organizationId, { repeatMinutes: 20, escalateMinutes: 30 })
  await say('down', start)
  for (let minute = 0; minute <= 45; minute += 5) await round(later(minute))
  expect(receiver.json('/first').map(one => one.event)).toEqual(['begin', 'repeat', 'repeat'])
  expect(receiver.json('/second').map(one => one.event)).toEqual(['begin'])
  const [thread] = await listThreads(db, everything)
  await acknowledge(db, everything, thread!.id, 'admin@example.test', null, later(46))
  for (let minute = 50; minute <= 120; minute += 10) await round(later(minute))
  expect(receiver.posts).toHaveLength(4)
  await say('up', later(130))
  await round(later(130))
  expect(receiver.json('/first').at(-1)?.event).toBe('end')
  expect(receiver.json('/second').at(-1)?.event).toBe('end')
})

test('people hear of it at their second contact, in their language, once it is confirmed', async () => {
  const { db, sealKey } = gateway.services
  const anna = await person('anna')
  await expect(setContact(db, anna, 'anna@example.test', sealKey, start)).rejects.toThrow(/own|domain/)
  await setContact(db, anna, 'anna@elsewhere.test', sealKey, new Date())
  gateway.start()
  const mail = await until('the code has come', () => server.received.at(-1))
  expect(mail.recipients).toEqual(['anna@elsewhere.test'])
  const text = (content: Buffer | string) => {
    const [, body = ''] = String(content).split('\r\n\r\n')
    return Buffer.from(body, 'base64').toString()
  }
  const code = /Codice: ([0-9A-Z]{8})/.exec(text(mail.content))?.[1] ?? ''
  await expect(confirmContact(db, anna.id, 'WRONG234', new Date())).rejects.toThrow('wrong')
  expect(await countConfirmed(db, everything)).toBe(0)
  await confirmContact(db, anna.id, code.toLowerCase(), new Date())
  await expect(confirmContact(db, anna.id, code, new Date())).rejects.toThrow('wrong')
  expect(await countConfirmed(db, everything)).toBe(1)
  await say('down', new Date())
  // Her backend holds, the way out does not: she hears of it.
  const told = await until('she hears of it', () =>
    server.received.find(one => text(one.content).includes('webmail; lì potete')),
  )
  expect(told.recipients).toEqual(['anna@elsewhere.test'])
  expect(String(told.content)).toContain('Content-Language: it')
  await say('up', new Date())
  await until('she hears that it is over', () =>
    server.received.find(one => text(one.content).includes('è tornato')),
  )
})

test('a browser is told by Web Push, and forgotten when it wants no more', async () => {
  const { db, sealKey } = gateway.services
  const browser = testBrowser()
  const bruno = await person('bruno')
  await addBrowser(db, bruno, { endpoint: `${receiver.url}/push/1`, keys: browser.keys }, sealKey, start)
  await say('down', start)
  await round(start)
  const [pushed] = receiver.posts
  expect(pushed?.headers).toMatchObject({ 'content-encoding': 'aes128gcm', urgency: 'high' })
  expect(pushed?.headers.authorization).toMatch(/^vapid t=/)
  expect(browser.read(pushed!.body)).toMatchObject({
    title: 'Il vostro server di posta non risponde. La vostra posta è qui',
    url: 'https://mail.example.test/',
  })
  receiver.answer = { status: 410 }
  await say('up', later(5))
  await round(later(5))
  expect(await contactsOf(db, bruno.id)).toEqual([])
})

test('what fails is tried again at growing intervals; who refuses for good is shown', async () => {
  await add('webhook', `${receiver.url}/a`)
  receiver.answer = { status: 503, headers: { 'retry-after': '120' } }
  await say('down', start)
  await round(start)
  await round(later(1))
  expect(receiver.posts).toHaveLength(1)
  receiver.answer = { status: 302, headers: { location: 'http://127.0.0.1:1/' } }
  await round(later(3))
  await round(later(30))
  expect(receiver.posts).toHaveLength(2)
  const [channel] = await listChannels(gateway.services.db, everything)
  expect(channel?.last).toMatchObject({ state: 'failed', error: 'it answered 302' })
})

test('many at once are told as one, but to a program', async () => {
  await add('slack', `${receiver.url}/slack`)
  await add('webhook', `${receiver.url}/generic`)
  const { db } = gateway.services
  for (const name of ['anna', 'bruno', 'carla', 'dino']) {
    await db
      .insertInto('unusual_sending')
      .values({
        person_id: (await person(name)).id,
        organization_id: organizationId,
        first_at: start,
        last_at: start,
      })
      .execute()
  }
  await round(start)
  expect(receiver.json('/generic')).toHaveLength(4)
  expect(receiver.json('/slack').map(one => one.text)).toEqual(['4 pieces of news'])
})

test('a trial says how it went; private networks are refused unless they are allowed', async () => {
  const { db } = gateway.services
  const { id } = await add('ntfy', `${receiver.url}/topic`)
  const trial = await testChannel(db, everything, id, start)
  await round(start)
  expect(await awaitTrial(db, trial!, 0)).toEqual({ ok: true, error: null })
  const strict = createPoster({ allowPrivate: false })
  await expect(strict(receiver.url, {}, '')).rejects.toThrow('private network')
  await expect(strict('http://localhost:1/', {}, '')).rejects.toThrow('private network')
  const pinned = createPoster({ allowPrivate: false, resolve: async () => ['192.0.2.1', '10.0.0.1'] })
  await expect(pinned('http://outside.test/', {}, '')).rejects.toThrow('private network')
  expect(await testChannel(db, everything, newId(), start)).toBeNull()
})

test('a return that was set aside is worse, and of the same matter', async () => {
  const { db } = gateway.services
  await add('webhook', `${receiver.url}/a`)
  await say('down', start)
  await round(start)
  // The override is over, the guard has tripped: as the machine leaves it.
  await db
    .updateTable('backend')
    .set({
      override: null,
      health: 'down',
      cause: 'unknown-users',
      machine: JSON.stringify({ guard: { address: 'anna@example.test', since: 0 } }),
    })
    .execute()
  await round(later(1))
  await round(later(2))
  expect(receiver.json('/a')).toMatchObject([
    { event: 'begin', severity: 2 },
    { event: 'worse', kind: 'guard', severity: 3, facts: { cause: 'unknown-users' } },
  ])
  expect(new Set(receiver.json('/a').map(one => one.thread)).size).toBe(1)
})

test('a drill for one person is told to that person and to admins, and ends', async () => {
  const { db, sealKey } = gateway.services
  await add('webhook', `${receiver.url}/admins`)
  const [anna, bruno] = [await person('anna'), await person('bruno')]
  const browsers = { anna: testBrowser(), bruno: testBrowser() }
  for (const [name, owner] of [['anna', anna] as const, ['bruno', bruno] as const]) {
    const endpoint = `${receiver.url}/push/${name}`
    await addBrowser(db, owner, { endpoint, keys: browsers[name].keys }, sealKey, start)
  }
  const target = await findTarget(db, everything, { people: ['anna@example.test'] })
  if ('refused' in target) throw new Error(target.refused)
  const times = { startsAt: start, endsAt: later(30) }
  await addPeriod(db, { kind: 'drill', target, mail: 'deliver', by: 'test', ...times }, start)
  await round(later(1))
  await round(later(31))
  expect(receiver.json('/admins').map(one => `${one.event} ${one.kind}`)).toEqual([
    'begin drill',
    'end drill',
  ])
  const pushed = (name: 'anna' | 'bruno') =>
    receiver.posts.filter(one => one.path === `/push/${name}`).map(one => browsers[name].read(one.body).title)
  expect(pushed('anna')).toEqual([
    'Un’esercitazione: usate ora la webmail',
    'È finita: potete usare la posta come sempre',
  ])
  expect(pushed('bruno')).toEqual([])
})
