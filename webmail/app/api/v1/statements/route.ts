/** GET /api/v1/statements: the closing statements of the person's own mailboxes, newest first. */
import { readStatements } from '@restante/core/continuity/incidents.ts'
import { jmapRoute, json } from '../../../../server/jmap.ts'

export const dynamic = 'force-dynamic'

export const GET = jmapRoute(async ({ run }) => {
  const statements = await readStatements(
    run.context.db,
    run.accounts.map(account => account.id),
  )
  // Whose messages are wanted, opens the page.
  return json(statements.map(({ lines: _, ...statement }) => statement))
})
