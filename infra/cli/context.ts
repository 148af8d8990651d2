/**
 * What a command of `restante` has in hand, and how it ends: 0 done, 1 refused with one line on stderr,
 * 2 wrong usage. With `--json` the result is printed as JSON, otherwise through the command's own words.
 */
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import { loadSettings, type Settings, SettingsError } from '@restante/core/config/settings.ts'
import { connect, type Db } from '@restante/core/db/connection.ts'
import { migrate } from '@restante/core/db/migrate.ts'
import type { Command } from 'commander'
import { attach } from '../services/attach.ts'

export type Context = {
  settings: Settings
  db: Db
  databaseUrl: string
  redisUrl: string
  /** Key for sealed columns (backend URLs, smarthosts). */
  sealKey: Buffer
}

/** A command's refusal: one line that says what to do. */
export class Refusal extends Error {
  override name = 'Refusal'
}

/** `data` is printed with --json; `text` otherwise (lines without the last newline). */
export type Result = { data: unknown; text: string }

/** Registers one group of commands. */
export type Register = (program: Command) => void

/** Runs a command's work with the services attached, prints its result and sets the exit code. */
export async function run(command: Command, work: (context: Context) => Promise<Result>): Promise<void> {
  await report(command, async settings => {
    const services = await attach(settings)
    const db = connect(services.databaseUrl, { max: 3, name: 'restante-cli' })
    try {
      await migrate(db)
      return await work({
        settings,
        db,
        databaseUrl: services.databaseUrl,
        redisUrl: services.redisUrl,
        sealKey: deriveKey(loadSecret(settings), 'stored-secrets'),
      })
    } finally {
      await db.destroy()
      await services.close()
    }
  })
}

/** The same for a command that attaches what it needs by itself. */
export async function report(command: Command, work: (settings: Settings) => Promise<Result>): Promise<void> {
  const json = Boolean(command.optsWithGlobals().json)
  try {
    const result = await work(loadSettings())
    process.stdout.write(json ? `${JSON.stringify(result.data)}\n` : result.text && `${result.text}\n`)
  } catch (error) {
    const known = error instanceof Refusal || error instanceof SettingsError
    const message = error instanceof Error ? error.message : String(error)
    process.stderr.write(`${message.split('\n')[0]}\n`)
    if (!known && process.env.LOG_LEVEL === 'debug') process.stderr.write(`${(error as Error).stack}\n`)
    process.exitCode = 1
  }
}
