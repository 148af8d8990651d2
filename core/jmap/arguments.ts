/**
 * Arguments of methods, checked before anything is done with them (RFC 8620 §1.2–1.4).
 */
import { z } from 'zod'
import { MethodError } from './errors.ts'

export type Arguments = Record<string, unknown>

/** Our own ids are UUIDs; anything else is an id of nothing. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Whether a database may be asked for it. */
export function isUuid(id: unknown): id is string {
  return typeof id === 'string' && UUID.test(id)
}

export const id = z.string().regex(/^#?[A-Za-z0-9_-]{1,255}$/)
export const unsignedInt = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
export const int = z.number().int()
export const utcDate = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/)
  .refine(text => !Number.isNaN(Date.parse(text)))
export const patches = z.record(z.string(), z.record(z.string(), z.unknown()))

/** @throws MethodError invalidArguments that says which */
export function read<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const result = schema.safeParse(given)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new MethodError('invalidArguments', `${issue?.path.join('/') || 'arguments'}: ${issue?.message}`)
}

export const getArguments = z.object({
  accountId: z.string(),
  ids: z.array(z.string()).nullish(),
  properties: z.array(z.string()).nullish(),
})

export const changesArguments = z.object({
  accountId: z.string(),
  sinceState: z.string(),
  maxChanges: z.number().int().positive().nullish(),
})

export const setArguments = z.object({
  accountId: z.string(),
  ifInState: z.string().nullish(),
  create: patches.nullish(),
  update: patches.nullish(),
  destroy: z.array(z.string()).nullish(),
})

export const queryArguments = z.object({
  accountId: z.string(),
  filter: z.record(z.string(), z.unknown()).nullish(),
  sort: z
    .array(
      z
        .object({
          property: z.string(),
          isAscending: z.boolean().optional(),
          collation: z.string().optional(),
        })
        .passthrough(),
    )
    .nullish(),
  position: int.optional(),
  anchor: z.string().nullish(),
  anchorOffset: int.optional(),
  limit: unsignedInt.nullish(),
  calculateTotal: z.boolean().optional(),
})

export const queryChangesArguments = z.object({
  accountId: z.string(),
  filter: z.record(z.string(), z.unknown()).nullish(),
  sort: queryArguments.shape.sort,
  sinceQueryState: z.string(),
  maxChanges: z.number().int().positive().nullish(),
  upToId: z.string().nullish(),
  calculateTotal: z.boolean().optional(),
})

/** The properties that were asked for and are known; all when none are named. */
export function properties(
  asked: readonly string[] | null | undefined,
  known: readonly string[],
): Set<string> {
  if (!asked) return new Set(known)
  for (const name of asked) {
    if (!known.includes(name)) throw new MethodError('invalidArguments', `properties: ${name.slice(0, 100)}`)
  }
  return new Set(['id', ...asked])
}

export function pick(object: Record<string, unknown>, wanted: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([key]) => wanted.has(key)))
}
