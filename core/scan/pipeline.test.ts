import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { defaultScanPolicy } from '../directory/scan-policy.ts'
import { silentLog } from '../observe/log.ts'
import { runPipeline } from './pipeline.ts'
import type { Step, StepName, StepOutcome, Subject } from './types.ts'

const subject: Subject = {
  envelope: {
    id: '1',
    kind: 'inbound',
    sender: 'a@b.example',
    recipients: [{ address: 'c@d.example' }],
    receivedAt: '2026-11-01T10:00:00.000Z',
  },
  size: 2,
  content: () => Readable.from([Buffer.from('a\n')]),
}
const clean: StepOutcome = { findings: [{ type: 'clean', reason: 'clean' }] }
const step = (name: StepName, run: Step['run'], more: Partial<Step> = {}): Step => ({
  name,
  kind: 'facts',
  timeLimit: 5_000,
  run,
  ...more,
})
const never: Step['run'] = () => new Promise(() => {})
const run = (steps: Step[], more: { signal?: AbortSignal; timeLimit?: number } = {}) =>
  runPipeline(steps, subject, {
    now: () => 0,
    policyOf: () => defaultScanPolicy,
    log: silentLog,
    ...more,
  })
const reasons = (results: Awaited<ReturnType<typeof run>>) =>
  results.map(result => `${result.step} ${result.outcome.findings[0]?.reason}`)

test('steps run side by side', async () => {
  let both = 0
  let go = () => {}
  const gate = new Promise<void>(resolve => {
    go = resolve
  })
  const meet: Step['run'] = async () => {
    if (++both === 2) go()
    await gate
    return clean
  }
  expect(reasons(await run([step('rspamd', meet), step('clamd', meet)]))).toEqual([
    'rspamd clean',
    'clamd clean',
  ])
})

test('one that waits for another knows its outcome; one that is not part of it is not waited for', async () => {
  const trusted: StepOutcome = { findings: [{ type: 'clean', reason: 'clean', trusted: true }] }
  let seen: unknown
  const results = await run([
    step(
      'rspamd',
      async (_, context) => {
        seen = context.outcomeOf('lists')
        return clean
      },
      { after: ['lists', 'authentication'] },
    ),
    step('lists', async () => trusted),
  ])
  expect(seen).toBe(trusted)
  expect(results.map(result => result.step)).toEqual(['rspamd', 'lists'])
})

test('a step that throws, at once or later, leaves it unscanned and the others alone', async () => {
  const results = await run([
    step('clamd', () => {
      throw new Error('at once')
    }),
    step('spamd', async () => {
      throw new Error('later')
    }),
    step('rspamd', async () => clean),
  ])
  expect(reasons(results)).toEqual(['clamd step-failed', 'spamd step-failed', 'rspamd clean'])
})

test('a step whose time is over is told so and not waited for', async () => {
  let told: AbortSignal | undefined
  const slow = step(
    'rspamd',
    (_, { signal }) => {
      told = signal
      return new Promise(() => {})
    },
    { timeLimit: 10 },
  )
  expect(reasons(await run([slow, step('clamd', async () => clean)]))).toEqual([
    'rspamd time-over',
    'clamd clean',
  ])
  expect(told?.aborted).toBe(true)
})

test('the whole has an end, also for who has not begun', async () => {
  const results = await run([step('lists', never), step('rspamd', async () => clean, { after: ['lists'] })], {
    timeLimit: 10,
  })
  expect(reasons(results)).toEqual(['lists time-over', 'rspamd time-over'])
})

test('when the client is gone nobody works on', async () => {
  const gone = new AbortController()
  const results = run([step('rspamd', never)], { signal: gone.signal })
  gone.abort()
  expect(reasons(await results)).toEqual(['rspamd client-gone'])
  expect(reasons(await run([step('clamd', never)], { signal: gone.signal }))).toEqual(['clamd client-gone'])
})

test('an outcome that comes too late, good or bad, changes nothing', async () => {
  let late = (_: Error) => {}
  const slow = step(
    'rspamd',
    () =>
      new Promise((_, reject) => {
        late = reject
      }),
    { timeLimit: 5 },
  )
  const results = await run([slow])
  late(new Error('too late'))
  expect(reasons(results)).toEqual(['rspamd time-over'])
})

test('steps that wait for each other are a mistake', async () => {
  const steps = [step('lists', never, { after: ['rspamd'] }), step('rspamd', never, { after: ['lists'] })]
  await expect(run(steps)).rejects.toThrow(/circle/)
})
