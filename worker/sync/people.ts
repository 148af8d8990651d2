/**
 * Brings people from their organizations' LDAP servers, each at its own pace. One server at a time: a slow one
 * delays the others a little and nothing else. Killed in the middle: nothing was changed, its next turn comes.
 */
import { audit } from '@restante/core/access/audit.ts'
import { type LdapSource, syncLdap, takeDue } from '@restante/core/directory/sync/sources.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import { type Loop, loop } from '../loop.ts'
import type { Services } from '../services.ts'

const EVERY = 30_000

const syncs = counter('people_sync_total', 'Readings of LDAP servers, by result.', ['result'])

export function startPeopleSync(services: Pick<Services, 'db' | 'log' | 'sealKey'>): Loop {
  const { db, sealKey, log } = services
  return loop('people-sync', EVERY, log, async () => {
    for (const source of await takeDue(db, sealKey, new Date())) await syncOne(services, source)
  })
}

async function syncOne({ db, log }: Pick<Services, 'db' | 'log'>, source: LdapSource): Promise<void> {
  const { organizationId } = source
  const found = await syncLdap(db, source, {})
  if (found.type === 'failed') {
    syncs.inc({ result: 'failed' })
    log.warn({ event: 'people.sync-failed', organizationId, reason: found.reason })
    return
  }
  const { added, changed, removed, setAside, problems } = found.result
  syncs.inc({ result: setAside ? 'set-aside' : 'done' })
  const counts = { added: added.length, changed: changed.length, removed: removed.length }
  const aside = setAside && { setAside: setAside.addresses.length, reason: setAside.reason }
  const line = { event: 'people.synced', organizationId, ...counts, problems: problems.length, ...aside }
  if (setAside) log.warn(line)
  else log.info(line)
  if (added.length + changed.length + removed.length === 0) return
  await audit(db, {
    organizationId,
    actor: 'ldap',
    action: 'people.sync',
    target: source.settings.url,
    detail: { ...counts, ...(removed.length > 0 && { removedAddresses: removed.slice(0, 100) }) },
  })
}
