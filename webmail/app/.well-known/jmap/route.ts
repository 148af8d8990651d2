/** Where a JMAP client begins (RFC 8620 §2.2). */
import { sessionObject } from '@restante/core/jmap/session.ts'
import { jmapRoute, json } from '../../../server/jmap.ts'

export const dynamic = 'force-dynamic'

export const GET = jmapRoute(async ({ run, services }) =>
  json(sessionObject(run.context.person, run.accounts, services.settings.PUBLIC_URL)),
)
