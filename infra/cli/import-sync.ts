/**
 * A file of people as the whole truth about them, read again and again. One fault, and nothing is changed.
 *
 * Whoever came by an earlier file is remembered, so that only they can be found missing; who was added by hand
 * or by LDAP is not touched. A password of the file is for who is new: it never replaces a person's own.
 */
import { audit } from '@restante/core/access/audit.ts'
import type { Db } from '@restante/core/db/connection.ts'
import { domainOf, normalizeAddress } from '@restante/core/directory/addresses.ts'
import { ROLES } from '@restante/core/directory/people.ts'
import { organizationsOf, type SyncResult, syncPeople } from '@restante/core/directory/sync/apply.ts'
import type { Problem, Wanted } from '@restante/core/directory/sync/plan.ts'
import { csvSource } from '@restante/core/directory/sync/sources.ts'
import type { Result } from './context.ts'
import type { ImportError, PersonLine } from './import-file.ts'
import { syncText } from './sync-text.ts'

export type SyncWords = { sync?: boolean; removeMissing?: boolean; dryRun?: boolean }

export async function syncFile(
  db: Db,
  file: string,
  people: readonly PersonLine[],
  errors: readonly ImportError[],
  options: SyncWords,
): Promise<Result> {
  const problems: Problem[] = [...errors]
  const byOrganization = await sorted(db, people, problems)
  // All of them are tried first: with one fault in one organization, nothing is changed in any.
  const all = async (dryRun: boolean) => {
    const results: SyncResult[] = []
    for (const [organizationId, wanted] of byOrganization) {
      results.push(
        await syncPeople(db, {
          sourceId: await csvSource(db, organizationId),
          organizationId,
          wanted,
          complete: true,
          removals: options.removeMissing ? 'all' : 'none',
          mostVanished: 1,
          strict: true,
          dryRun,
        }),
      )
    }
    return together(results, problems)
  }
  const tried = await all(true)
  if (tried.problems.length > 0) {
    const faults = tried.problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
    process.stderr.write(
      `${file}: ${faults.length} ${faults.length === 1 ? 'error' : 'errors'}, nothing was changed\n`,
    )
    process.exitCode = 1
    return {
      data: { ...tried, problems: faults },
      text: faults
        .map(one => `${one.line === undefined ? '' : `line ${one.line}: `}${one.message}`)
        .join('\n'),
    }
  }
  const result = options.dryRun ? tried : await all(false)
  if (result.done) {
    for (const organizationId of byOrganization.keys()) {
      await audit(db, {
        organizationId,
        actor: 'cli',
        action: 'people.sync',
        detail: {
          added: result.added.length,
          changed: result.changed.length,
          removed: result.removed.length,
        },
      })
    }
  }
  return { data: result, text: syncText(result, 'the same with --remove-missing') }
}

/** Whose people they are, by their domains; what can't be told is a fault of its line. */
async function sorted(
  db: Db,
  people: readonly PersonLine[],
  problems: Problem[],
): Promise<Map<string, Wanted[]>> {
  const organizations = await organizationsOf(
    db,
    people.flatMap(one => [one.address, ...(one.aliases ?? [])]),
  )
  const found = new Map<string, Wanted[]>()
  for (const { line, address, aliases, ...person } of people) {
    const key = normalizeAddress(address)
    const organizationId = key === null ? undefined : organizations.get(domainOf(key))
    const fault =
      key === null
        ? { code: 'bad-address', message: `${JSON.stringify(address)} is not an e-mail address` }
        : organizationId === undefined
          ? {
              code: 'unknown-domain',
              message: `domain ${domainOf(key)} is not known: add it with domain add`,
            }
          : person.role === 'operator' || (person.role && !ROLES.includes(person.role))
            ? { code: 'bad-role', message: `role ${person.role} can not come from a file: use user or admin` }
            : null
    if (fault) problems.push({ line, address, ...fault })
    if (fault || key === null || organizationId === undefined) continue
    const wanted: Wanted = { ...person, key, addresses: [key, ...(aliases ?? [])], kind: 'personal', line }
    for (const alias of aliases ?? []) {
      if (organizations.get(domainOf(alias)) === organizationId || normalizeAddress(alias) === null) continue
      const message = `the alias ${alias} is of no domain of the same organization`
      problems.push({ line, address, code: 'unknown-domain', message })
    }
    const list = found.get(organizationId)
    if (list) list.push(wanted)
    else found.set(organizationId, [wanted])
  }
  return found
}

function together(results: readonly SyncResult[], problems: readonly Problem[]): SyncResult {
  const aside = results.flatMap(one => one.setAside?.addresses ?? [])
  const reason = results.find(one => one.setAside)?.setAside?.reason
  return {
    added: results.flatMap(one => one.added),
    changed: results.flatMap(one => one.changed),
    removed: results.flatMap(one => one.removed),
    unchanged: results.reduce((sum, one) => sum + one.unchanged, 0),
    elsewhere: results.reduce((sum, one) => sum + one.elsewhere, 0),
    setAside: reason ? { reason, addresses: aside } : null,
    problems: [...problems, ...results.flatMap(one => one.problems)],
    done: results.length > 0 && results.every(one => one.done),
  }
}
