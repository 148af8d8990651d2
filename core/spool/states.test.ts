/** docs/spool.md's table and the code speak of the same states, by the same numbers. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { reached, STATES } from './states.ts'

const root = join(import.meta.dirname, '../..')
const docs = readFileSync(join(root, 'docs/spool.md'), 'utf8')

test('the states of docs/spool.md are the ones of the code', () => {
  const table = docs.slice(docs.indexOf('## States of a message'), docs.indexOf('Who moves it'))
  const rows = [...table.matchAll(/^\| ([\w, ]+) \| ([a-z, ]+) \|/gm)].flatMap(([, numbers, names]) => {
    const each = names!.split(', ')
    return numbers!.split(', ').map((number, at): [string, string] => [number, each[at]!])
  })
  // The steps of a compaction are a list of their own.
  const states = Object.entries(STATES).filter(([number]) => !number.startsWith('c'))
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(states))
})

test('each state is named where a message comes to it', () => {
  const files = globSync('{core,worker}/**/*.ts', { cwd: root, exclude: ['**/node_modules/**'] })
  const source = files
    .filter(file => !/\.test\.ts$|states\.ts$/.test(file))
    .map(file => readFileSync(join(root, file), 'utf8'))
    .join('\n')
  const named = [...source.matchAll(/\breached\(([^)]*)\)/g)].flatMap(([, words]) =>
    [...words!.matchAll(/'?\b(\d+[hd]?|c\d)\b'?/g)].map(([, state]) => state!),
  )
  expect([...new Set(named)].sort()).toEqual(Object.keys(STATES).sort())
})

test('coming to a state does nothing outside of the crash test', () => {
  expect(process.env.RESTANTE_BREAKPOINTS).toBeUndefined()
  for (const state of [0, 2, '4h', 11] as const) expect(reached(state)).toBeUndefined()
})
