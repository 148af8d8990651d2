/** What is set on this machine, as lines of an .env: to be compared on another, not to be taken over unseen. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { definitions } from '@restante/core/config/settings.ts'

/** The secret travels by itself, and a folder is of its machine. */
const APART = new Set(['RESTANTE_SECRET', 'RESTANTE_DATA'])

export function environmentLines(environment: NodeJS.ProcessEnv, folder: string): string {
  const file = join(folder, '.env')
  const set = { ...(existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}), ...environment }
  return Object.keys(definitions)
    .filter(name => set[name] && !APART.has(name))
    .map(name => `${name}=${JSON.stringify(set[name])}\n`)
    .join('')
}
