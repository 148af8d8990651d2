/** What the API takes, as schemas: requests are checked by them and openapi.json is made from them. */
import { ACTIONS } from '@restante/core/queue/actions.ts'
import { SORTS, STATES } from '@restante/core/queue/overview-deliveries.ts'
import { z } from 'zod'

const state = z.enum(STATES)
/** `held,deferred` in a query string. */
const stateList = z
  .string()
  .max(100)
  .transform(text => text.split(','))
  .pipe(z.array(state))

const text = z.string().max(200)
const backend = z.union([z.uuid(), z.literal('outbound')])
const holdReason = z.enum(['backend', 'admin', 'guard'])

/** Query of the list of deliveries. */
export const deliveryQuery = z.object({
  state: stateList.optional(),
  backend: backend.optional(),
  destination: z.string().max(255).toLowerCase().optional(),
  hold: holdReason.optional(),
  q: text.optional(),
  sort: z.enum(SORTS).optional(),
  cursor: z.string().max(1000).optional(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
})

/** The same filter in a body. */
export const deliveryFilter = z.strictObject({
  states: z.array(state).max(STATES.length).optional(),
  backend: backend.optional(),
  destination: z.string().max(255).toLowerCase().optional(),
  holdReason: holdReason.optional(),
  text: text.optional(),
})

export const deliveryAction = z.union([
  z.strictObject({ action: z.enum(ACTIONS), ids: z.array(z.uuid()).min(1).max(1000) }),
  z.strictObject({ action: z.enum(ACTIONS), filter: deliveryFilter }),
])

export const backendOverride = z.strictObject({
  /** `auto` takes the override back. */
  to: z.enum(['up', 'down', 'auto']),
  reason: z.string().trim().max(500).optional(),
  /** How long, in minutes; without: until it is taken back. */
  minutes: z.number().int().min(1).max(43_200).optional(),
})

export const demoAction = z.strictObject({ action: z.enum(['start', 'stop']) })
