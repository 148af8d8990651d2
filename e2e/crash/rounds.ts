/**
 * What happens in each round of the crash test, from a seed: where everything is stopped, and what dies there.
 * Pure: the same seed gives the same rounds. (What they meet differs: a machine is no clockwork.)
 */
import type { State } from '@restante/core/spool/states.ts'

export type Victim = 'relay' | 'worker' | 'redis' | 'postgres' | 'postmaster'
export type Round = {
  /** Stop this process when a message comes to this state for the `passes`th time; or kill after so many ms. */
  at: { process: 'relay' | 'worker' | 'compaction'; state: State; passes: number } | { after: number }
  /** `self` is the process that was stopped. `postmaster`: only PostgreSQL's first process. */
  victims: (Victim | 'self')[]
}

/** Which process brings messages to which state. The worker appends too: its notes. */
export const PLACES: readonly { process: 'relay' | 'worker' | 'compaction'; states: readonly State[] }[] = [
  { process: 'relay', states: [0, 1, 2, 3] },
  { process: 'worker', states: [1, 2, 4, 5, 6, 7, 8, 9, '4d', 10] },
  { process: 'compaction', states: ['c1', 'c2', 'c3', 'c4', 11] },
]

const ALL: Victim[] = ['relay', 'worker', 'redis', 'postgres']
const DEATHS: readonly (Victim | 'self')[][] = [
  ['self'],
  ['self'],
  ['self'],
  ALL,
  ALL,
  ['relay', 'worker'],
  ['postgres'],
  ['postmaster'],
  ['redis'],
  ['redis', 'postgres'],
  ['self', 'postgres'],
  ['self', 'redis'],
]

/** Random numbers from 0 to 1 that a seed repeats. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `count` rounds: every state in turn, in an order of the seed's, and each fourth at a random moment. */
export function planRounds(seed: number, count: number): Round[] {
  const random = seeded(seed)
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)]!
  const places = PLACES.flatMap(({ process, states }) => states.map(state => ({ process, state })))
  let turn: typeof places = []
  return Array.from({ length: count }, (_, number): Round => {
    if (number % 4 === 3) {
      const victims = pick(DEATHS).map(victim =>
        victim === 'self' ? pick(['relay', 'worker'] as const) : victim,
      )
      return { at: { after: Math.floor(random() * 1_000) }, victims }
    }
    if (turn.length === 0) {
      turn = places
        .map(place => ({ place, order: random() }))
        .sort((a, b) => a.order - b.order)
        .map(({ place }) => place)
    }
    const place = turn.pop()!
    // A compaction passes most of its steps once.
    const passes = place.process === 'compaction' ? 1 : 1 + Math.floor(random() * 6)
    return { at: { ...place, passes }, victims: pick(DEATHS) }
  })
}

export function describeRound({ at, victims }: Round): string {
  const where =
    'after' in at
      ? `${at.after} ms`
      : `${at.process} at ${at.state}${at.passes > 1 ? `, pass ${at.passes}` : ''}`
  return `${where}: ${victims.join(', ')}`
}
