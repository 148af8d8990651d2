/** What somebody sees and sets of their own filter, against a real database. */
import { testDatabase } from '@restante/core/db/testing.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addListEntry } from '@restante/core/directory/lists.ts'
import { addMailbox } from '@restante/core/directory/mailboxes.ts'
import { addOrganization, setOrganization } from '@restante/core/directory/organizations.ts'
import { addPerson, setPerson } from '@restante/core/directory/people.ts'
import { expect, onTestFinished, test } from 'vitest'
import { ownFilter, ownMailbox } from './own.ts'

test('one’s own mailbox alone, never a shared one or somebody else’s', async () => {
  const { db, close } = await testDatabase()
  onTestFinished(close)
  const organization = await addOrganization(db, { name: 'Bakery' })
  await addDomain(
    db,
    { domain: 'bakery.example', organization: 'Bakery', backends: ['smtp://mx.bakery.example'] },
    Buffer.alloc(32),
  )
  const ann = await addPerson(db, { address: 'ann@bakery.example' })
  const ben = await addPerson(db, { address: 'ben@bakery.example' })
  const shop = await addMailbox(db, { address: 'shop@bakery.example', shared: true, members: [ann.address] })
  const operator = await addPerson(db, { address: 'root@elsewhere.example', role: 'operator' })
  expect(await ownMailbox(db, operator)).toBeUndefined()
  const own = await ownMailbox(db, ann)
  expect(own).toEqual({ id: ann.mailboxId, organizationId: organization.id })

  const entry = { organizationId: organization.id, kind: 'block' as const, createdBy: 'cli' }
  await addListEntry(db, { ...entry, value: 'for.everybody.example' })
  await addListEntry(db, { ...entry, mailboxId: ben.mailboxId, value: 'for.ben.example' })
  await addListEntry(db, { ...entry, mailboxId: shop.id, value: 'for.the.shop.example' })
  await addListEntry(db, { ...entry, mailboxId: ann.mailboxId, value: 'for.ann.example' })
  const before = await ownFilter(db, ann, own!)
  expect(before.entries.map(one => one.value)).toEqual(['for.ann.example'])
  expect(before).toMatchObject({ digest: null, organizationDigest: 'off' })

  await setOrganization(db, 'Bakery', { digest: 'daily' }, Buffer.alloc(32))
  await setPerson(db, ann.address, { digest: 'off' })
  expect(await ownFilter(db, ann, own!)).toMatchObject({ digest: 'off', organizationDigest: 'daily' })
})
