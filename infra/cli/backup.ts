/** `restante backup FILE`: the database, the spool, the secret and the settings in one encrypted file. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadSecret } from '@restante/core/config/secret.ts'
import type { Command } from 'commander'
import type { Key } from '../backup/archive.ts'
import { backUp } from '../backup/backup.ts'
import { environmentLines } from '../backup/environment.ts'
import { Refusal, run } from './context.ts'
import { bytes } from './time.ts'

export function register(program: Command): void {
  program
    .command('backup <file>')
    .description('write everything into one encrypted file, while the gateway runs')
    .option('--passphrase-file <file>', 'encrypt with the words in this file instead of with the secret')
    .action(async (file: string, options: { passphraseFile?: string }, command: Command) => {
      await run(command, async ({ db, settings }) => {
        const secret = loadSecret(settings)
        const key: Key = options.passphraseFile
          ? { type: 'passphrase', text: readPassphrase(options.passphraseFile) }
          : { type: 'secret', text: secret }
        const data = await backUp(resolve(file), key, {
          db,
          settings,
          secret,
          version: version(),
          environment: environmentLines(process.env, process.cwd()),
          now: new Date(),
        })
        const whole = `${data.file}: ${bytes(data.size)}, ${data.rows} rows and ${data.segments} segments`
        const open =
          key.type === 'secret'
            ? `It opens only with the secret${settings.RESTANTE_SECRET ? '' : ` in ${join(settings.RESTANTE_DATA, 'secret')}`}: keep a copy of that somewhere else.`
            : 'It opens only with the passphrase.'
        return { data, text: `${whole}\n${open}` }
      })
    })
}

/** @throws Refusal when there is none, or a short one */
export function readPassphrase(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new Refusal(`${file}: ${(error as Error).message}`)
  }
  if (text.length < 12) throw new Refusal(`the passphrase in ${file} has fewer than 12 characters`)
  return text
}

function version(): string {
  const text = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
