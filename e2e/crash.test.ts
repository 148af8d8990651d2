/**
 * The short form of `npm run test:crash`: some rounds of kill -9 at the numbered states of docs/spool.md, then
 * the account. The story is told in e2e/crash/story.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFailed, test } from 'vitest'
import { describeRound, planRounds } from './crash/rounds.ts'
import { crash } from './crash/story.ts'

const seed = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000_000)
const rounds = Number(process.env.CRASH_ROUNDS ?? 15)

const folder = mkdtempSync(join(tmpdir(), 'restante-crash-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }))

test(`nothing that got 250 is lost in ${rounds} rounds of kill -9, seed ${seed}`, {
  timeout: 120_000 + rounds * 10_000,
}, async () => {
  const told: string[] = []
  onTestFailed(() => console.error(told.join('\n')))
  const result = await crash({
    seed,
    rounds,
    every: rounds,
    folder,
    waits: 'skip',
    say: line => told.push(line),
  })
  expect(result.account.wrong).toEqual([])
  expect(result.account.accepted).toBeGreaterThan(rounds)
  // A state that is not reached in time is killed all the same; but most must be.
  expect(result.stopped).toBeGreaterThan(result.planned / 2)
})

test('the same seed plans the same rounds, and a long run comes to every state', () => {
  expect(planRounds(5, 40).map(describeRound)).toEqual(planRounds(5, 40).map(describeRound))
  const states = planRounds(6, 60).flatMap(({ at }) => ('after' in at ? [] : [`${at.process} ${at.state}`]))
  expect(new Set(states).size).toBe(19)
})
