/**
 * When a message is to go out: the FUTURERELEASE parameters (RFC 4865 §4) that a client gives with the envelope's
 * mailFrom (RFC 8621 §7). Pure.
 */
import { invalidProperties } from './errors.ts'
import { SUBMISSION_LIMITS } from './limits.ts'

/**
 * @returns null: at once, also for a time that has passed
 * @throws ObjectError invalidProperties for both of them, for what is no time, and beyond maxDelayedSend
 */
export function heldUntil(parameters: Record<string, unknown> | null | undefined, now: Date): Date | null {
  const given = new Map(Object.entries(parameters ?? {}).map(([name, value]) => [name.toUpperCase(), value]))
  const [seconds, time] = [given.get('HOLDFOR'), given.get('HOLDUNTIL')]
  const wrong = () => invalidProperties(['envelope'], 'HOLDFOR or HOLDUNTIL, within maxDelayedSend')
  if (seconds === undefined && time === undefined) return null
  if (seconds !== undefined && time !== undefined) throw wrong()
  const at =
    seconds === undefined
      ? typeof time === 'string' && /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/i.test(time)
        ? Date.parse(time)
        : Number.NaN
      : typeof seconds === 'string' && /^\d{1,9}$/.test(seconds)
        ? now.getTime() + Number(seconds) * 1_000
        : Number.NaN
  if (Number.isNaN(at) || at > now.getTime() + SUBMISSION_LIMITS.maxDelayedSend * 1_000) throw wrong()
  return at > now.getTime() ? new Date(at) : null
}
