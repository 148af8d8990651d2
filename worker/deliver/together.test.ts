import { expect, test } from 'vitest'
import { together } from './together.ts'

type Answer = { id: string }

function recorded(answer: (ids: readonly string[]) => readonly Answer[]) {
  const asked: string[][] = []
  const ask = together<Answer>(
    async ids => {
      asked.push([...ids])
      return answer(ids)
    },
    one => one.id,
  )
  return { asked, ask }
}

test('what is asked in the same turn, or while a question is under way, is one question', async () => {
  const { asked, ask } = recorded(ids => ids.map(id => ({ id })))
  const answers = await Promise.all([
    ask(['a', 'b']),
    ask(['c']).then(async first => [...first, ...(await ask(['d']))]),
  ])
  expect(answers).toEqual([
    [{ id: 'a' }, { id: 'b' }],
    [{ id: 'c' }, { id: 'd' }],
  ])
  expect(asked).toEqual([['a', 'b', 'c'], ['d']])
})

test('what has no answer is left out', async () => {
  const { ask } = recorded(ids => ids.filter(id => id !== 'a').map(id => ({ id })))
  expect(await Promise.all([ask(['a']), ask(['b'])])).toEqual([[], [{ id: 'b' }]])
})

test('an id that two ask for is answered to the first', async () => {
  const { asked, ask } = recorded(ids => ids.map(id => ({ id })))
  expect(await Promise.all([ask(['a']), ask(['a', 'b'])])).toEqual([[{ id: 'a' }], [{ id: 'b' }]])
  expect(asked).toEqual([['a', 'b']])
})

test('what the database refuses is the fault of one alone', async () => {
  const { ask } = recorded(ids => {
    if (ids.includes('bad')) throw Object.assign(new Error('invalid'), { code: '22P02' })
    return ids.map(id => ({ id }))
  })
  const [good, bad] = await Promise.allSettled([ask(['a']), ask(['bad'])])
  expect(good).toEqual({ status: 'fulfilled', value: [{ id: 'a' }] })
  expect(bad.status).toBe('rejected')
})

test('a database that is away is away for all', async () => {
  const { asked, ask } = recorded(() => {
    throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' })
  })
  const results = await Promise.allSettled([ask(['a']), ask(['b'])])
  expect(results.map(one => one.status)).toEqual(['rejected', 'rejected'])
  expect(asked).toHaveLength(1)
})
