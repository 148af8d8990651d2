/**
 * The example organization in the gateway's directory, made once, all or nothing; on later runs only the
 * addresses of its mail servers are brought up to date.
 */
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import type { Settings } from '@restante/core/config/settings.ts'
import type { Db } from '@restante/core/db/connection.ts'
import { sealList } from '@restante/core/directory/backends.ts'
import { addDomain } from '@restante/core/directory/domains.ts'
import { addMailbox } from '@restante/core/directory/mailboxes.ts'
import { addOrganization, setOrganization } from '@restante/core/directory/organizations.ts'
import { addPerson, setPerson } from '@restante/core/directory/people.ts'
import { change } from '@restante/core/directory/transaction.ts'
import { clara, domain, organization, people, shared } from './cast.ts'

/** @returns whether it was made now */
export async function seed(
  db: Db,
  settings: Pick<Settings, 'RESTANTE_DATA' | 'RESTANTE_SECRET'>,
  at: { backend: number; outside: number },
  password: { text: string; isNew: boolean },
): Promise<boolean> {
  const key = deriveKey(loadSecret(settings), 'stored-secrets')
  const backendUrl = `smtp://127.0.0.1:${at.backend}?tls=none`
  const smarthosts = [`smtp://127.0.0.1:${at.outside}?tls=none`]
  return await change(db, async tx => {
    const existing = await tx
      .selectFrom('domain')
      .select('backend_id')
      .where('name', '=', domain)
      .executeTakeFirst()
    if (existing) {
      await tx
        .updateTable('backend')
        .set({ hosts: sealList(key, [backendUrl]) })
        .where('id', '=', existing.backend_id)
        .execute()
      await setOrganization(tx, organization, { smarthosts }, key)
      // The old one is lost with demo.json. Setting it ends sessions, so not for nothing.
      if (password.isNew) await setPerson(tx, clara.address, { password: password.text })
      return false
    }
    await addOrganization(tx, { name: organization })
    await setOrganization(tx, organization, { smarthosts }, key)
    await addDomain(tx, { domain, organization, backends: [backendUrl] }, key)
    for (const person of people) await addPerson(tx, { ...person, password: password.text })
    await addMailbox(tx, { ...shared, shared: true })
    return true
  })
}
