/** GET /api/v1/domains: the domains, how their recipients are known, and what their mail servers are told. */
import { listDomainSettings } from '@restante/core/directory/domain-settings.ts'
import { adminRoute, json } from '../handler.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute(async ({ scope, services: { db, sealKey } }) => {
  const items = await listDomainSettings(db, sealKey, scope.type === 'all' ? undefined : scope.id)
  return json({ items })
})
