/** GET, POST /api/v1/channels: where admins are told of what happens. */
import { audit } from '@restante/core/access/audit.ts'
import { findOrganization } from '@restante/core/directory/organizations.ts'
import { addChannel, listChannels } from '@restante/core/telling/channels.ts'
import { adminRoute, json, readBody } from '../handler.ts'
import { problem } from '../problem.ts'
import { newChannel } from '../schemas.ts'
import { tellingProblem } from '../telling-problem.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute(async ({ scope, services: { db } }) =>
  json({ items: await listChannels(db, scope) }),
)

export const POST = adminRoute(async ({ request, person, scope, services: { db, sealKey } }) => {
  const body = await readBody(newChannel, request)
  if (!body.ok) return body.refusal
  const { organization, ...wanted } = body.value
  if (organization && scope.type !== 'all')
    return problem('bad-request', 'your own organization needs no name')
  try {
    const organizationId =
      scope.type === 'organization'
        ? scope.id
        : organization
          ? (await findOrganization(db, organization)).id
          : null
    const channel = await addChannel(
      db,
      { ...wanted, organizationId, locale: wanted.locale ?? person.locale, by: person.address },
      sealKey,
      new Date(),
    )
    await audit(db, {
      organizationId,
      actor: person.address,
      action: 'channel.add',
      target: channel.id,
      detail: { kind: channel.kind, name: channel.name, stage: channel.stage },
    })
    return json(channel)
  } catch (error) {
    return tellingProblem(error)
  }
})
