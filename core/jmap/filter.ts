/** Filters of RFC 8620 §5.5: conditions under AND, OR and NOT. Read here once, for every type that has a query. */
import { MethodError } from './errors.ts'

export type Filter = Record<string, unknown> | null | undefined

const MAX_DEPTH = 10
const MAX_CONDITIONS = 100

/** How a type puts its conditions together. */
export type Algebra<T> = {
  condition(key: string, value: unknown): T
  all(parts: readonly T[]): T
  any(parts: readonly T[]): T
  not(part: T): T
}

/** @throws MethodError unsupportedFilter when it goes too far, invalidArguments */
export function readFilter<T>(filter: Filter, algebra: Algebra<T>): T {
  let conditions = 0
  function read(given: unknown, depth: number): T {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      throw new MethodError('invalidArguments', 'filter')
    }
    if (depth > MAX_DEPTH || ++conditions > MAX_CONDITIONS) {
      throw new MethodError('unsupportedFilter', 'too deep')
    }
    const node = given as Record<string, unknown>
    if (!('operator' in node)) {
      return algebra.all(Object.entries(node).map(([key, value]) => algebra.condition(key, value)))
    }
    if (!Array.isArray(node.conditions)) throw new MethodError('invalidArguments', 'filter/conditions')
    const parts = node.conditions.map(part => read(part, depth + 1))
    switch (node.operator) {
      case 'AND':
        return algebra.all(parts)
      case 'OR':
        return algebra.any(parts)
      case 'NOT':
        return algebra.not(algebra.any(parts))
      default:
        throw new MethodError('invalidArguments', 'filter/operator')
    }
  }
  return filter ? read(filter, 0) : algebra.all([])
}

/** For what is small enough to be filtered here: a test of one object. */
export function matcher<T>(
  filter: Filter,
  condition: (key: string, value: unknown) => (object: T) => boolean,
): (object: T) => boolean {
  return readFilter<(object: T) => boolean>(filter, {
    condition,
    all: parts => object => parts.every(part => part(object)),
    any: parts => object => parts.some(part => part(object)),
    not: part => object => !part(object),
  })
}
