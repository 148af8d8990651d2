/**
 * How many deliveries to one destination run at a time: Postfix's rules (SCHEDULER_README), pure.
 *
 * The window grows by one at the end of a run of as many successes as it is wide, and shrinks by one at the
 * start of a run of failures, then again for each further window's worth. A 421 or a time-out halves it at
 * once: the other side said that it has enough. A backend that returns starts with 1.
 */

export type Window = {
  /** Deliveries at a time, a whole number ≥ 1. */
  size: number
  limit: number
  /** Progress towards the next step, 0 ≤ x < 1. */
  success: number
  failure: number
}

/** What one transaction says about how much the other side can take. */
export type Feedback = 'success' | 'failure' | 'overload'

export const START_UP = 5
export const START_RECOVERING = 1
export const LIMIT = 20

export function openWindow(start: number, limit = LIMIT): Window {
  return { size: Math.max(1, Math.min(start, limit)), limit, success: 0, failure: 0 }
}

export function feedback(window: Window, what: Feedback): Window {
  switch (what) {
    case 'success': {
      const success = window.success + 1 / window.size
      // 1e-9: three thirds must make one.
      if (success < 1 - 1e-9) return { ...window, success }
      return { ...window, size: Math.min(window.limit, window.size + 1), success: 0, failure: 0 }
    }
    case 'failure': {
      const failure = window.failure - 1 / window.size
      if (failure > -1e-9) return { ...window, failure, success: 0 }
      return { ...window, size: Math.max(1, window.size - 1), success: 0, failure: failure + 1 }
    }
    case 'overload':
      return { ...window, size: Math.max(1, Math.floor(window.size / 2)), success: 0, failure: 0 }
    default:
      return what satisfies never
  }
}
