/** The times that "send later" offers, in the zone of the writer's machine. */

export type Choice = 'afternoon' | 'tomorrow' | 'monday'

/** Hours of the day. */
const AFTERNOON = { before: 14, at: 16 }
const MORNING = 8
const MONDAY = 1
/** How far ahead the server takes a message, in ms; a day less, for clocks that differ. */
const FURTHEST = 365 * 86_400_000

/** Those that make sense now, the nearest first. */
export function choicesAt(now: Date): { choice: Choice; at: Date }[] {
  const on = (days: number, hour: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour)
  const untilMonday = (MONDAY + 7 - now.getDay()) % 7 || 7
  return [
    ...(now.getHours() < AFTERNOON.before ? [{ choice: 'afternoon', at: on(0, AFTERNOON.at) } as const] : []),
    { choice: 'tomorrow', at: on(1, MORNING) },
    // On a Sunday that is tomorrow.
    ...(untilMonday > 1 ? [{ choice: 'monday', at: on(untilMonday, MORNING) } as const] : []),
  ]
}

/** As a field of the kind `datetime-local` has it: local time, to the minute. */
export function toField(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`
}

/** null: it is no time, it has passed, or it is too far off. */
export function fromField(text: string, now: Date): Date | null {
  const at = new Date(text)
  const ahead = at.getTime() - now.getTime()
  return ahead > 0 && ahead < FURTHEST ? at : null
}
