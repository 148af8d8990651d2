/**
 * Counts addresses outside that failed for good, before the failure is settled (core/queue/suppression.ts).
 * Its own fault keeps no message from being settled: an address is then on the list by its next failure.
 */
import { audit } from '@restante/core/access/audit.ts'
import type { Begun } from '@restante/core/queue/attempts.ts'
import { countFailure } from '@restante/core/queue/suppression.ts'
import type { Failure } from '../notify/failures.ts'
import type { Services } from '../services.ts'

export async function countFailures(
  { db, log }: Pick<Services, 'db' | 'log'>,
  begun: Pick<Begun, 'deliveryId' | 'organizationId' | 'backendId'>,
  failures: readonly Failure[],
  now: Date,
): Promise<void> {
  const { organizationId, deliveryId } = begun
  if (begun.backendId !== null || organizationId === null) return
  for (const { address, outcome } of failures) {
    try {
      const entry = await countFailure(db, organizationId, { address, outcome, deliveryId }, now)
      if (!entry) continue
      log.warn({ event: 'address.suppressed', organization: organizationId, failures: entry.failures })
      await audit(db, {
        organizationId,
        actor: 'gateway',
        action: 'address.suppress',
        target: entry.address,
        detail: { failures: entry.failures, until: entry.until.toISOString() },
      })
    } catch (error) {
      log.warn({ event: 'address.not-counted', error })
    }
  }
}
