/** How the mail server behind each of the person's mailboxes is: what the banner says. */
import { accountContinuity } from '@restante/core/jmap/continuity.ts'
import { jmapRoute, json } from '../../../../server/jmap.ts'

export const dynamic = 'force-dynamic'

export const GET = jmapRoute(async ({ run }) =>
  json(
    await accountContinuity(
      run.context.db,
      run.accounts.map(account => account.id),
      new Date(),
    ),
  ),
)
