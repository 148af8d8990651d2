/** `restante mailbox`: mailboxes, their aliases and members. */
import { audit } from '@restante/core/access/audit.ts'
import { addMailbox, listMailboxes } from '@restante/core/directory/mailboxes.ts'
import type { Command } from 'commander'
import { run } from './context.ts'
import { collect } from './options.ts'
import { scopeOption } from './scope.ts'
import { table } from './table.ts'

export function register(program: Command): void {
  const group = program.command('mailbox').description('mailboxes, their aliases and members')

  group
    .command('add <address>')
    .description('add a mailbox; person add makes the personal one by itself')
    .option('--name <name>', 'shown beside the address')
    .option('--shared', 'several people work in it')
    .option(
      '--alias <address>',
      'an address that leads to it too; several mailboxes may share one (repeatable)',
      collect,
    )
    .option('--member <address>', 'a person who may open it (repeatable)', collect)
    .action(
      async (
        address: string,
        options: { name?: string; shared?: boolean; alias?: string[]; member?: string[] },
        command: Command,
      ) => {
        await run(command, async ({ db }) => {
          const data = await db.transaction().execute(async tx => {
            const added = await addMailbox(tx, {
              address,
              name: options.name,
              shared: options.shared ?? false,
              aliases: options.alias ?? [],
              members: options.member ?? [],
            })
            await audit(tx, {
              organizationId: added.organizationId,
              actor: 'cli',
              action: 'mailbox.add',
              target: added.address,
            })
            return added
          })
          return { data, text: `added ${data.address}` }
        })
      },
    )

  group
    .command('list')
    .description('list mailboxes')
    .option('--org <name>', 'only this organization')
    .action(async (options: { org?: string }, command: Command) => {
      await run(command, async ({ db }) => {
        const scope = await scopeOption(db, options.org)
        const data = await listMailboxes(db, scope.type === 'organization' ? scope.id : undefined)
        return {
          data,
          text: table(data, [
            { title: 'address', value: row => row.address },
            { title: 'name', value: row => row.name },
            { title: 'kind', value: row => row.kind },
            { title: 'aliases', value: row => row.aliases.join(' ') },
            { title: 'members', value: row => row.members.join(' ') },
          ]),
        }
      })
    })
}
