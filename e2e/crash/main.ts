/**
 * `npm run test:crash -- [--rounds N] [--seed S] [--every N] [--folder F]`: the crash test by hand, a thousand
 * rounds unless told. Ends with 0 when nothing was lost and every duplicate is explained, else with 1, the
 * findings, and the folder kept.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { crash } from './story.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    every: { type: 'string', default: '100' },
    waits: { type: 'string', default: 'wait' },
    folder: { type: 'string' },
  },
})
const seed = Number(values.seed)
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'restante-crash-'))
mkdirSync(folder, { recursive: true })
const say = (line: string) => console.log(line)
say(`seed ${seed}, ${values.rounds} rounds, in ${folder}`)
const began = Date.now()
const result = await crash({
  seed,
  rounds: Number(values.rounds),
  every: Number(values.every),
  folder,
  waits: values.waits === 'skip' ? 'skip' : 'wait',
  say,
})
const { account, kills, stopped, planned, byState } = result
const states = [...byState].map(([state, count]) => `${state}: ${count}`).join(', ')
say(
  `killed ${kills} times in ${Math.round((Date.now() - began) / 1000)} s; ${stopped} of ${planned} at their state (${states})`,
)
if (account.wrong.length > 0) {
  for (const finding of account.wrong.slice(0, 50)) say(finding)
  say(`WRONG: ${account.wrong.length} findings with seed ${seed}; everything is kept in ${folder}`)
  process.exit(1)
}
say(`nothing that got 250 is missing, and every duplicate was in flight at a kill`)
if (!values.folder) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
process.exit(0)
