/** `restante person`: people who sign in. Passwords come on stdin, never as a word that `ps` would show. */
import { createAppPassword } from '@restante/core/access/app-passwords.ts'
import { audit } from '@restante/core/access/audit.ts'
import type { Locale, Role } from '@restante/core/db/schema.ts'
import {
  addPerson,
  findPerson,
  LOCALES,
  listPeople,
  ROLES,
  setPerson,
} from '@restante/core/directory/people.ts'
import { type Command, Option } from 'commander'
import { Refusal, run } from './context.ts'
import { readStdin } from './options.ts'
import { scopeOption } from './scope.ts'
import { table } from './table.ts'

type Words = { name?: string; passwordStdin?: boolean; role?: Role; locale?: Locale }

export function register(program: Command): void {
  const group = program.command('person').description('people who sign in')
  const role = () => new Option('--role <role>', 'what they may do').choices(ROLES)
  const locale = () => new Option('--locale <locale>', 'their language').choices(LOCALES)

  group
    .command('add <address>')
    .description('add a person and their mailbox')
    .option('--name <name>', 'their name')
    .option('--password-stdin', 'read the password from stdin; without it they cannot sign in yet')
    .addOption(role().default('user'))
    .addOption(locale().default('en'))
    .action(async (address: string, options: Words, command: Command) => {
      await run(command, async ({ db }) => {
        const password = await passwordOf(options)
        const data = await db.transaction().execute(async tx => {
          const { name, role, locale } = options
          const added = await addPerson(tx, { address, name, password, role, locale })
          await audit(tx, {
            organizationId: added.organizationId,
            actor: 'cli',
            action: 'person.add',
            target: added.address,
            detail: { role: added.role },
          })
          return added
        })
        return { data, text: `added ${data.address}${password === undefined ? ', without a password' : ''}` }
      })
    })

  group
    .command('set <address>')
    .description('change a person; a new password or role ends their sessions')
    .option('--name <name>', 'their name')
    .option('--password-stdin', 'read the new password from stdin')
    .addOption(role())
    .addOption(locale())
    .action(async (address: string, options: Words, command: Command) => {
      if (Object.keys(options).filter(key => key !== 'json').length === 0) {
        command.error('nothing to set: give --name, --password-stdin, --role or --locale', { exitCode: 2 })
      }
      await run(command, async ({ db }) => {
        const password = await passwordOf(options)
        const data = await db.transaction().execute(async tx => {
          const { name, role, locale } = options
          const set = await setPerson(tx, address, { name, password, role, locale })
          await audit(tx, {
            organizationId: set.organizationId,
            actor: 'cli',
            action: 'person.set',
            target: set.address,
            detail: { name, role, locale, password: password !== undefined },
          })
          return set
        })
        return { data, text: `changed ${data.address}` }
      })
    })

  group
    .command('app-password <address>')
    .description('make a password for a program; it is shown this once')
    .requiredOption('--name <name>', 'what it is for')
    .action(async (address: string, options: { name: string }, command: Command) => {
      await run(command, async ({ db }) => {
        const data = await db.transaction().execute(async tx => {
          const person = await findPerson(tx, address)
          const made = await createAppPassword(tx, person.id, options.name)
          await audit(tx, {
            organizationId: person.organizationId,
            actor: 'cli',
            action: 'app-password.add',
            target: person.address,
            detail: { name: made.name },
          })
          return { ...made, address: person.address }
        })
        return { data, text: data.password }
      })
    })

  group
    .command('list')
    .description('list people')
    .option('--org <name>', 'only this organization')
    .action(async (options: { org?: string }, command: Command) => {
      await run(command, async ({ db }) => {
        const scope = await scopeOption(db, options.org)
        const data = await listPeople(db, scope.type === 'organization' ? scope.id : undefined)
        return {
          data,
          text: table(data, [
            { title: 'address', value: row => row.address },
            { title: 'name', value: row => row.name },
            { title: 'role', value: row => row.role },
            { title: 'locale', value: row => row.locale },
            { title: 'password', value: row => (row.canSignIn ? 'yes' : 'no') },
          ]),
        }
      })
    })
}

async function passwordOf(options: Words): Promise<string | undefined> {
  if (!options.passwordStdin) return undefined
  const password = await readStdin()
  if (password === '') throw new Refusal('there was no password on stdin')
  return password
}
