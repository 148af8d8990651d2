/**
 * The states of a message, by the numbers of docs/spool.md, and the places in the code where one is reached.
 *
 * `reached` does nothing. Under the crash test (RESTANTE_BREAKPOINTS, and a parent that talks to us) it can be
 * told to stop the whole process at a state, as a debugger would: the test then kills what it wants, with the
 * process exactly there. A stop instead of a kill, because what dies at a state of the relay or the worker is
 * also PostgreSQL, Redis, or all of them at once.
 */
export const STATES = {
  0: 'arriving',
  1: 'written',
  2: 'durable',
  3: 'visible',
  4: 'recorded',
  '4h': 'held',
  '4d': 'deferred',
  5: 'offered',
  6: 'leased',
  7: 'sent',
  8: 'settled',
  9: 'noted',
  10: 'given up',
  11: 'gone',
  // The steps of a compaction.
  c1: 'copied',
  c2: 'told',
  c3: 'seen',
  c4: 'waited',
} as const

export type State = keyof typeof STATES

/** What the crash test sends: stop when this state is reached for the `passes`th time from now. */
export type Breakpoint = { state: `${State}`; passes: number }

let breakpoint: Breakpoint | undefined

/** A message has come to this state, here and now. */
export function reached(state: State): void {
  if (breakpoint === undefined) return
  if (breakpoint.state !== `${state}` || --breakpoint.passes > 0) return
  breakpoint = undefined
  // The kernel delivers it before this call returns.
  process.kill(process.pid, 'SIGSTOP')
}

if (process.env.RESTANTE_BREAKPOINTS && process.send) {
  process.on('message', (wanted: Breakpoint) => {
    breakpoint = { ...wanted }
    process.send?.(wanted)
  })
}
