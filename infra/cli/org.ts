/** `restante org`: organizations, their smarthosts and how long delivered mail stays readable. */
import { audit } from '@restante/core/access/audit.ts'
import {
  addOrganization,
  listOrganizations,
  setOrganization,
} from '@restante/core/directory/organizations.ts'
import { type Command, Option } from 'commander'
import { run } from './context.ts'
import { collect, wholeNumber } from './options.ts'
import { registerOrgSignIn } from './sign-in.ts'
import { table } from './table.ts'

export function register(program: Command): void {
  const group = program
    .command('org')
    .description('organizations: companies that own domains, backends and people')
  registerOrgSignIn(group)

  group
    .command('add <name>')
    .description('add an organization')
    .action(async (name: string, _options: unknown, command: Command) => {
      await run(command, async ({ db }) => {
        const data = await db.transaction().execute(async tx => {
          const added = await addOrganization(tx, { name })
          await audit(tx, {
            organizationId: added.id,
            actor: 'cli',
            action: 'organization.add',
            target: added.name,
          })
          return added
        })
        return { data, text: `added ${data.name}` }
      })
    })

  group
    .command('set <name>')
    .description('change an organization')
    .option('--smarthost <url>', 'send mail to outsiders through this server (repeatable, in order)', collect)
    .option('--no-smarthosts', 'send mail to outsiders straight to their MX')
    .option('--history <days>', 'days that delivered mail stays readable, 0 to 90', wholeNumber)
    .addOption(
      new Option(
        '--deleted-mail <where>',
        'what people delete here while their server is away: brought to Trash there, or not at all',
      ).choices(['trash', 'none']),
    )
    .addOption(
      new Option('--digest <when>', 'a mail to each person about new junk, when there is any').choices([
        'off',
        'daily',
      ]),
    )
    .addOption(
      new Option(
        '--mailbox-password <on|off>',
        "whether people may sign in with their mailbox's own password; off forgets what is kept",
      ).choices(['on', 'off']),
    )
    .action(
      async (
        name: string,
        options: {
          mailboxPassword?: 'on' | 'off'
          smarthost?: string[]
          smarthosts: boolean
          history?: number
          digest?: 'off' | 'daily'
          deletedMail?: 'trash' | 'none'
        },
        command: Command,
      ) => {
        const smarthosts = options.smarthost ?? (options.smarthosts ? undefined : [])
        if (
          smarthosts === undefined &&
          options.history === undefined &&
          !options.digest &&
          !options.mailboxPassword &&
          !options.deletedMail
        ) {
          command.error(
            'nothing to set: give --smarthost, --no-smarthosts, --history, --digest, --deleted-mail or --mailbox-password',
            {
              exitCode: 2,
            },
          )
        }
        await run(command, async ({ db, sealKey }) => {
          const data = await db.transaction().execute(async tx => {
            const set = await setOrganization(
              tx,
              name,
              {
                smarthosts,
                historyDays: options.history,
                digest: options.digest,
                deletedMail: options.deletedMail,
                ...(options.mailboxPassword && { mailboxPassword: options.mailboxPassword === 'on' }),
              },
              sealKey,
            )
            await audit(tx, {
              organizationId: set.id,
              actor: 'cli',
              action: 'organization.set',
              target: set.name,
              detail: {
                smarthosts: smarthosts?.length,
                historyDays: options.history,
                digest: options.digest,
                deletedMail: options.deletedMail,
                mailboxPassword: options.mailboxPassword,
              },
            })
            return set
          })
          const way = data.hasSmarthosts ? 'through smarthosts' : 'straight to the MX'
          return { data, text: `${data.name}: history ${data.historyDays} days, mail to outsiders ${way}` }
        })
      },
    )

  group
    .command('list')
    .description('list organizations')
    .action(async (_options: unknown, command: Command) => {
      await run(command, async ({ db }) => {
        const data = await listOrganizations(db)
        return {
          data,
          text: table(data, [
            { title: 'name', value: row => row.name },
            { title: 'domains', value: row => row.domains.join(' ') },
            { title: 'history', value: row => row.historyDays, right: true },
            { title: 'outgoing', value: row => (row.hasSmarthosts ? 'smarthosts' : 'MX') },
          ]),
        }
      })
    })
}
