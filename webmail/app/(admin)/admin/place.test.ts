import { expect, test } from 'vitest'
import { listQuery, type Place, readPlace, writePlace } from './place.ts'

const start = readPlace(new URLSearchParams())

test('the page begins with what waits, the oldest first, and has no query then', () => {
  expect(start).toMatchObject({ view: 'waiting', sort: 'age', text: '', delivery: null })
  expect(writePlace(start)).toBe('')
})

test.each<Partial<Place>>([
  { view: 'held', hold: 'admin' },
  { view: 'delivered', sort: '-age' },
  { view: 'delivered', sort: 'age' },
  { text: 'a b&c=d', sort: '-size' },
  { backend: 'outbound', destination: 'far.example', delivery: 'x' },
])('a link to %j leads there', change => {
  const place = { ...start, ...change }
  expect(readPlace(new URLSearchParams(writePlace(place)))).toEqual(place)
})

test('what is not understood is left out', () => {
  expect(readPlace(new URLSearchParams('state=lost&sort=colour&hold=me'))).toEqual(start)
})

test('the list is asked for the states that a view means', () => {
  expect(listQuery(start, null)).toBe('state=queued%2Cheld%2Cdeferred&sort=age&limit=25')
  expect(listQuery({ ...start, view: 'failed', sort: '-age', text: ' x ' }, 'c')).toBe(
    'state=failed&sort=-age&limit=100&q=x&cursor=c',
  )
})
