/**
 * POST /api/v1/quarantine/actions: release or delete what the scan holds, named by `ids` or meant by a `filter`;
 * or allow the senders of named ones, whose mail is not looked at for spam from then on. Ids of others are
 * as if there were none.
 */
import { audit } from '@restante/core/access/audit.ts'
import { DirectoryError } from '@restante/core/directory/errors.ts'
import { addListEntry } from '@restante/core/directory/lists.ts'
import { actOnQuarantine } from '@restante/core/ingest/quarantine.ts'
import { readQuarantined } from '@restante/core/queue/quarantine.ts'
import { adminRoute, type Call, json, readBody } from '../../handler.ts'
import { problem } from '../../problem.ts'
import { quarantineAction } from '../../schemas.ts'

export const POST = adminRoute(async call => {
  const { request, person, scope, services } = call
  const body = await readBody(quarantineAction, request)
  if (!body.ok) return body.refusal
  if (body.value.action === 'allow') return await allow(call, body.value.ids)
  const { db, spool, directory } = services
  const { action } = body.value
  const target = 'ids' in body.value ? body.value.ids : body.value.filter
  const result = await actOnQuarantine(
    {
      db,
      spool,
      directory: () => directory.current,
      now: () => new Date(),
      note: notes => spool.note(notes),
      audit: (tx, batch) =>
        audit(tx, {
          organizationId: batch.organizationId,
          actor: person.address,
          action: `quarantine.${action}`,
          detail: { deliveries: batch.ids },
        }),
    },
    scope,
    action,
    target,
  )
  if (result.matched === 0 && 'ids' in body.value) return problem('not-found')
  return json(result)
})

/** An entry for each sender, on the list of the organization that got its mail. */
async function allow(
  { person, scope, services: { db } }: Call<unknown>,
  ids: readonly string[],
): Promise<Response> {
  const senders = new Map<string, { organizationId: string; sender: string }>()
  for (const id of ids) {
    const item = await readQuarantined(db, scope, id)
    if (!item?.organizationId || !item.sender) continue
    const { organizationId, sender } = item
    senders.set(`${organizationId} ${sender.toLowerCase()}`, { organizationId, sender })
  }
  const allowed: string[] = []
  const known: string[] = []
  for (const { organizationId, sender } of senders.values()) {
    try {
      const { value } = await addListEntry(db, {
        organizationId,
        kind: 'allow',
        value: sender,
        comment: 'from the quarantine',
        createdBy: person.address,
      })
      allowed.push(value)
      await audit(db, {
        organizationId,
        actor: person.address,
        action: 'list.add',
        target: value,
        detail: { kind: 'allow' },
      })
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error
      known.push(sender)
    }
  }
  if (senders.size === 0) return problem('not-found')
  return json({ allowed, known })
}
