/**
 * An hour of a server that is well but not perfect, in simulated time: 5 % of its answers are random 4xx at any
 * command, some are slow, connections break, it greylists and has a full mailbox. Nobody may be alarmed. And the
 * other way round: a server that is killed, with much traffic, little or none, is noticed in time.
 */
import { evidenceOf } from '@restante/core/continuity/evidence.ts'
import { type Event, initialMachine, type Machine, step } from '@restante/core/continuity/machine.ts'
import { atOurBackend, classify } from '@restante/core/outcome/classify.ts'
import type { Phase } from '@restante/core/outcome/types.ts'
import { expect, test } from 'vitest'
import { nextSmtpProbe } from './schedule.ts'
import { evidenceOfProbe } from './smtp.ts'

type Answer = string | { code: string; message: string }
const FAULTS: readonly (readonly [Answer, Phase])[] = [
  ['450 4.3.0 Error: command failed', 'mail'],
  ['451 4.3.2 Please try again later', 'rcpt'],
  ['421 4.3.2 closing', 'rcpt'],
  ['452 4.3.1 Insufficient system storage', 'final'],
  ['451 4.3.0 queue file write error', 'data'],
  ['450 4.2.0 Greylisted', 'rcpt'],
  ['452 4.2.2 Mailbox full', 'rcpt'],
  [{ code: 'ECONNRESET', message: 'read ECONNRESET' }, 'greeting'],
  [{ code: 'ETIMEDOUT', message: 'timed out' }, 'final'],
]

/** A small generator of our own: fast-check prefers edge cases, and those would be a broken server. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** What a delivery or a probe comes to. */
function answer(random: () => number, by: 'delivery' | 'smtp-probe'): Event | null {
  const [what, phase]: readonly [Answer, Phase] =
    random() < 0.05 ? FAULTS[Math.floor(random() * FAULTS.length)]! : ['250 2.0.0 ok', 'final']
  // A probe does not get as far as the content.
  const at = by === 'smtp-probe' && (phase === 'data' || phase === 'final') ? 'rcpt' : phase
  const outcome = classify(what, { phase: at })
  return by === 'delivery'
    ? evidenceOf(atOurBackend(outcome), 'delivery', 'ann@x.test')
    : evidenceOfProbe(outcome, 'ann@x.test', false)
}

/** An hour; `every` ms a message on average, and probes as their schedule says. */
function hour(seed: number, every: number): Machine {
  const random = generator(seed)
  let machine = initialMachine(0)
  let lastSuccess = 0
  let lastProbe = 0
  let nextMail = 0
  for (let now = 0; now < 3_600_000; now += 250) {
    const events: (Event | null)[] = []
    if (now >= nextMail) {
      nextMail = now + every * 2 * random()
      events.push(answer(random, 'delivery'))
    }
    if (now >= nextSmtpProbe(machine, lastSuccess, lastProbe, null)) {
      // A slow answer comes seconds later.
      lastProbe = now + (random() < 0.1 ? 6_000 : 0)
      events.push(answer(random, 'smtp-probe'))
    }
    for (const event of events) {
      if (!event) continue
      if (event.type === 'success') lastSuccess = now
      machine = step(machine, event, now).machine
      if (machine.health !== 'up') throw new Error(`seed ${seed}: ${machine.health} after ${now} ms`)
    }
  }
  return machine
}

test.each([
  ['much', 500],
  ['some', 5_000],
  ['little', 60_000],
])('with %s traffic there is no false alarm in an hour', (_, every) => {
  for (let seed = 1; seed <= 40; seed++) expect(hour(seed, every).health).toBe('up')
})

const refused: Event = { type: 'failure', source: 'delivery', cause: 'refused', detail: '' }

/** ms from the death to `down`. */
function noticed(every: number | null, seed: number): number {
  const random = generator(seed)
  const death = 100_000 + random() * 30_000
  let machine = initialMachine(0)
  let lastProbe = 0
  let lastSuccess = 0
  let nextMail = 0
  for (let now = 0; now < death + 200_000; now += 250) {
    const dead = now >= death
    const happens: Event['type'][] = []
    if (every !== null && now >= nextMail) {
      nextMail = now + every
      happens.push('success')
    }
    if (now >= nextSmtpProbe(machine, lastSuccess, lastProbe, null)) {
      lastProbe = now
      happens.push('success')
    }
    for (const _ of happens) {
      if (!dead) lastSuccess = now
      machine = step(machine, dead ? refused : { type: 'success', source: 'delivery' }, now).machine
    }
    if (machine.health === 'down') return now - death
  }
  return Number.POSITIVE_INFINITY
}

test('a killed server is down within 15 s with traffic and 45 s without', () => {
  for (let seed = 1; seed <= 40; seed++) {
    expect(noticed(2_000, seed), `traffic, seed ${seed}`).toBeLessThanOrEqual(15_000)
    expect(noticed(null, seed), `no traffic, seed ${seed}`).toBeLessThanOrEqual(45_000)
  }
})
