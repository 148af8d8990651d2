/** An action on deliveries from the command line: as the operator of the machine, with notes and audit. */
import { audit } from '@restante/core/access/audit.ts'
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import {
  type Action,
  type ActionResult,
  actOnDeliveries,
  rerouteDeliveries,
} from '@restante/core/queue/actions.ts'
import type { DeliveryFilter } from '@restante/core/queue/overview-deliveries.ts'
import { storedWay, type WayOut } from '@restante/core/queue/reroute.ts'
import type { Scope } from '@restante/core/queue/scope.ts'
import { openSpool } from '@restante/core/spool/open.ts'
import type { Spool } from '@restante/core/spool/types.ts'
import type { Context } from './context.ts'

/** Moves deliveries to another way out. */
export async function rerouteThem(
  { db, sealKey }: Context,
  way: WayOut,
  scope: Scope,
  target: readonly string[] | DeliveryFilter,
): Promise<ActionResult> {
  const stored = storedWay(way, sealKey, false)
  const result = await rerouteDeliveries(db, scope, target, stored, new Date())
  await audit(db, {
    actor: 'cli',
    organizationId: scope.type === 'organization' ? scope.id : null,
    action: 'delivery.reroute',
    detail: { target, to: stored.name ?? 'usual', matched: result.matched, changed: result.changed },
  })
  return result
}

export async function act(
  { db, settings }: Context,
  action: Action,
  scope: Scope,
  target: readonly string[] | DeliveryFilter,
): Promise<ActionResult> {
  let spool: Spool | undefined
  try {
    const result = await actOnDeliveries(db, scope, action, target, {
      now: new Date(),
      async note(notes) {
        // Only a cancellation writes any; other actions need no spool.
        spool ??= await openSpool({
          url: settings.SPOOL_URL,
          secretKey: deriveKey(loadSecret(settings), 'spool'),
          encrypt: settings.SPOOL_ENCRYPT === 'on',
          writer: 'cli',
          log: silentLog,
        })
        await spool.note(notes)
      },
    })
    await audit(db, {
      actor: 'cli',
      organizationId: scope.type === 'organization' ? scope.id : null,
      action: `delivery.${action}`,
      detail: { target, matched: result.matched, changed: result.changed },
    })
    return result
  } finally {
    await spool?.close()
  }
}
