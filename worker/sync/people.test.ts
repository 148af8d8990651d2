/** A real OpenLDAP whose turn it is: its people come by themselves, and its being away changes nothing. */
import { randomBytes } from 'node:crypto'
import { testDatabase } from '@restante/core/db/testing.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addOrganization } from '@restante/core/directory/organizations.ts'
import { listPeople } from '@restante/core/directory/people.ts'
import { checkLdap } from '@restante/core/directory/sync/ldap.ts'
import { findLdap, setLdap } from '@restante/core/directory/sync/sources.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { expect, test } from 'vitest'
import { LDAP_BASE, LDAP_PASSWORD, LDAP_READER, startSlapd } from '../../e2e/servers/slapd.ts'
import { certificate } from '../testing/certificate.ts'
import { until } from '../testing/gateway.ts'
import { startPeopleSync } from './people.ts'

test('people come when it is their turn, and stay when the server is away', { timeout: 60_000 }, async () => {
  const slapd = await startSlapd({ certificate, people: [{ cn: 'Anna', mail: 'anna@example.test' }] })
  const { db, close } = await testDatabase()
  const sealKey = randomBytes(32)
  try {
    await addOrganization(db, { name: 'Example' })
    const backends = ['smtp://127.0.0.1']
    await addDomain(db, { domain: 'example.test', organization: 'Example', backends }, sealKey)
    const settings = checkLdap({
      url: `ldaps://127.0.0.1:${slapd.securePort}`,
      ca: certificate.cert,
      base: LDAP_BASE,
      bindDn: LDAP_READER,
      password: LDAP_PASSWORD,
    })
    await setLdap(db, 'Example', { settings }, sealKey)
    const sync = startPeopleSync({ db, sealKey, log: silentLog })
    const last = async () => (await findLdap(db, sealKey, 'Example')).lastResult
    await until('it was read', last)
    const names = async () => (await listPeople(db)).map(person => person.address)
    expect(await names()).toEqual(['anna@example.test'])
    const audited = await until('it is audited', () =>
      db.selectFrom('audit').selectAll().where('action', '=', 'people.sync').executeTakeFirst(),
    )
    expect(audited).toMatchObject({ actor: 'ldap', detail: { added: 1, changed: 0, removed: 0 } })

    await slapd.stop()
    await db.updateTable('people_source').set({ next_at: new Date() }).execute()
    sync.nudge()
    await until('it failed', async () => (await last())?.type === 'failed')
    expect(await names()).toEqual(['anna@example.test'])
    await sync.close()
  } finally {
    await close()
    await slapd.remove()
  }
})
