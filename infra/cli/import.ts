/**
 * `restante import people FILE.csv`: people, with their mailboxes and aliases, from a file of another system.
 * With `--sync` it may be called again and again with newer files: who is there already is brought up to date,
 * and with `--remove-missing` whoever came by an earlier file and is in this one no more goes.
 *
 * All or nothing: every line is tried in one transaction, every error is told with its line, and with one
 * error nothing is changed.
 */
import { readFile } from 'node:fs/promises'
import { audit } from '@restante/core/access/audit.ts'
import type { Db } from '@restante/core/db/connection.ts'
import { DirectoryError } from '@restante/core/directory/errors.ts'
import { addPerson } from '@restante/core/directory/people.ts'
import type { Command } from 'commander'
import { Refusal, run } from './context.ts'
import { type ImportError, type PersonLine, parsePeople } from './import-file.ts'
import { type SyncWords, syncFile } from './import-sync.ts'

export function register(program: Command): void {
  const group = program.command('import').description('bring in people from a file')

  group
    .command('people <file>')
    .description('columns: address, name, role, locale, aliases, password; only address is needed')
    .option('--sync', 'bring those up to date who are there already')
    .option('--remove-missing', 'with --sync: remove who came by an earlier file and is not in this one')
    .option('--dry-run', 'with --sync: say what would change, and change nothing')
    .action(async (file: string, options: SyncWords, command: Command) => {
      if (!options.sync && (options.removeMissing || options.dryRun)) {
        command.error('--remove-missing and --dry-run go with --sync', { exitCode: 2 })
      }
      await run(command, async ({ db }) => {
        const text = await readFile(file, 'utf8').catch(error => {
          throw new Refusal(`${file}: ${(error as Error).message}`)
        })
        const { people, errors } = parsePeople(text)
        if (options.sync) return await syncFile(db, file, people, errors, options)
        const all = [...errors, ...(await addAll(db, people, errors.length > 0))].toSorted(
          (a, b) => a.line - b.line,
        )
        if (all.length === 0)
          return { data: { imported: people.length, errors: [] }, text: `imported ${people.length}` }
        process.stderr.write(
          `${file}: ${all.length} ${all.length === 1 ? 'error' : 'errors'}, nothing was changed\n`,
        )
        process.exitCode = 1
        return {
          data: { imported: 0, errors: all },
          text: all.map(error => `line ${error.line}: ${error.message}`).join('\n'),
        }
      })
    })
}

class RolledBack extends Error {}

/** @param dry take everything back also without an error */
async function addAll(db: Db, people: readonly PersonLine[], dry: boolean): Promise<ImportError[]> {
  const errors: ImportError[] = []
  try {
    await db.transaction().execute(async tx => {
      for (const { line, ...person } of people) {
        try {
          const added = await addPerson(tx, person)
          await audit(tx, {
            organizationId: added.organizationId,
            actor: 'cli',
            action: 'person.add',
            target: added.address,
            detail: { role: added.role, import: true },
          })
        } catch (error) {
          if (!(error instanceof DirectoryError)) throw error
          errors.push({ line, address: person.address, code: error.code, message: error.message })
        }
      }
      if (dry || errors.length > 0) throw new RolledBack()
    })
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error
  }
  return errors
}
