/**
 * `npm run bench NAME …`: runs one of the measurements beside this file and prints its table.
 * Figures on a shared machine are noisy: each bench compares in one run, alternating, as a ratio.
 */
import { readdirSync } from 'node:fs'

const names = readdirSync(import.meta.dirname)
  .filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'main.ts')
  .map(file => file.slice(0, -3))

const [name, ...args] = process.argv.slice(2)
if (!name || !names.includes(name)) {
  process.stderr.write(`usage: npm run bench ${names.join('|') || 'NAME'}\n`)
  process.exit(2)
}
const bench = (await import(`./${name}.ts`)) as { run(args: string[]): Promise<void> }
await bench.run(args)
