/** From a query's names to the filter that the rows understand. */
import type { DeliveryFilter } from '@restante/core/queue/overview-deliveries.ts'
import type { z } from 'zod'
import type { deliveryQuery } from './schemas.ts'

export function filterOf(query: z.output<typeof deliveryQuery>): DeliveryFilter {
  return {
    states: query.state,
    backend: query.backend,
    destination: query.destination,
    holdReason: query.hold,
    text: query.q,
  }
}
