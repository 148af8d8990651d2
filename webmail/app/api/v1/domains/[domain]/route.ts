/** /api/v1/domains/DOMAIN: how its recipients are known, what its mail server is told. GET shows, PATCH changes. */
import { audit } from '@restante/core/access/audit.ts'
import { setClientSettings } from '@restante/core/directory/client-settings.ts'
import { listDomainSettings, setDomainClient } from '@restante/core/directory/domain-settings.ts'
import { setDomainRecipients } from '@restante/core/directory/domains.ts'
import { DirectoryError } from '@restante/core/directory/errors.ts'
import { adminRoute, type Call, json, readBody } from '../../handler.ts'
import { problem } from '../../problem.ts'
import { domainChanges } from '../../schemas.ts'

export const dynamic = 'force-dynamic'

/** Another organization's domain is none. */
async function one({ params, scope, services: { db, sealKey } }: Call<{ domain: string }>) {
  const all = await listDomainSettings(db, sealKey, scope.type === 'all' ? undefined : scope.id)
  return all.find(domain => domain.name === params.domain.toLowerCase())
}

export const GET = adminRoute<{ domain: string }>(async call => {
  const found = await one(call)
  return found ? json(found) : problem('not-found')
})

export const PATCH = adminRoute<{ domain: string }>(async call => {
  const found = await one(call)
  if (!found) return problem('not-found')
  const body = await readBody(domainChanges, call.request)
  if (!body.ok) return body.refusal
  const { client, programs, ...recipients } = body.value
  const { db, sealKey } = call.services
  try {
    await db.transaction().execute(async tx => {
      await setDomainRecipients(tx, found.name, recipients)
      if (programs) await setClientSettings(tx, found.name, programs)
      const changedFor = client ? await setDomainClient(tx, found.name, client, sealKey) : undefined
      const { organization_id: organizationId } = await tx
        .selectFrom('domain')
        .select('organization_id')
        .where('name', '=', found.name)
        .executeTakeFirstOrThrow()
      await audit(tx, {
        organizationId,
        actor: call.person.address,
        action: 'domain.set',
        target: found.name,
        detail: { ...body.value, ...(changedFor && { backendChangedFor: changedFor }) },
      })
    })
  } catch (error) {
    if (error instanceof DirectoryError) return problem('bad-request', error.message)
    throw error
  }
  return json(await one(call))
})
