import { randomBytes } from 'node:crypto'
import { parseNetworks } from '@restante/core/config/networks.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS, type RelayLimits } from '../limits.ts'
import { Clients } from './clients.ts'
import { Rates, WINDOW } from './rates.ts'
import { shareRates } from './shared.ts'

function clientsWith(limits: Partial<RelayLimits> = {}) {
  let now = 10 * WINDOW
  const rates = new Rates(() => now)
  const clients = new Clients({
    limits: { ...DEFAULT_LIMITS, messageSize: 1_000_000, ...limits },
    exempt: parseNetworks('127.0.0.0/8'),
    rates,
    now: () => now,
  })
  const pass = (ms: number) => {
    now += ms
  }
  return { clients, rates, pass }
}

describe('connections at once', () => {
  test('are counted by address and by network, and given back', () => {
    const { clients } = clientsWith({ connectionsPerAddress: 2 })
    const tickets = [1, 2].map(() => clients.enter('192.0.2.1'))
    expect(tickets.map(({ admission }) => admission)).toEqual(['welcome', 'welcome'])
    expect(clients.enter('192.0.2.1').admission).toBe('too-many-from-address')
    for (const host of [2, 3, 4, 5, 6]) expect(clients.enter(`192.0.2.${host}`).admission).toBe('welcome')
    expect(clients.enter('192.0.2.7').admission).toBe('too-many-from-network')
    expect(clients.enter('192.0.3.7').admission).toBe('welcome')
    for (const { ticket } of tickets) clients.leave(ticket)
    expect(clients.enter('192.0.2.8').admission).toBe('welcome')
  })

  test('of IPv6 count by /64', () => {
    const { clients } = clientsWith({ connectionsPerAddress: 1 })
    for (const host of [1, 2, 3, 4]) expect(clients.enter(`2001:db8:0:1::${host}`).admission).toBe('welcome')
    expect(clients.enter('2001:db8:0:1:ffff::1').admission).toBe('too-many-from-network')
    expect(clients.enter('2001:db8:0:2::1').admission).toBe('welcome')
  })

  test('of exempt networks are not limited', () => {
    const { clients } = clientsWith({ connectionsPerAddress: 1 })
    for (let i = 0; i < 100; i++) expect(clients.enter('127.0.0.9').admission).toBe('welcome')
  })
})

describe('rates', () => {
  test('are limited a minute, sliding', () => {
    const { clients, pass } = clientsWith({ rates: { ...DEFAULT_LIMITS.rates, connections: 10 } })
    const enter = () => {
      const { ticket, admission } = clients.enter('192.0.2.1')
      clients.leave(ticket)
      return admission
    }
    for (let i = 0; i < 10; i++) expect(enter()).toBe('welcome')
    expect(enter()).toBe('too-fast')
    pass(WINDOW)
    expect(enter()).toBe('too-fast')
    pass(WINDOW / 2)
    expect(enter()).toBe('welcome')
    pass(2 * WINDOW)
    for (let i = 0; i < 10; i++) expect(enter()).toBe('welcome')
  })

  test('0 is no limit', () => {
    const rates = new Rates(() => 0)
    for (let i = 0; i < 1_000; i++) expect(rates.take('domain', 'a.example', 0)).toBe(true)
  })

  test('too many unknown recipients put a whole network off', () => {
    const { clients, rates } = clientsWith({ rates: { ...DEFAULT_LIMITS.rates, unknown: 3 } })
    const { ticket } = clients.enter('192.0.2.1')
    for (let i = 0; i < 4; i++) rates.take('unknown', ticket.network, 3)
    expect(clients.enter('192.0.2.99').admission).toBe('too-many-unknown')
    expect(clients.enter('192.0.3.99').admission).toBe('welcome')
  })

  test('never remember more keys than fit', () => {
    const rates = new Rates(() => 0)
    for (let i = 0; i < 200_100; i++) rates.take('connections', `a${i}`, 1)
    expect(rates.fresh().counts.size).toBe(200_000)
    expect(rates.take('connections', 'a5', 1)).toBe(false)
    expect(rates.take('connections', 'b1', 1)).toBe(true)
    expect(rates.take('connections', 'b1', 1)).toBe(true)
  })
})

describe('the wait for the greeting', () => {
  test('is for clients that have never sent mail, or not for a month', () => {
    const { clients, pass } = clientsWith()
    expect(clients.isKnown('192.0.2.1')).toBe(false)
    expect(clients.isKnown('127.0.0.1')).toBe(true)
    clients.hasSent(clients.enter('192.0.2.1').ticket)
    expect(clients.isKnown('192.0.2.1')).toBe(true)
    pass(31 * 86_400_000)
    expect(clients.isKnown('192.0.2.1')).toBe(false)
  })
})

describe('rates of several nodes', () => {
  const redisUrl = process.env.TEST_REDIS_URL ?? ''

  test('are one through Redis', async () => {
    const prefix = `test:${randomBytes(6).toString('hex')}:`
    const nodes = [1, 2].map(() => {
      const rates = new Rates()
      return { rates, shared: shareRates({ rates, redisUrl, prefix, log: silentLog, period: 20 }) }
    })
    try {
      const [one, two] = nodes
      // Both in one window: at its very end the test starts over in the next.
      await expect
        .poll(
          async () => {
            for (let i = 0; i < 10; i++) one?.rates.take('messages', '192.0.2.1', 15)
            two?.rates.take('messages', '192.0.2.1', 15)
            await Promise.all(nodes.map(({ shared }) => shared.exchange()))
            return two?.rates.exceeded('messages', '192.0.2.1', 15)
          },
          { timeout: 10_000 },
        )
        .toBe(true)
      expect(two?.rates.exceeded('messages', '192.0.2.2', 15)).toBe(false)
    } finally {
      await Promise.all(nodes.map(({ shared }) => shared.close()))
    }
  })

  test('are counted by each for itself while Redis is away', async () => {
    const rates = new Rates()
    const shared = shareRates({ rates, redisUrl: 'redis://127.0.0.1:1', log: silentLog, period: 5 })
    try {
      expect(rates.take('messages', 'x', 1)).toBe(true)
      await shared.exchange()
      await shared.exchange()
      expect(rates.take('messages', 'x', 1)).toBe(false)
    } finally {
      await shared.close()
    }
  })
})
