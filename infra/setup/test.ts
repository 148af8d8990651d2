/**
 * `npm test`: the webmail's build, the packages with the real servers, then vitest over all parts. Words
 * after `--` go to vitest: `npm test -- core/spool`.
 */
import { join } from 'node:path'
import { installPackages, missingPackages, testPackages } from '../testing/packages.ts'
import { run } from './command.ts'
import { buildWebmail } from './webmail.ts'

const root = join(import.meta.dirname, '../..')

/** @returns the exit code */
export async function test(words: readonly string[]): Promise<number> {
  const say = (line: string) => console.log(line)
  let missing = await missingPackages()
  if (missing.length > 0 && (await installPackages(missing, say))) missing = []
  if (missing.length > 0) missing = await missingPackages()
  if (missing.length > 0) {
    const reasons = new Map<string, string[]>()
    for (const name of missing) {
      const what = testPackages[name] ?? 'some tests'
      reasons.set(what, [...(reasons.get(what) ?? []), name])
    }
    for (const [what, names] of reasons)
      say(`not here, and not to be installed by this user: ${names.join(', ')}; skipped: ${what}`)
    if (process.env.CI) {
      say('in CI nothing is skipped: install them, or run as root')
      return 1
    }
  }
  const paths = words.filter(word => !word.startsWith('-'))
  // Whoever asks for core's tests alone should not wait for a build.
  if (paths.length === 0 || paths.some(path => /e2e|webmail/.test(path))) await buildWebmail()
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  return await run(process.execPath, [vitest, 'run', ...words], {
    ...process.env,
    TEST_MISSING: missing.join(' '),
  })
}
