import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { networkOf } from '../config/networks.ts'
import { silentLog } from '../observe/log.ts'
import { createLimiter } from './limits.ts'

test.each([
  ['192.0.2.77', '192.0.2.0/24'],
  ['::ffff:192.0.2.77', '192.0.2.0/24'],
  ['2001:DB8:0001:0002:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', 'unknown'],
  ['nonsense', 'unknown'],
])('the network of %j is %s', (address, expected) => {
  expect(networkOf(address)).toBe(expected)
})

const three = { name: 'test', limit: 3, window: 60_000 }

describe.each([
  ['in memory', undefined],
  ['in Redis', process.env.TEST_REDIS_URL],
  ['with Redis away', 'redis://127.0.0.1:1'],
])('a counter %s', (_name, redisUrl) => {
  const at = { now: 1_000 * 60_000 }
  const open = () =>
    createLimiter({
      redisUrl,
      prefix: `test:${randomBytes(6).toString('hex')}:`,
      log: silentLog,
      now: () => at.now,
    })

  test('allows up to its limit, for each key apart, and forgets with time', async () => {
    const limiter = open()
    try {
      for (let i = 0; i < 3; i++) expect(await limiter.take(three, 'a')).toEqual({ allowed: true })
      expect(await limiter.take(three, 'a')).toEqual({ allowed: false, retryAfter: 60 })
      expect(await limiter.take(three, 'b')).toEqual({ allowed: true })
      at.now += 60_000
      expect((await limiter.take(three, 'a')).allowed).toBe(false)
      at.now += 180_000
      expect((await limiter.take(three, 'a')).allowed).toBe(true)
    } finally {
      await limiter.close()
    }
  })

  test('what is given back does not count', async () => {
    const limiter = open()
    try {
      for (let i = 0; i < 10; i++) {
        expect((await limiter.take(three, 'a')).allowed).toBe(true)
        await limiter.giveBack(three, 'a')
      }
    } finally {
      await limiter.close()
    }
  })
})

test('two processes count together in Redis', async () => {
  const options = {
    redisUrl: process.env.TEST_REDIS_URL,
    prefix: `test:${randomBytes(6).toString('hex')}:`,
    log: silentLog,
  }
  const first = createLimiter(options)
  const second = createLimiter(options)
  try {
    // Commands before the connection stands are counted in memory: wait for it.
    const ready = { name: 'ready', limit: 1, window: 60_000 }
    await expect
      .poll(async () => {
        await first.take(ready, 'r')
        return (await second.take(ready, 'r')).allowed
      })
      .toBe(false)
    for (let i = 0; i < 3; i++) await first.take(three, 'a')
    expect((await second.take(three, 'a')).allowed).toBe(false)
  } finally {
    await first.close()
    await second.close()
  }
})
