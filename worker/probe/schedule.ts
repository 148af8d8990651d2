/**
 * When a backend is asked next. Pure.
 *
 * Well: every 30 s, unless deliveries went through meanwhile; at once when a delivery has been under way for five
 * seconds, for the time that a silent server is given there is minutes. After a first failure once more within a
 * second (a connection that was cut says little), then at three, six and ten seconds, when the run of failures is long
 * enough to count, and every ten seconds while it is down. Traffic or not, a killed backend is called down within
 * 15 s of the first failure.
 */
import { HYSTERESIS, type Machine } from '@restante/core/continuity/machine.ts'

export const EVERY = 30_000
export const EVERY_IN_DOUBT = 10_000
const SECOND_LOOK = 1_000
/** A delivery under way for so long, in ms, is reason to ask. */
export const SILENCE = 5_000

/**
 * All times in ms since the epoch.
 * @param lastSuccessAt by SMTP, deliveries included
 * @param lastProbeAt of this kind
 * @param sendingSince when the oldest delivery under way was begun; null: there is none
 */
export function nextSmtpProbe(
  machine: Machine,
  lastSuccessAt: number,
  lastProbeAt: number,
  sendingSince: number | null,
): number {
  const { smtp } = machine
  if (smtp.broken || machine.guard) return lastProbeAt + EVERY_IN_DOUBT
  if (smtp.failures === 0) {
    const regular = Math.max(lastSuccessAt, lastProbeAt) + EVERY
    if (sendingSince === null) return regular
    return Math.min(regular, Math.max(sendingSince + SILENCE, lastProbeAt + EVERY_IN_DOUBT))
  }
  return doubt(smtp.firstFailureAt ?? 0, smtp.lastFailureAt ?? 0)
}

export function nextAccessProbe(machine: Machine, lastProbeAt: number): number {
  const { access } = machine
  if (access.broken) return lastProbeAt + EVERY_IN_DOUBT
  if (access.failures === 0) return lastProbeAt + EVERY
  return doubt(access.firstFailureAt ?? 0, access.lastFailureAt ?? 0)
}

/**
 * Looks within a run of failures, ms after its first, the last where the run is long enough to count. Five in a row
 * by chance are rare: of a server that fails every twentieth time, three would be an alarm every other day.
 */
const LOOKS = [SECOND_LOOK, 3_000, 6_000, HYSTERESIS] as const

function doubt(firstAt: number, lastAt: number): number {
  const next = LOOKS.find(after => after > lastAt - firstAt) ?? HYSTERESIS
  return Math.max(firstAt + next, lastAt + SECOND_LOOK)
}
