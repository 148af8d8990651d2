/** What mail programs and people get over HTTP, on a real database. */
import { randomBytes } from 'node:crypto'
import { type TestDatabase, testDatabase } from '@restante/core/db/testing.ts'
import { setClientSettings } from '@restante/core/directory/client-settings.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { GET as wellKnown } from '../app/.well-known/autoconfig/mail/config-v1.1.xml/route.ts'
import { GET as profile } from '../app/(setup)/setup/profile/route.ts'
import { GET as json } from '../app/autodiscover/autodiscover.json/route.ts'
import { POST as autodiscover } from '../app/autodiscover/autodiscover.xml/route.ts'
import { GET as autoconfig } from '../app/mail/config-v1.1.xml/route.ts'
import type { Services } from '../server/services.ts'
import type { Person } from '../server/session.ts'

const signedIn = vi.hoisted(() => ({ person: null as Partial<Person> | null }))
vi.mock('../server/session.ts', () => ({ currentPerson: async () => signedIn.person }))

const sealKey = randomBytes(32)
let t: TestDatabase

beforeAll(async () => {
  t = await testDatabase()
  const settings = { PUBLIC_URL: 'https://post.example' }
  const opened = { settings, log: silentLog, db: t.db } as unknown as Services
  globalThis.restanteWebmail = { opening: Promise.resolve(opened), close: async () => {} }
  await addOrganization(t.db, { name: 'Acme' })
  for (const domain of ['acme.example', 'bare.example']) {
    await addDomain(t.db, { domain, organization: 'Acme', backends: ['smtp://mx.acme.example'] }, sealKey)
  }
  await setClientSettings(t.db, 'acme.example', {
    imap: 'imaps://in.acme.example',
    smtp: 'smtps://out.acme.example',
  })
})
afterAll(async () => {
  globalThis.restanteWebmail = undefined
  await t.close()
})

const get = (path: string, host = 'post.example') =>
  new Request(`https://post.example${path}`, { headers: { host } })
const post = (address: string, length?: string) => {
  const body = `<Autodiscover><Request><EMailAddress>${address}</EMailAddress></Request></Autodiscover>`
  return new Request('https://post.example/autodiscover/autodiscover.xml', {
    method: 'POST',
    body,
    headers: { 'content-length': length ?? String(body.length) },
  })
}

test('autoconfig answers by address and by host, the same for everybody there', async () => {
  for (const request of [
    get('/mail/config-v1.1.xml?emailaddress=nobody%40acme.example'),
    get('/mail/config-v1.1.xml', 'autoconfig.ACME.example:443'),
    get('/.well-known/autoconfig/mail/config-v1.1.xml', 'acme.example'),
  ]) {
    const answer = await (request.url.includes('well-known') ? wellKnown : autoconfig)(request)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/xml; charset=utf-8')
    expect(await answer.text()).toContain('<hostname>in.acme.example</hostname>')
  }
  for (const address of ['ann@bare.example', 'ann@elsewhere.example', 'nonsense']) {
    expect((await autoconfig(get(`/mail/config-v1.1.xml?emailaddress=${address}`))).status).toBe(404)
  }
})

test('autodiscover answers what is posted', async () => {
  expect(await (await autodiscover(post('ann@acme.example'))).text()).toContain(
    '<Server>out.acme.example</Server>',
  )
  expect(await (await autodiscover(post('ann@bare.example'))).text()).toContain('<ErrorCode>500</ErrorCode>')
  expect(await (await autodiscover(post(''))).text()).toContain('<ErrorCode>600</ErrorCode>')
  expect(await (await autodiscover(post('ann@acme.example', '9999999'))).text()).toContain(
    '<ErrorCode>600</ErrorCode>',
  )
  const found = await json(
    get('/autodiscover/autodiscover.json?Email=ann@acme.example&Protocol=AutodiscoverV1'),
  )
  expect(await found.json()).toMatchObject({ Url: 'https://post.example/autodiscover/autodiscover.xml' })
  expect((await json(get('/autodiscover/autodiscover.json'))).status).toBe(400)
})

test('the profile is for who is signed in', async () => {
  expect((await profile()).status).toBe(401)
  signedIn.person = { name: 'Ann', address: 'ann@acme.example' }
  const answer = await profile()
  expect(answer.headers.get('content-type')).toBe('application/x-apple-aspen-config')
  expect(answer.headers.get('content-disposition')).toBe('attachment; filename="acme.example.mobileconfig"')
  expect(await answer.text()).toContain('ann@acme.example')
  signedIn.person = { name: 'Ann', address: 'ann@bare.example' }
  expect((await profile()).status).toBe(404)
})
