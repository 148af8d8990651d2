/**
 * `restante restore FILE`: an installation from its backup. Only into an empty data folder (a secret may lie
 * there) and, where DATABASE_URL names one, an empty database. What was begun and failed is taken away again.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadSecret } from '@restante/core/config/secret.ts'
import type { Settings } from '@restante/core/config/settings.ts'
import { connect } from '@restante/core/db/connection.ts'
import type { Command } from 'commander'
import { type Key, readHeader } from '../backup/archive.ts'
import { examine, type Inside, restoreInto } from '../backup/restore.ts'
import { attach } from '../services/attach.ts'
import { tryLock } from '../services/lock.ts'
import { readPassphrase } from './backup.ts'
import { Refusal, type Result, report } from './context.ts'

type Options = { passphraseFile?: string; secretFile?: string }

export function register(program: Command): void {
  program
    .command('restore <file>')
    .description('bring an installation back from its backup, into an empty data folder')
    .option('--secret-file <file>', 'the secret of the installation, when it is not in the data folder')
    .option('--passphrase-file <file>', 'the words that the backup was encrypted with')
    .action(async (file: string, options: Options, command: Command) => {
      await report(command, settings => restore(resolve(file), options, settings))
    })
}

async function restore(file: string, options: Options, settings: Settings): Promise<Result> {
  const data = settings.RESTANTE_DATA
  const key = await keyOf(file, options, settings)
  const inside = await examine(file, key)
  for (const name of ['postgres', 'spool', 'redis'])
    if (existsSync(join(data, name)))
      throw new Refusal(`${join(data, name)} is there: restore into an empty folder`)
  mkdirSync(join(data, 'run'), { recursive: true, mode: 0o750 })
  const lock = tryLock(join(data, 'run/gateway.lock'))
  if (!lock) throw new Refusal(`a gateway runs on ${data}: end it, or set RESTANTE_DATA`)
  const hadSecret = existsSync(join(data, 'secret'))
  try {
    putSecret(inside, settings)
    const restored = await withDatabase(settings, db => restoreInto(file, key, inside, { db, settings }))
    const kept = join(data, 'restored.env')
    writeFileSync(kept, inside.environment, { mode: 0o600 })
    return {
      data: { ...restored, version: inside.version, environment: kept },
      text: [
        `restored ${restored.rows} rows and ${restored.segments} segments into ${data}`,
        `The settings of that machine are in ${kept}: take over what this one needs, then start.`,
      ].join('\n'),
    }
  } catch (error) {
    for (const name of ['postgres', 'spool', 'redis', ...(hadSecret ? [] : ['secret'])])
      rmSync(join(data, name), { recursive: true, force: true })
    throw error
  } finally {
    lock.release()
  }
}

async function withDatabase<T>(
  settings: Settings,
  work: (db: ReturnType<typeof connect>) => Promise<T>,
): Promise<T> {
  const services = await attach(settings)
  const db = connect(services.databaseUrl, { max: 3, name: 'restante-restore' })
  try {
    return await work(db)
  } finally {
    await db.destroy()
    await services.close()
  }
}

async function keyOf(file: string, options: Options, settings: Settings): Promise<Key> {
  if (!existsSync(file)) throw new Refusal(`${file} is not there`)
  const header = await readHeader(file)
  if (header.key === 'passphrase') {
    if (!options.passphraseFile) throw new Refusal(`${file} opens with a passphrase: give --passphrase-file`)
    return { type: 'passphrase', text: readPassphrase(options.passphraseFile) }
  }
  const lying = join(settings.RESTANTE_DATA, 'secret')
  const from = options.secretFile ?? (existsSync(lying) ? lying : undefined)
  const text = from ? readFileSync(from, 'utf8').trim() : settings.RESTANTE_SECRET
  if (!text) throw new Refusal(`${file} opens with the secret of its installation: give --secret-file`)
  return { type: 'secret', text }
}

/** Everything that is sealed needs the secret that it was sealed with. */
function putSecret(inside: Inside, settings: Settings): void {
  const file = join(settings.RESTANTE_DATA, 'secret')
  if (!settings.RESTANTE_SECRET && !existsSync(file))
    writeFileSync(file, `${inside.secret}\n`, { mode: 0o600, flush: true })
  if (loadSecret(settings) !== inside.secret)
    throw new Refusal('the secret here is not the one of the backup: unset RESTANTE_SECRET, or set that one')
}
