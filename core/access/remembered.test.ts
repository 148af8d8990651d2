import { expect, test } from 'vitest'
import { rememberMatches } from './remembered.ts'

function remembered(most?: number) {
  const asked: string[] = []
  let time = 1_000
  const matches = rememberMatches(
    async (hash, password) => {
      asked.push(`${hash} ${password}`)
      return hash === `hash of ${password}`
    },
    () => time,
    most,
  )
  return { asked, matches, later: (ms: number) => (time += ms) }
}

test('what matched is not held against the hash again for a minute', async () => {
  const { asked, matches, later } = remembered()
  expect(await matches('hash of a', 'a')).toBe(true)
  later(59_999)
  expect(await matches('hash of a', 'a')).toBe(true)
  expect(asked).toHaveLength(1)
  // It was counted from the first time on: whoever signs in all the time is looked at once a minute.
  later(1)
  expect(await matches('hash of a', 'a')).toBe(true)
  expect(asked).toHaveLength(2)
})

test('another hash or another password is looked at', async () => {
  const { asked, matches } = remembered()
  expect(await matches('hash of a', 'a')).toBe(true)
  expect(await matches('hash of b', 'a')).toBe(false)
  expect(await matches('hash of a', 'b')).toBe(false)
  expect(asked).toHaveLength(3)
})

test('what did not match is looked at each time', async () => {
  const { asked, matches } = remembered()
  for (let i = 0; i < 3; i++) expect(await matches('hash of a', 'b')).toBe(false)
  expect(asked).toHaveLength(3)
})

test('the oldest are forgotten first', async () => {
  const { asked, matches } = remembered(2)
  for (const one of ['a', 'b', 'c', 'b', 'c']) expect(await matches(`hash of ${one}`, one)).toBe(true)
  expect(asked).toHaveLength(3)
  expect(await matches('hash of a', 'a')).toBe(true)
  expect(asked).toHaveLength(4)
})
