/** `restante list`: whom an organization, or one mailbox, always or never wants mail from. */
import { audit } from '@restante/core/access/audit.ts'
import type { Executor } from '@restante/core/db/connection.ts'
import { parseAddress } from '@restante/core/directory/addresses.ts'
import type { ListKind } from '@restante/core/directory/list-match.ts'
import { addListEntry, type ListScope, listEntries, removeListEntry } from '@restante/core/directory/lists.ts'
import { findOrganization } from '@restante/core/directory/organizations.ts'
import { Argument, type Command } from 'commander'
import { Refusal, run } from './context.ts'
import { table } from './table.ts'

type Whose = { org?: string; mailbox?: string }

export function register(program: Command): void {
  const group = program
    .command('list')
    .description('whom organizations and mailboxes always or never want mail from')

  whose(
    group
      .command('add')
      .description('add an address, a domain with its subdomains, or a network')
      .addArgument(
        new Argument(
          '<kind>',
          'allow: never taken for spam, once the sender is proven (SPF, DKIM); block: refused',
        ).choices(['allow', 'block']),
      )
      .argument('<value>', 'anna@example.com, example.com, 192.0.2.0/24'),
  )
    .option('--comment <text>', 'why')
    .action(
      async (kind: ListKind, value: string, options: Whose & { comment?: string }, command: Command) => {
        await run(command, async ({ db }) => {
          const data = await db.transaction().execute(async tx => {
            const owner = await ownerOf(tx, options)
            const { comment } = options
            const added = await addListEntry(tx, { ...owner, kind, value, comment, createdBy: 'cli' })
            await audit(tx, {
              organizationId: owner.organizationId,
              actor: 'cli',
              action: 'list.add',
              target: added.value,
              detail: { kind, mailbox: options.mailbox },
            })
            return { ...added, kind }
          })
          return { data, text: `${kind === 'allow' ? 'allows' : 'blocks'} ${data.value}` }
        })
      },
    )

  whose(group.command('remove <value>').description('take an entry away')).action(
    async (value: string, options: Whose, command: Command) => {
      await run(command, async ({ db }) => {
        const data = await db.transaction().execute(async tx => {
          const owner = await ownerOf(tx, options)
          const removed = await removeListEntry(tx, { ...owner, value })
          await audit(tx, {
            organizationId: removed.organizationId,
            actor: 'cli',
            action: 'list.remove',
            target: removed.value,
            detail: { kind: removed.kind, mailbox: options.mailbox },
          })
          return removed
        })
        return { data, text: `removed ${data.value}` }
      })
    },
  )

  group
    .command('show')
    .description('show entries: of everybody, of an organization with its mailboxes, of one mailbox')
    .option('--org <name>', 'of this organization')
    .option('--mailbox <address>', 'of this mailbox')
    .action(async (options: Whose, command: Command) => {
      await run(command, async ({ db }) => {
        const data = await listEntries(db, await scopeOf(db, options))
        return {
          data,
          text: table(data, [
            { title: 'kind', value: row => row.kind },
            { title: 'value', value: row => row.value },
            { title: 'mailbox', value: row => row.mailbox },
            { title: 'by', value: row => row.createdBy },
            { title: 'comment', value: row => row.comment },
          ]),
        }
      })
    })
}

function whose(command: Command): Command {
  return command
    .option('--org <name>', "in this organization's list")
    .option('--mailbox <address>', "in this mailbox's list")
}

/** @throws Refusal unless one of both is named; DirectoryError */
async function ownerOf(
  db: Executor,
  { org, mailbox }: Whose,
): Promise<{ organizationId: string; mailboxId: string | null }> {
  if ((org === undefined) === (mailbox === undefined))
    throw new Refusal('say whose list: --org NAME or --mailbox ADDRESS')
  if (mailbox !== undefined) return mailboxOf(db, mailbox)
  return { organizationId: (await findOrganization(db, org ?? '')).id, mailboxId: null }
}

async function scopeOf(db: Executor, { org, mailbox }: Whose): Promise<ListScope> {
  if (mailbox !== undefined) return mailboxOf(db, mailbox)
  return org === undefined ? {} : { organizationId: (await findOrganization(db, org)).id }
}

async function mailboxOf(db: Executor, text: string): Promise<{ organizationId: string; mailboxId: string }> {
  const address = parseAddress(text)?.address
  const row = await db
    .selectFrom('mailbox')
    .select(['id', 'organization_id'])
    .where('address', '=', address ?? '')
    .executeTakeFirst()
  if (!row) throw new Refusal(`there is no mailbox ${text}`)
  return { organizationId: row.organization_id, mailboxId: row.id }
}
