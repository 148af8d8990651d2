import { expect, test } from 'vitest'
import { newId } from './id.ts'

test('ids are of version 7, of the time they were made, and sort in the order they were made', () => {
  const ids = Array.from({ length: 20_000 }, () => newId())
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
  const later = Date.UTC(2100, 0, 1)
  expect(Number.parseInt(newId(later).replace('-', '').slice(0, 12), 16)).toBe(later)
})

test('a clock that is set back leaves the order', () => {
  const [first, second] = [newId(Date.UTC(2101, 0, 1)), newId(Date.UTC(2100, 0, 1))]
  expect(second > first).toBe(true)
})
