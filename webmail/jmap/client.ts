/**
 * The browser's side of JMAP (RFC 8620 §3): method calls that are asked for in the same turn go out as one
 * request. A group of calls may refer to results of its earlier members (§3.7); groups know nothing of each
 * other, so that putting them together changes nothing.
 */
import type { Method, Results } from './types.ts'

type Arguments = Record<string, unknown>
export type Call<M extends Method = Method> = { name: M; arguments: Arguments }
type Invocation = [string, Arguments, string]
export type Post = (body: { using: string[]; methodCalls: Invocation[] }) => Promise<{
  methodResponses: Invocation[]
}>

/** A method that the server could not carry out (RFC 8620 §3.6.2). */
export class MethodError extends Error {
  override name = 'MethodError'
  readonly type: string
  constructor(type: string, description?: string) {
    super(description ? `${type}: ${description}` : type)
    this.type = type
  }
}

const USING = [
  'urn:ietf:params:jmap:core',
  'urn:ietf:params:jmap:mail',
  'urn:ietf:params:jmap:submission',
  'urn:restante:continuity',
]

declare const marked: unique symbol
/** A value that an earlier call of the same group will give. */
export type Reference = { [marked]: true; call: number; path: string }

/** Refers to the result of the group's call number `call` (from 0); `path` is a JSON pointer (§3.7). */
export function from(call: number, path: string): Reference {
  return { call, path } as Reference
}

export function call<M extends Method>(name: M, callArguments: Arguments): Call<M> {
  return { name, arguments: callArguments }
}

type Group = {
  calls: readonly Call[]
  resolve(results: unknown[]): void
  reject(error: unknown): void
}

export class JmapClient {
  #waiting: Group[] = []
  #post: Post
  #schedule: (work: () => void) => void
  #limit: number

  /**
   * @param post sends one request
   * @param schedule when to send what has gathered; default: the next turn of the event loop
   * @param limit calls in one request at most; a group is never torn apart
   */
  constructor(post: Post, schedule: (work: () => void) => void = work => setTimeout(work, 0), limit = 16) {
    this.#post = post
    this.#schedule = schedule
    this.#limit = limit
  }

  /** One call. @throws MethodError, or what `post` throws */
  async call<M extends Method>(name: M, callArguments: Arguments): Promise<Results[M]> {
    const [result] = await this.group(call(name, callArguments))
    return result
  }

  /** Calls that belong together; `'#ids': from(0, '/ids')` takes a value from an earlier one. */
  group<C extends readonly Call[]>(...calls: C): Promise<{ [K in keyof C]: Results[C[K]['name']] }> {
    return new Promise<unknown[]>((resolve, reject) => {
      this.#waiting.push({ calls, resolve, reject })
      if (this.#waiting.length === 1) this.#schedule(() => this.#send())
    }) as Promise<{ [K in keyof C]: Results[C[K]['name']] }>
  }

  #send(): void {
    const groups = this.#waiting
    this.#waiting = []
    let batch: Group[] = []
    let size = 0
    for (const group of groups) {
      if (batch.length > 0 && size + group.calls.length > this.#limit) {
        void this.#sendBatch(batch)
        batch = []
        size = 0
      }
      batch.push(group)
      size += group.calls.length
    }
    if (batch.length > 0) void this.#sendBatch(batch)
  }

  async #sendBatch(groups: Group[]): Promise<void> {
    const methodCalls = groups.flatMap((group, g) =>
      group.calls.map(
        (one, c): Invocation => [one.name, withReferences(one.arguments, g, group.calls), `${g}.${c}`],
      ),
    )
    try {
      const { methodResponses } = await this.#post({ using: USING, methodCalls })
      groups.forEach((group, g) => {
        settle(group, g, methodResponses)
      })
    } catch (error) {
      for (const group of groups) group.reject(error)
    }
  }
}

function settle(group: Group, g: number, responses: readonly Invocation[]): void {
  const results: unknown[] = []
  for (const [c, one] of group.calls.entries()) {
    // The first response with the call's id is its own; others are implied calls (RFC 8621 §7.5).
    const response = responses.find(([, , id]) => id === `${g}.${c}`)
    if (!response || response[0] === 'error') {
      const { type = 'serverFail', description } = (response?.[1] ?? {}) as Record<string, string>
      group.reject(new MethodError(type, description ?? one.name))
      return
    }
    results.push(response[1])
  }
  group.resolve(results)
}

function withReferences(given: Arguments, g: number, calls: readonly Call[]): Arguments {
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      if (!key.startsWith('#')) return [key, value]
      const reference = value as Reference
      return [
        key,
        { resultOf: `${g}.${reference.call}`, name: calls[reference.call]?.name, path: reference.path },
      ]
    }),
  )
}
