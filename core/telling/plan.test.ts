import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Kind, type Severity, severityOf } from './matters.ts'
import { type Listener, next, type Policy, type Thread, type Told } from './plan.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const policy: Policy = { repeat: HOUR, escalate: 30 * MINUTE }
const down: Thread = {
  kind: 'backend-down',
  severity: 2,
  openedAt: 0,
  closedAt: null,
  acknowledged: null,
  silentUntil: null,
}
const admin: Listener = { audience: 'admin', stage: 1, told: [] }
const told = (what: Told['what'], minutes: number, severity: Severity = 2): Told => ({
  what,
  at: minutes * MINUTE,
  severity,
})

test.each<[string, Partial<Thread>, Partial<Listener>, number, string | null]>([
  ['an outage is told at once', {}, {}, 0, 'begin'],
  ['and not twice', {}, { told: [told('begin', 0)] }, 59, null],
  ['it is repeated while it lasts', {}, { told: [told('begin', 0)] }, 60, 'repeat'],
  ['not when somebody knows', { acknowledged: 2 }, { told: [told('begin', 0)] }, 60, null],
  [
    'worse than what somebody knows is told',
    { severity: 3, acknowledged: 2 },
    { told: [told('begin', 0)] },
    1,
    'worse',
  ],
  ['worse is told at once', { severity: 3 }, { told: [told('begin', 0)] }, 1, 'worse'],
  ['and once', { severity: 3 }, { told: [told('begin', 0), told('worse', 1, 3)] }, 2, null],
  ['better is no news', { severity: 1 }, { told: [told('begin', 0)] }, 2, null],
  ['the end is told', { closedAt: 5 * MINUTE }, { told: [told('begin', 0)] }, 5, 'end'],
  ['once', { closedAt: 5 * MINUTE }, { told: [told('begin', 0), told('end', 5)] }, 90, null],
  ['not to who heard of no beginning', { closedAt: 5 * MINUTE }, {}, 5, null],
  ['what comes and goes is quiet', {}, { told: [told('begin', 0), told('end', 5)] }, 9, null],
  ['for a while', {}, { told: [told('begin', 0), told('end', 5)] }, 61, 'begin'],
  ['silence is silence', { silentUntil: 2 * HOUR }, { told: [told('begin', 0)] }, 90, null],
  ['but the end is told', { silentUntil: 2 * HOUR, closedAt: HOUR }, { told: [told('begin', 0)] }, 90, 'end'],
  ['the second stage waits', {}, { stage: 2 }, 29, null],
  ['and then hears', {}, { stage: 2 }, 30, 'begin'],
  ['but not of what somebody knows', { acknowledged: 2 }, { stage: 2 }, 31, null],
  ['nor of what is planned', { kind: 'maintenance', severity: 0 }, { stage: 2 }, 31, null],
  [
    'what is planned is not repeated',
    { kind: 'drill', severity: 0 },
    { told: [told('begin', 0, 0)] },
    600,
    null,
  ],
  ['people hear that their webmail opens', {}, { audience: 'person' }, 0, 'begin'],
  ['not again', {}, { audience: 'person', told: [told('begin', 0)] }, 600, null],
  ['not what is worse', { severity: 3 }, { audience: 'person', told: [told('begin', 0)] }, 600, null],
  ['and that it is over', { closedAt: HOUR }, { audience: 'person', told: [told('begin', 0)] }, 60, 'end'],
  ['not of a full disk', { kind: 'disk-low' }, { audience: 'person' }, 0, null],
])('%s', (_, thread, listener, minutes, expected) => {
  expect(next({ ...down, ...thread }, { ...admin, ...listener }, policy, minutes * MINUTE)).toBe(expected)
})

const kinds: Kind[] = ['backend-down', 'access-down', 'guard', 'drill', 'queue-age', 'disk-low']
const step = fc.record({
  minutes: fc.nat({ max: 50 }),
  act: fc.oneof(
    fc.constantFrom('wait', 'close', 'acknowledge', 'silence'),
    fc.constantFrom(...kinds).map(kind => ({ kind })),
  ),
})

test('whatever happens: no storm, and every begin has its end', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.constantFrom(0, 5, 60, 240),
      fc.constantFrom(0, 10, 60),
      fc.constantFrom('admin', 'person'),
      fc.constantFrom(1, 2),
      (steps, repeat, escalate, audience, stage) => {
        const wanted = { repeat: repeat * MINUTE, escalate: escalate * MINUTE }
        const heard: Told[] = []
        let thread: Thread = { ...down }
        let now = 0
        const look = () => {
          // A channel is asked until it has nothing to hear: at most two at a time.
          for (let turn = 0; turn < 4; turn++) {
            const listener = { audience, stage, told: heard } as Listener
            const what = next(thread, listener, wanted, now)
            if (!what) return
            heard.push({ what, at: now, severity: thread.severity })
          }
          throw new Error('it never has enough')
        }
        look()
        for (const { minutes, act } of steps) {
          // It is looked at each minute.
          for (let minute = 0; minute < minutes; minute++) {
            now += MINUTE
            look()
          }
          if (act === 'close') thread = { ...thread, closedAt: now }
          else if (act === 'acknowledge') thread = { ...thread, acknowledged: thread.severity }
          else if (act === 'silence') thread = { ...thread, silentUntil: now + 30 * MINUTE }
          else if (act !== 'wait') {
            const again = thread.closedAt !== null
            const severity = severityOf[act.kind]
            thread = {
              ...thread,
              kind: act.kind,
              severity,
              closedAt: null,
              ...(again && { openedAt: now, acknowledged: null, silentUntil: null }),
            }
          }
          look()
        }
        thread = { ...thread, closedAt: now }
        look()
        // Begins and ends alternate, and the last is an end.
        const turns = heard.filter(one => one.what === 'begin' || one.what === 'end').map(one => one.what)
        expect(turns).toEqual(turns.map((_, index) => (index % 2 === 0 ? 'begin' : 'end')))
        expect(turns.length % 2).toBe(0)
        // Between two of them there is the time that was wished for, but for what was graver than all before.
        const gap = Math.max(audience === 'person' ? HOUR : 0, wanted.repeat || HOUR)
        let worst = -1
        let last = Number.NEGATIVE_INFINITY
        for (const one of heard) {
          if (one.what === 'end') continue
          if (one.severity <= worst) expect(one.at - last).toBeGreaterThanOrEqual(gap)
          worst = Math.max(worst, one.severity)
          last = one.at
        }
      },
    ),
    { numRuns: 500 },
  )
})
