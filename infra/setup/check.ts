/** `npm run check`: linter, formatter and types of all parts, at the same time; output only of what fails. */
import { capture } from './command.ts'

const checks: [name: string, program: string, words: string[]][] = [
  ['biome (linter, formatter, import rule)', 'biome', ['ci', '--colors=off', '.']],
  ['types: core, relay, worker, infra, e2e, bench', 'tsc', ['-p', '.']],
  ['types: webmail', 'tsc', ['-p', 'webmail']],
]

/** @returns the exit code */
export async function check(): Promise<number> {
  const results = await Promise.all(
    checks.map(async ([name, program, words]) => {
      const started = Date.now()
      const { code, output } = await capture(program, words)
      const time = `${((Date.now() - started) / 1000).toFixed(1)} s`
      console.log(`${code === 0 ? 'good' : 'BAD '}  ${name} (${time})`)
      if (code !== 0) console.log(output)
      return code
    }),
  )
  return results.every(code => code === 0) ? 0 : 1
}
