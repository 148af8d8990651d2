/** /api/v1/domains/DOMAIN/scan: what a domain wants of the scan. GET shows it, PATCH changes some of it. */
import { audit } from '@restante/core/access/audit.ts'
import type { Db } from '@restante/core/db/connection.ts'
import { domainScan, setDomainScan } from '@restante/core/directory/domain-scan.ts'
import { findDomain } from '@restante/core/directory/domains.ts'
import { DirectoryError } from '@restante/core/directory/errors.ts'
import type { Scope } from '@restante/core/queue/scope.ts'
import { adminRoute, json, readBody } from '../../../handler.ts'
import { problem } from '../../../problem.ts'
import { domainScanChanges } from '../../../schemas.ts'

export const dynamic = 'force-dynamic'

/** Another organization's domain is none. */
async function domainInScope(db: Db, scope: Scope, text: string) {
  try {
    const found = await findDomain(db, text)
    return scope.type === 'all' || scope.id === found.organization_id ? found : null
  } catch (error) {
    if (error instanceof DirectoryError) return null
    throw error
  }
}

export const GET = adminRoute<{ domain: string }>(async ({ params, scope, services: { db } }) => {
  const found = await domainInScope(db, scope, params.domain)
  return found ? json(await domainScan(db, found.name)) : problem('not-found')
})

export const PATCH = adminRoute<{ domain: string }>(
  async ({ request, params, person, scope, services: { db } }) => {
    const found = await domainInScope(db, scope, params.domain)
    if (!found) return problem('not-found')
    const body = await readBody(domainScanChanges, request)
    if (!body.ok) return body.refusal
    try {
      const changed = await db.transaction().execute(async tx => {
        const scan = await setDomainScan(tx, found.name, body.value)
        await audit(tx, {
          organizationId: found.organization_id,
          actor: person.address,
          action: 'domain.scan',
          target: found.name,
          detail: body.value,
        })
        return scan
      })
      return json(changed)
    } catch (error) {
      if (error instanceof DirectoryError) return problem('bad-request', error.message)
      throw error
    }
  },
)
