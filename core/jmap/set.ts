/** What every /set answers (RFC 8620 §5.3). */
import { MethodError, ObjectError, type SetError } from './errors.ts'
import { CORE_LIMITS } from './limits.ts'

export class SetResult {
  created: Record<string, Record<string, unknown>> = {}
  updated: Record<string, Record<string, unknown> | null> = {}
  destroyed: string[] = []
  notCreated: Record<string, SetError> = {}
  notUpdated: Record<string, SetError> = {}
  notDestroyed: Record<string, SetError> = {}

  answer(accountId: string, oldState: string | null, newState: string): Record<string, unknown> {
    const some = <T extends object>(value: T) => (Object.keys(value).length > 0 ? value : null)
    return {
      accountId,
      oldState,
      newState,
      created: some(this.created),
      updated: some(this.updated),
      destroyed: this.destroyed.length > 0 ? this.destroyed : null,
      notCreated: some(this.notCreated),
      notUpdated: some(this.notUpdated),
      notDestroyed: some(this.notDestroyed),
    }
  }
}

/** @throws what is no refusal of this one object */
export function setError(error: unknown): SetError {
  if (error instanceof ObjectError) return error.error
  // Arguments inside of one object concern only that object.
  if (error instanceof MethodError && error.type === 'invalidArguments') {
    return { type: 'invalidProperties', description: error.message }
  }
  throw error
}

/** @throws MethodError requestTooLarge */
export function checkSize(set: {
  create?: object | null | undefined
  update?: object | null | undefined
  destroy?: readonly string[] | null | undefined
}): void {
  const objects =
    Object.keys(set.create ?? {}).length + Object.keys(set.update ?? {}).length + (set.destroy?.length ?? 0)
  if (objects > CORE_LIMITS.maxObjectsInSet) throw new MethodError('requestTooLarge')
}
