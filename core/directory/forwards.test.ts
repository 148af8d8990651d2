import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import type { Envelope } from '../spool/types.ts'
import { addDomain } from './domains.ts'
import { setForwards, withForwards } from './forwards.ts'
import { addMailbox, listMailboxes } from './mailboxes.ts'
import { addOrganization } from './organizations.ts'
import { Directory, readDirectory } from './snapshot.ts'

let t: TestDatabase
const key = randomBytes(32)

beforeAll(async () => {
  t = await testDatabase()
  await addOrganization(t.db, { name: 'Acme' })
  await addDomain(
    t.db,
    { domain: 'acme.example', organization: 'Acme', backends: ['smtp://127.0.0.1:2500'] },
    key,
  )
  for (const name of ['anna', 'choir'])
    await addMailbox(t.db, { address: `${name}@acme.example`, shared: true })
  await setForwards(t.db, 'choir@acme.example', ['Soprano@Outside.example', 'alto@outside.example'])
})
afterAll(() => t.close())

const directory = async () => new Directory(await readDirectory(t.db))
const envelope = (recipients: Envelope['recipients'], more: Partial<Envelope> = {}): Envelope => ({
  id: '0',
  kind: 'inbound',
  sender: 'x@there.example',
  recipients,
  receivedAt: new Date(0).toISOString(),
  ...more,
})

test('a message is for those that its mailbox is sent on to, once each', async () => {
  const choir = { address: 'Choir@acme.example', notify: 'NEVER' }
  const { recipients } = withForwards(
    envelope([choir, { address: 'anna@acme.example' }, { address: 'alto@outside.example' }]),
    await directory(),
  )
  expect(recipients.slice(3)).toEqual([
    { address: 'soprano@outside.example', notify: 'NEVER', forwarded: 'Choir@acme.example' },
  ])
})

test('what the scan decided counts for them too', async () => {
  const { recipients } = withForwards(
    envelope([{ address: 'choir@acme.example', disposition: 'quarantine' }]),
    await directory(),
  )
  expect(recipients.map(one => one.disposition)).toEqual(['quarantine', 'quarantine', 'quarantine'])
})

test('drafts, notices, and what is for the backend alone are not sent on', async () => {
  const now = await directory()
  for (const more of [{ kind: 'stored' }, { kind: 'notice' }, { backendOnly: true }] as const) {
    const one = envelope([{ address: 'choir@acme.example' }], more)
    expect(withForwards(one, now)).toBe(one)
  }
})

test('setting them replaces those of before; an address of ours is refused', async () => {
  const code = (expected: string) => expect.objectContaining({ code: expected })
  await expect(setForwards(t.db, 'anna@acme.example', ['choir@acme.example'])).rejects.toThrow(
    code('forward-inside'),
  )
  await expect(setForwards(t.db, 'anna@acme.example', ['nobody'])).rejects.toThrow(code('bad-address'))
  await setForwards(t.db, 'anna@acme.example', ['one@outside.example'])
  await setForwards(t.db, 'anna@acme.example', ['two@outside.example', 'two@outside.example'])
  const [anna] = await listMailboxes(t.db)
  expect(anna?.forwards).toEqual(['two@outside.example'])
  await setForwards(t.db, 'anna@acme.example', [])
  expect((await directory()).forwardsOf('anna@acme.example')).toEqual([])
})
