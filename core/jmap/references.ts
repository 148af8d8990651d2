/**
 * Back-references: arguments taken from the result of an earlier call (RFC 8620 §3.7), and creation ids that
 * stand for objects made earlier in the request (§5.3).
 */
import type { Arguments } from './arguments.ts'
import { MethodError } from './errors.ts'

export type Invocation = [name: string, arguments: Record<string, unknown>, callId: string]

/** @throws MethodError invalidResultReference, or invalidArguments when an argument is given both ways */
export function resolveReferences(given: Arguments, responses: readonly Invocation[]): Arguments {
  const resolved: Arguments = {}
  for (const [key, value] of Object.entries(given)) {
    if (!key.startsWith('#')) {
      resolved[key] = value
      continue
    }
    const name = key.slice(1)
    if (Object.hasOwn(given, name)) throw new MethodError('invalidArguments', `${name} is given twice`)
    resolved[name] = resolve(value, responses)
  }
  return resolved
}

function resolve(reference: unknown, responses: readonly Invocation[]): unknown {
  const { resultOf, name, path } = (reference ?? {}) as Record<string, unknown>
  if (typeof resultOf !== 'string' || typeof name !== 'string' || typeof path !== 'string') {
    throw new MethodError('invalidResultReference')
  }
  const response = responses.find(([, , callId]) => callId === resultOf)
  if (response?.[0] !== name) throw new MethodError('invalidResultReference')
  if (path !== '' && !path.startsWith('/')) throw new MethodError('invalidResultReference')
  const tokens = path === '' ? [] : path.slice(1).split('/')
  return evaluate(
    response[1],
    tokens.map(token => token.replaceAll('~1', '/').replaceAll('~0', '~')),
  )
}

/** A JSON pointer (RFC 6901) in which `*` goes through all items of an array, flattening one level. */
function evaluate(value: unknown, tokens: readonly string[]): unknown {
  const [token, ...rest] = tokens
  if (token === undefined) return value
  if (Array.isArray(value)) {
    if (token === '*') {
      return value.flatMap(item => {
        const found = evaluate(item, rest)
        return Array.isArray(found) ? found : [found]
      })
    }
    if (/^(0|[1-9]\d*)$/.test(token) && Number(token) < value.length) {
      return evaluate(value[Number(token)], rest)
    }
  } else if (typeof value === 'object' && value !== null && Object.hasOwn(value, token)) {
    return evaluate((value as Record<string, unknown>)[token], rest)
  }
  throw new MethodError('invalidResultReference')
}

/** `#name` → the id it became; other ids as they are; null for a name that nothing was created under. */
export function createdId(id: string, created: ReadonlyMap<string, string>): string | null {
  return id.startsWith('#') ? (created.get(id.slice(1)) ?? null) : id
}
