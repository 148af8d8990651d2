/** What an attempt leads to, where it is not plain: recipients that nobody could be asked about. */
import type { Outcome } from '@restante/core/outcome/types.ts'
import { expect, test } from 'vitest'
import { decide } from './decide.ts'

const refused: Outcome = {
  category: 'bad-address',
  side: 'sender',
  permanent: true,
  code: 550,
  enhanced: '5.1.1',
}
const accepted: Outcome = { category: 'accepted', side: 'unknown', permanent: false, code: 250 }
const situation = { health: 'up' as const, createdAt: new Date(0), now: new Date(1_000), random: 0.5 }

test('a recipient taken unseen and refused by its backend is held for an admin, not bounced', () => {
  const told = new Map([
    ['carl@a.example', refused],
    ['anna@a.example', accepted],
  ])
  const decision = decide(told, { ...situation, unverified: new Set(['carl@a.example']) })
  expect(decision.results.map(({ address, state }) => [address, state])).toEqual([
    ['carl@a.example', 'waiting'],
    ['anna@a.example', 'delivered'],
  ])
  expect(decision.rest).toEqual({ state: 'held', reason: 'admin' })
})

test('one that was known is bounced', () => {
  const decision = decide(new Map([['carl@a.example', refused]]), situation)
  expect(decision.results[0]?.state).toBe('failed')
})
