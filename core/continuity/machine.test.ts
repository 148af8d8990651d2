import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Event,
  FAILURES,
  HYSTERESIS,
  inDoubt,
  initialMachine,
  type Machine,
  readMachine,
  remarksOf,
  type Source,
  step,
} from './machine.ts'

const failure = (source: Source = 'delivery'): Event => ({
  type: 'failure',
  source,
  cause: 'refused',
  detail: 'connect: ECONNREFUSED',
})
const success = (source: Source = 'delivery'): Event => ({ type: 'success', source })
const refusal: Event = { type: 'refusal', address: 'anna@example.test', detail: '550 5.1.1 no' }

/** Runs events at seconds; gives the health after each. */
function run(events: readonly (readonly [second: number, event: Event])[], machine = initialMachine(0)) {
  const path: string[] = []
  let current = machine
  for (const [second, event] of events) {
    current = step(current, event, second * 1_000).machine
    path.push(current.health)
  }
  return { path, machine: current }
}

describe('a backend that is up', () => {
  test.each<[string, [number, Event][], string]>([
    [
      'three failures within ten seconds leave it up',
      [
        [0, failure()],
        [1, failure()],
        [9, failure()],
      ],
      'up',
    ],
    [
      'two failures leave it up, however far apart',
      [
        [0, failure()],
        [60, failure()],
      ],
      'up',
    ],
    [
      'three failures over ten seconds call it down',
      [
        [0, failure()],
        [1, failure()],
        [10, failure()],
      ],
      'down',
    ],
    [
      'a hundred failures at once leave it up',
      Array.from({ length: 100 }, () => [0, failure()] as [number, Event]),
      'up',
    ],
    [
      'a success between starts anew',
      [
        [0, failure()],
        [5, success()],
        [10, failure()],
        [11, failure()],
      ],
      'up',
    ],
    [
      'a probe’s success counts as well as a delivery’s',
      [
        [0, failure()],
        [5, success('smtp-probe')],
        [12, failure()],
        [13, failure()],
      ],
      'up',
    ],
    [
      'failures that nobody looked between are no run',
      [
        [0, failure()],
        [300, failure()],
        [301, failure()],
      ],
      'up',
    ],
    [
      'one refused recipient leaves it up',
      [
        [0, refusal],
        [10, refusal],
        [20, refusal],
      ],
      'up',
    ],
    [
      'access alone makes it degraded',
      [
        [0, failure('access-probe')],
        [1, failure('access-probe')],
        [10, failure('access-probe')],
      ],
      'degraded',
    ],
    [
      'access failures and SMTP failures are not added up',
      [
        [0, failure()],
        [1, failure('access-probe')],
        [10, failure()],
        [11, failure('access-probe')],
      ],
      'up',
    ],
  ])('%s', (_, events, health) => {
    expect(run(events).machine.health).toBe(health)
  })

  test('in doubt it says so', () => {
    expect(inDoubt(run([[0, failure()]]).machine)).toBe(true)
    expect(
      inDoubt(
        run([
          [0, failure()],
          [1, success()],
        ]).machine,
      ),
    ).toBe(false)
  })
})

const down = run([
  [0, failure()],
  [5, failure()],
  [10, failure()],
]).machine

describe('a backend that is down', () => {
  test('keeps its cause, and takes the newest', () => {
    const { machine } = run(
      [[20, { type: 'failure', source: 'smtp-probe', cause: 'timed-out', detail: 'slow' }]],
      down,
    )
    expect(machine).toMatchObject({ health: 'down', cause: 'timed-out', detail: 'slow', since: 10_000 })
  })
  test('recovers with the first success, is up when nothing is held and ten seconds have passed', () => {
    expect(
      run(
        [
          [20, success()],
          [21, { type: 'drained' }],
          [30, { type: 'drained' }],
        ],
        down,
      ).path,
    ).toEqual(['recovering', 'recovering', 'up'])
  })
  test('is down again when three more failures come over ten seconds', () => {
    expect(
      run(
        [
          [20, success()],
          [21, failure()],
          [22, failure()],
          [31, failure()],
        ],
        down,
      ).path.at(-1),
    ).toBe('down')
  })
  test('an access probe’s success changes nothing', () => {
    expect(run([[20, success('access-probe')]], down).machine.health).toBe('down')
  })
  test('returns to degraded while people can’t get at their mail', () => {
    const access = [12, 13, 22].map(s => [s, failure('access-probe')] as [number, Event])
    const { machine } = run([...access, [25, success()], [40, { type: 'drained' }]], down)
    expect(machine.health).toBe('degraded')
  })
})

describe('the guard', () => {
  const recovering = run([[20, success('smtp-probe')]], down).machine
  test('sets the return aside when the first message is refused for good', () => {
    const { machine } = run([[21, refusal]], recovering)
    expect(machine).toMatchObject({
      health: 'down',
      cause: 'unknown-users',
      guard: { address: 'anna@example.test' },
    })
  })
  test('lets one refusal among many pass', () => {
    const many: Event = { type: 'success', source: 'delivery', count: 10 }
    expect(
      run(
        [
          [21, many],
          [22, refusal],
        ],
        recovering,
      ).machine.health,
    ).toBe('recovering')
  })
  test('is not lifted by other successes, only by the refused address or by an admin', () => {
    const set = run([[21, refusal]], recovering).machine
    expect(run([[40, success()]], set).machine.health).toBe('down')
    const accepted: Event = { type: 'success', source: 'smtp-probe', address: 'anna@example.test' }
    expect(run([[40, accepted]], set).machine.health).toBe('recovering')
    expect(run([[40, { type: 'guard-lifted' }]], set).machine.health).toBe('recovering')
  })
})

test('after an override that held mail the backend comes back slowly', () => {
  expect(run([[1, { type: 'hold-ended' }]]).machine.health).toBe('recovering')
  expect(run([[20, { type: 'hold-ended' }]], down).machine.health).toBe('down')
})

test('what was stored is read back; nothing and nonsense give a fresh machine', () => {
  const stored = JSON.parse(JSON.stringify(down))
  expect(readMachine(stored, 'down', new Date(10_000))).toEqual(down)
  expect(readMachine({}, 'up', new Date(5))).toEqual(initialMachine(5))
})

// A model: random evidence at random times.
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Event>(failure(), failure('smtp-probe')) },
  { weight: 4, arbitrary: fc.constantFrom<Event>(success(), success('smtp-probe')) },
  { weight: 1, arbitrary: fc.constantFrom<Event>(failure('access-probe'), success('access-probe')) },
  { weight: 1, arbitrary: fc.constant(refusal) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Event>(
      { ...failure(), content: true } as Event,
      { type: 'failure', source: 'delivery', cause: 'temporary-error', detail: '451', count: 9 },
      { type: 'remark', concern: 'slow', detail: '' },
    ),
  },
  { weight: 3, arbitrary: fc.constant<Event>({ type: 'drained' }) },
  { weight: 1, arbitrary: fc.constantFrom<Event>({ type: 'guard-lifted' }, { type: 'hold-ended' }) },
)
const story = fc.array(fc.tuple(fc.integer({ min: 0, max: 20_000 }), event), { maxLength: 200 })

test('whatever happens: no flap faster than the hysteresis, and down only for a reason', () => {
  fc.assert(
    fc.property(story, steps => {
      let machine = initialMachine(0)
      let now = 0
      let upAt = 0
      let lastSmtpSuccess = 0
      let failures = 0
      for (const [pause, what] of steps) {
        now += pause
        const before: Machine = machine
        const result = step(machine, what, now)
        machine = result.machine
        if (what.type === 'failure' && what.source !== 'access-probe') failures++
        // What a probe can't see, it can't take back.
        const proof = what.type === 'success' && what.source !== 'access-probe'
        if (proof && (what.source === 'delivery' || machine.content.failures === 0)) {
          lastSmtpSuccess = now
          failures = 0
        }
        expect(result.change === null).toBe(before.health === machine.health)
        if (machine.health === 'up' && before.health !== 'up') upAt = now
        if (machine.health === 'down' && before.health !== 'down') {
          if (machine.guard === null) {
            expect(failures).toBeGreaterThanOrEqual(FAILURES)
            expect(now - lastSmtpSuccess).toBeGreaterThanOrEqual(HYSTERESIS)
            if (before.health === 'up') expect(now - upAt).toBeGreaterThanOrEqual(HYSTERESIS)
          } else expect(before.health).toBe('recovering')
        }
        // From down the way up leads through recovering.
        if (before.health === 'down') expect(['down', 'recovering']).toContain(machine.health)
        if (before.health === 'recovering' && ['up', 'degraded'].includes(machine.health)) {
          expect(what.type).toBe('drained')
          expect(now - before.since).toBeGreaterThanOrEqual(HYSTERESIS)
        }
        expect(machine.health === 'up' ? machine.cause : null).toBeNull()
      }
      // Every hold ends: a backend that is well again, and drained, is up in the end.
      for (const last of [{ type: 'guard-lifted' }, success(), success('access-probe')] as Event[]) {
        now += HYSTERESIS
        machine = step(machine, last, now).machine
      }
      now += HYSTERESIS
      machine = step(machine, { type: 'drained' }, now).machine
      expect(machine.health).toBe('up')
    }),
    { numRuns: 500 },
  )
})

test('an hour with 5 % random failures is no outage', () => {
  // A small generator of our own: fast-check prefers edge cases, and those would be a broken server.
  for (let seed = 1; seed <= 50; seed++) {
    let state = seed
    const random = () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
      return state / 2_147_483_648
    }
    let machine = initialMachine(0)
    for (let second = 0; second < 3_600; second += 2) {
      machine = step(machine, random() < 0.05 ? failure() : success(), second * 1_000).machine
      expect(machine.health, `seed ${seed}`).toBe('up')
    }
  }
})

describe('failures at the content', () => {
  const content: Event = { ...failure(), content: true } as Event
  const outage = run([
    [0, content],
    [1, success('smtp-probe')],
    [5, content],
    [6, content],
    [7, content],
    [11, success('smtp-probe')],
    [12, content],
  ])
  test('are an outage though every probe goes well', () => {
    expect(outage.machine.health).toBe('down')
  })
  test('a probe is reason to try again only after a while', () => {
    expect(
      run(
        [
          [30, success('smtp-probe')],
          [73, success('smtp-probe')],
        ],
        outage.machine,
      ).path,
    ).toEqual(['down', 'recovering'])
  })
  test('a delivery that goes through between them begins anew', () => {
    const { machine } = run([
      [0, content],
      [5, success()],
      [11, content],
      [12, content],
    ])
    expect(machine.health).toBe('up')
  })
})

describe('a return in which too much fails', () => {
  const recovering = run([[20, success('smtp-probe')]], down).machine
  const fails = (count: number): Event =>
    ({ type: 'failure', source: 'delivery', cause: 'temporary-error', detail: '451', count }) as Event
  const goes = (count: number): Event => ({ type: 'success', source: 'delivery', count })
  test('more than a fifth sets it aside, and only an admin lifts that', () => {
    const { machine } = run(
      [
        [21, goes(20)],
        [22, fails(6)],
      ],
      recovering,
    )
    expect(machine).toMatchObject({ health: 'down', cause: 'failing', guard: { address: null } })
    const probed: Event = { type: 'success', source: 'smtp-probe', address: 'anna@example.test' }
    expect(run([[90, probed]], machine).machine.health).toBe('down')
    expect(run([[90, { type: 'guard-lifted' }]], machine).machine.health).toBe('recovering')
  })
  test('a fifth is let pass, and so are few', () => {
    expect(
      run(
        [
          [21, goes(20)],
          [22, fails(5)],
        ],
        recovering,
      ).machine.health,
    ).toBe('recovering')
    expect(run([[22, fails(5)]], recovering).machine.health).toBe('recovering')
  })
  test('a server that is gone again is no case for an admin', () => {
    const gone = [21, 22, 23].map(s => [s, { ...failure(), count: 30 }] as [number, Event])
    expect(run(gone, recovering).machine.guard).toBeNull()
  })
})

test('a remark changes no health, is counted, and forgotten after a while', () => {
  const remark: Event = { type: 'remark', concern: 'mailbox-full', detail: '452 4.2.2 full' }
  const { machine } = run([
    [0, remark],
    [60, remark],
  ])
  expect(machine.health).toBe('up')
  expect(remarksOf(machine, 61_000)).toMatchObject([{ concern: 'mailbox-full', count: 2, since: 0 }])
  expect(remarksOf(machine, 60_000 + 16 * 60_000)).toEqual([])
})
