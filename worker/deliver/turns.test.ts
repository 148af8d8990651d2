import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextTurn, type Turn } from './turns.ts'

const turn = (backlog: boolean, ...addresses: string[]): Turn => ({
  backlog,
  recipients: addresses.map(address => ({ address })),
})

test.each<[string, Turn[], string[], number]>([
  ['nothing is ready', [], [], -1],
  ['the first of the backlog', [turn(true, 'a'), turn(true, 'b')], [], 0],
  ['live mail before the backlog', [turn(true, 'a'), turn(false, 'a')], ['a'], 1],
  ['another address while one is being delivered to', [turn(true, 'a'), turn(true, 'b')], ['a'], 1],
  ['nobody while all are being delivered to', [turn(true, 'a'), turn(true, 'a')], ['a'], -1],
  [
    'not the second of an address whose first has to wait',
    [turn(true, 'a', 'b'), turn(true, 'b')],
    ['a'],
    -1,
  ],
])('%s', (_, ready, busy, expected) => {
  expect(nextTurn(ready, new Set(busy))).toBe(expected)
})

test('whatever is delivered at once, each address gets its backlog in order, and all of it', () => {
  const backlog = fc.array(
    fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 }),
    {
      maxLength: 30,
    },
  )
  fc.assert(
    fc.property(
      backlog,
      fc.integer({ min: 1, max: 8 }),
      fc.infiniteStream(fc.nat()),
      (list, window, choices) => {
        const ready = list.map((addresses, number) => ({ number, ...turn(true, ...addresses) }))
        const under: typeof ready = []
        const busy = () => new Set(under.flatMap(one => one.recipients.map(r => r.address)))
        const arrived = new Map<string, number[]>()
        while (ready.length > 0 || under.length > 0) {
          const at = under.length < window ? nextTurn(ready, busy()) : -1
          if (at >= 0) under.push(...ready.splice(at, 1))
          else {
            expect(under.length).toBeGreaterThan(0)
            const [done] = under.splice(choices.next().value % under.length, 1)
            for (const { address } of done!.recipients) {
              arrived.set(address, [...(arrived.get(address) ?? []), done!.number])
            }
          }
        }
        for (const numbers of arrived.values()) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
      },
    ),
  )
})
