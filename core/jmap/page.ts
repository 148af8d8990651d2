/** Which stretch of a query's results is wanted (RFC 8620 §5.5): by position or by anchor. */
import { MethodError } from './errors.ts'
import { MAX_QUERY } from './limits.ts'

export type Window = {
  position?: number | undefined
  anchor?: string | null | undefined
  anchorOffset?: number | undefined
  limit?: number | null | undefined
}

/** @throws MethodError anchorNotFound */
export function page(
  all: readonly string[],
  window: Window,
): { ids: string[]; position: number; limit?: number } {
  let position = startOf(window, all.length, anchor => all.indexOf(anchor))
  position = Math.min(position, all.length)
  const { limit, told } = limitOf(window)
  return {
    ids: all.slice(position, position + limit),
    // RFC 8620 §5.5: the index of the first result; 0 when there are none.
    position: position >= all.length ? 0 : position,
    ...(told && { limit }),
  }
}

/** @param indexOf where an id stands, or -1 */
export function startOf(window: Window, total: number, indexOf: (id: string) => number): number {
  if (window.anchor) {
    const index = indexOf(window.anchor)
    if (index < 0) throw new MethodError('anchorNotFound')
    return Math.max(0, index + (window.anchorOffset ?? 0))
  }
  const position = window.position ?? 0
  return position < 0 ? Math.max(0, total + position) : position
}

/** `told`: the server has set the limit, and must say so. */
export function limitOf(window: Window): { limit: number; told: boolean } {
  const asked = window.limit ?? Number.POSITIVE_INFINITY
  return { limit: Math.min(asked, MAX_QUERY), told: asked > MAX_QUERY }
}
