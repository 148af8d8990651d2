/** DELETE /api/v1/channels/ID: nobody is told there any more. */
import { audit } from '@restante/core/access/audit.ts'
import { removeChannel } from '@restante/core/telling/channels.ts'
import { adminRoute, json } from '../../handler.ts'
import { problem } from '../../problem.ts'

export const dynamic = 'force-dynamic'

export const DELETE = adminRoute<{ id: string }>(async ({ params, person, scope, services: { db } }) => {
  const channel = await removeChannel(db, scope, params.id)
  if (!channel) return problem('not-found')
  await audit(db, {
    organizationId: channel.organizationId,
    actor: person.address,
    action: 'channel.remove',
    target: channel.id,
    detail: { kind: channel.kind, name: channel.name },
  })
  return json(channel)
})
