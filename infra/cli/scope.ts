/** `--org NAME` on commands that look at everything otherwise, and backends named by people. */
import type { Db } from '@restante/core/db/connection.ts'
import type { Row } from '@restante/core/db/schema.ts'
import { loadBackend } from '@restante/core/directory/backends.ts'
import { everything, isId, type Scope } from '@restante/core/queue/scope.ts'
import { Refusal } from './context.ts'

/** @throws Refusal when there is no such organization */
export async function scopeOption(db: Db, name: string | undefined): Promise<Scope> {
  if (name === undefined) return everything
  const row = await db
    .selectFrom('organization')
    .select('id')
    .where(isId(name) ? 'id' : 'name', '=', name)
    .executeTakeFirst()
  if (!row) throw new Refusal(`there is no organization ${JSON.stringify(name)}`)
  return { type: 'organization', id: row.id }
}

/**
 * The one backend that a text means: its id, its name, one of its domains, or host:port of one of its hosts.
 * @throws Refusal when there is none, or when several answer to that name
 */
export async function findBackend(db: Db, sealKey: Buffer, text: string): Promise<Row<'backend'>> {
  const all = await db.selectFrom('backend').selectAll().orderBy('name').execute()
  const domains = await db.selectFrom('domain').select(['name', 'backend_id']).execute()
  const wanted = text.toLowerCase()
  // In this order: an id is never a name, and a name that is also somebody's domain means the name.
  const ways: ((backend: Row<'backend'>) => boolean | Promise<boolean>)[] = [
    backend => backend.id === wanted,
    backend => backend.name.toLowerCase() === wanted,
    backend => domains.some(domain => domain.name === wanted && domain.backend_id === backend.id),
    async backend => {
      const { hosts } = await loadBackend(db, backend.id, sealKey)
      return hosts.some(
        host =>
          host.host === wanted ||
          `${host.host}:${host.port}` === wanted ||
          `${host.protocol}://${host.host}:${host.port}` === wanted,
      )
    },
  ]
  for (const answers of ways) {
    const found: Row<'backend'>[] = []
    for (const backend of all) if (await answers(backend)) found.push(backend)
    if (found.length === 1) return found[0]!
    if (found.length > 1) {
      throw new Refusal(
        `${text} means ${found.length} backends: ${found.map(backend => backend.id).join(', ')}`,
      )
    }
  }
  throw new Refusal(`there is no backend ${JSON.stringify(text)}; restante backend status lists them`)
}
