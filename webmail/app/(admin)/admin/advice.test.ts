import { describe, expect, test } from 'vitest'
import { adviceOf, type Backend, type Picture, verdictOf } from './advice.ts'

const now = Date.parse('2026-03-02T10:00:00Z')
const depth = { queued: 0, moving: 0, deferred: 0, held: 0, total: 0 }
const rates = { in: [], out: [] }
const backend = (change: Partial<Backend>): Backend => ({
  id: 'b',
  organizationId: 'o',
  organization: 'Example',
  name: 'example.com',
  domains: ['example.com'],
  health: 'up',
  measured: 'up',
  since: '2026-03-02T09:00:00Z',
  cause: null,
  detail: null,
  remarks: [],
  override: null,
  depth,
  heldBy: { backend: 0, admin: 0, guard: 0, period: 0, spam: 0, quarantine: 0, scan: 0 },
  oldest: null,
  rates,
  pace: null,
  hosts: [],
  outlook: { type: 'empty' },
  ...change,
})
const picture = (backends: Backend[], destinations: Picture['outbound']['destinations'] = []): Picture => ({
  at: '2026-03-02T10:00:00Z',
  backends,
  outbound: { depth, oldest: null, rates, destinations },
  totals: { depth, oldest: null },
  incidents: [],
})
const override = { to: 'down', reason: null, until: null, by: 'ann@example.com' } as const

describe('the sentence', () => {
  test.each([
    [[], 'none'],
    [[backend({})], 'flowing'],
    [[backend({}), backend({ health: 'degraded' })], 'degraded'],
    [[backend({ health: 'recovering' }), backend({ health: 'degraded' })], 'recovering'],
    [[backend({ health: 'recovering' }), backend({ health: 'down' })], 'down'],
  ])('%#: the worst decides', (backends, type) => {
    expect(verdictOf(picture(backends)).type).toBe(type)
  })
})

describe('the advice', () => {
  const types = (...parameters: Parameters<typeof picture>) =>
    adviceOf(picture(...parameters), now).map(advice => advice.type)

  test('is nothing while all is well, and to set up while there is nothing', () => {
    expect(types([backend({})])).toEqual(['nothing'])
    expect(types([])).toEqual(['set-up'])
  })

  test('names what needs a person before what mends itself', () => {
    expect(
      types([
        backend({ health: 'down', cause: 'refused' }),
        backend({ health: 'down', cause: 'unknown-users', heldBy: { ...backend({}).heldBy, guard: 2 } }),
        backend({ health: 'down', override }),
      ]),
    ).toEqual(['down', 'guard', 'override', 'admin'])
  })

  test('says nothing of a server that only catches up, unless it is alone', () => {
    expect(types([backend({ health: 'recovering' })])).toEqual(['recovering'])
    expect(types([backend({ health: 'recovering' }), backend({ health: 'down' })])).toEqual(['down'])
  })

  test('names destinations whose mail waits for long', () => {
    const destination = (oldest: string) => ({ destination: 'far.example', depth, oldest, reason: null })
    expect(types([backend({})], [destination('2026-03-02T09:00:00Z')])).toEqual(['outbound'])
    expect(types([backend({})], [destination('2026-03-02T09:55:00Z')])).toEqual(['nothing'])
  })
})
