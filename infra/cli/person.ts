/** `restante person`: people who sign in. Passwords come on stdin, never as a word that `ps` would show. */
import { createAppPassword } from '@restante/core/access/app-passwords.ts'
import { audit } from '@restante/core/access/audit.ts'
import type { Locale, Role } from '@restante/core/db/schema/directory.ts'
import {
  listImapCredentials,
  removeImapCredentials,
  setImapCredentials,
} from '@restante/core/directory/imap-credentials.ts'
import {
  addPerson,
  findPerson,
  LOCALES,
  listPeople,
  ROLES,
  setPerson,
} from '@restante/core/directory/people.ts'
import { setUndoSend, UNDO_SEND } from '@restante/core/directory/undo-send.ts'
import { confirmContact, contactsOf, removeContact, setContact } from '@restante/core/telling/contacts.ts'
import { type Command, Option } from 'commander'
import { Refusal, run } from './context.ts'
import { readStdin } from './options.ts'
import { scopeOption } from './scope.ts'
import { registerPersonSignIn } from './sign-in.ts'
import { table } from './table.ts'

type Words = {
  name?: string
  passwordStdin?: boolean
  role?: Role
  locale?: Locale
  digest?: 'on' | 'off' | 'as-organization'
  undoSend?: string
}

const DIGESTS = { on: 'daily', off: 'off', 'as-organization': null } as const

type CredentialWords = {
  user?: string
  passwordStdin?: boolean
  refreshTokenStdin?: boolean
  remove?: boolean
}

type ContactWords = { set?: string; confirm?: string; vouch?: boolean; remove?: boolean }

export function register(program: Command): void {
  const group = program.command('person').description('people who sign in')
  const role = () => new Option('--role <role>', 'what they may do').choices(ROLES)
  const locale = () => new Option('--locale <locale>', 'their language').choices(LOCALES)
  registerPersonSignIn(group)

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
    .addOption(
      new Option('--digest <when>', 'the daily mail about new junk').choices([
        'on',
        'off',
        'as-organization',
      ]),
    )
    .addOption(
      new Option('--undo-send <seconds>', 'how long they can take back what they sent').choices(
        UNDO_SEND.map(String),
      ),
    )
    .action(async (address: string, options: Words, command: Command) => {
      if (Object.keys(options).filter(key => key !== 'json').length === 0) {
        command.error(
          'nothing to set: give --name, --password-stdin, --role, --locale, --digest or --undo-send',
          { exitCode: 2 },
        )
      }
      await run(command, async ({ db }) => {
        const password = await passwordOf(options)
        const data = await db.transaction().execute(async tx => {
          const { name, role, locale } = options
          const digest = options.digest && DIGESTS[options.digest]
          const set = await setPerson(tx, address, { name, password, role, locale, digest })
          const undoSend = UNDO_SEND.find(seconds => String(seconds) === options.undoSend)
          if (undoSend !== undefined) await setUndoSend(tx, set.id, undoSend)
          await audit(tx, {
            organizationId: set.organizationId,
            actor: 'cli',
            action: 'person.set',
            target: set.address,
            detail: {
              name,
              role,
              locale,
              digest: options.digest,
              undoSend,
              password: password !== undefined,
            },
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
    .command('imap-credentials <address>')
    .description(
      'how to sign in to their own IMAP server, to bring back what they did here; never shown again',
    )
    .option('--user <name>', 'what they sign in as there; without: the address')
    .option('--password-stdin', 'read their password from stdin')
    .option('--refresh-token-stdin', 'read an OAuth 2 refresh token from stdin')
    .option('--remove', 'forget them')
    .action(async (address: string, options: CredentialWords, command: Command) => {
      const ways = [options.passwordStdin, options.refreshTokenStdin, options.remove].filter(Boolean)
      if (ways.length !== 1) {
        command.error('give one of --password-stdin, --refresh-token-stdin, --remove', { exitCode: 2 })
      }
      await run(command, async ({ db, sealKey }) => {
        const person = await findPerson(db, address)
        const secret = options.remove ? '' : await readStdin()
        const data = await db.transaction().execute(async tx => {
          const kind = options.refreshTokenStdin ? ('refresh-token' as const) : ('password' as const)
          const given = { kind, user: options.user, secret }
          const set = options.remove
            ? { removed: await removeImapCredentials(tx, address) }
            : { user: (await setImapCredentials(tx, address, given, 'cli', sealKey)).user }
          await audit(tx, {
            organizationId: person.organizationId,
            actor: 'cli',
            action: options.remove ? 'imap-credentials.remove' : 'imap-credentials.set',
            target: person.address,
            detail: options.remove ? {} : { kind },
          })
          return { address: person.address, ...set }
        })
        return { data, text: options.remove ? `forgotten for ${data.address}` : `kept for ${data.address}` }
      })
    })

  group
    .command('access')
    .description('who has given credentials for their own IMAP server, and whether it takes them')
    .option('--org <name>', 'only of one organization')
    .action(async (options: { org?: string }, command: Command) => {
      await run(command, async ({ db }) => {
        const scope = await scopeOption(db, options.org)
        const data = await listImapCredentials(db, scope.type === 'organization' ? scope.id : undefined)
        return {
          data,
          text: table(data, [
            { title: 'ADDRESS', value: one => one.address },
            { title: 'SIGNS IN AS', value: one => one.user },
            { title: 'WITH', value: one => one.kind },
            { title: 'GIVEN BY', value: one => one.setBy },
            { title: 'STATE', value: one => (one.checkedAt ? (one.problem ?? 'good') : 'being tried') },
            { title: 'THE SERVER SAYS', value: one => one.said ?? '' },
          ]),
        }
      })
    })

  group
    .command('contact <address>')
    .description('their second contact: where they are told when their mail server is away')
    .option('--set <address>', 'an address outside our domains; a code is sent there')
    .option('--confirm <code>', 'the code that came')
    .option('--vouch', 'with --set: it is theirs, no code is needed')
    .option('--remove', 'forget it')
    .action(async (address: string, options: ContactWords, command: Command) => {
      const ways = [options.set, options.confirm, options.remove].filter(Boolean)
      if (ways.length > 1 || (options.vouch && !options.set)) {
        command.error('give one of --set, --confirm, --remove; --vouch with --set', { exitCode: 2 })
      }
      await run(command, async ({ db, sealKey }) => {
        const person = await findPerson(db, address)
        const now = new Date()
        const data = await db.transaction().execute(async tx => {
          if (options.set)
            await setContact(tx, person, options.set, sealKey, now, options.vouch ? 'cli' : null)
          if (options.confirm) await confirmContact(tx, person.id, options.confirm, now)
          if (options.remove) {
            for (const one of await contactsOf(tx, person.id)) await removeContact(tx, person.id, one.id)
          }
          if (ways.length > 0) {
            await audit(tx, {
              organizationId: person.organizationId,
              actor: 'cli',
              action: options.remove ? 'contact.remove' : options.set ? 'contact.set' : 'contact.confirm',
              target: person.address,
            })
          }
          return await contactsOf(tx, person.id)
        })
        const text = data.map(one => `${one.name} (${one.confirmed ? 'confirmed' : 'not confirmed yet'})`)
        return { data, text: text.join('\n') || 'none' }
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
