/**
 * docs/settings.md, written from the table in core/config/settings.ts. Run as a program it writes the file;
 * a test holds the two against each other.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { definitions } from '@restante/core/config/settings.ts'

export const settingsFile = join(import.meta.dirname, '../../docs/settings.md')

/** The page as it should be. */
export function settingsPage(): string {
  const lines = [
    '# Settings',
    '',
    'Settings are environment variables, also read from `.env` in the working directory (the environment wins).',
    'An unknown or wrong one stops the start with one line that says which and why.',
    '',
    '<!-- Generated from core/config/settings.ts by `npm run docs`: change it there. -->',
    '',
    '| name | default | what it means |',
    '| --- | --- | --- |',
  ]
  for (const [name, [schema, meaning]] of Object.entries(definitions)) {
    const result = schema.safeParse(undefined)
    const fallback =
      result.success && result.data !== undefined && String(result.data) !== '' ? `\`${result.data}\`` : ''
    lines.push(`| \`${name}\` | ${fallback} | ${meaning.replaceAll('|', '\\|')} |`)
  }
  return `${lines.join('\n')}\n`
}

if (import.meta.main) writeFileSync(settingsFile, settingsPage())
