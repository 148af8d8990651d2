/** `restante mailbox`: mailboxes, their aliases and members. */
import { audit } from '@restante/core/access/audit.ts'
import { findTarget } from '@restante/core/continuity/period-target.ts'
import type { Executor } from '@restante/core/db/connection.ts'
import { setForwards } from '@restante/core/directory/forwards.ts'
import { addMailbox, listMailboxes } from '@restante/core/directory/mailboxes.ts'
import { everything } from '@restante/core/queue/scope.ts'
import type { Command } from 'commander'
import { Refusal, run } from './context.ts'
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
    .option('--forward <address>', 'an address outside that its mail goes to besides (repeatable)', collect)
    .action(
      async (
        address: string,
        options: {
          name?: string
          shared?: boolean
          alias?: string[]
          member?: string[]
          forward?: string[]
        },
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
            if (options.forward) await forwardTo(tx, added.address, options.forward)
            return { ...added, forwards: options.forward ?? [] }
          })
          return { data, text: `added ${data.address}` }
        })
      },
    )

  group
    .command('forward <address> [to...]')
    .description(
      'addresses outside that its mail goes to besides: those given, in place of those of before; or --none',
    )
    .option('--none', 'it goes nowhere else any more')
    .action(async (address: string, to: string[], options: { none?: boolean }, command: Command) => {
      if (to.length > 0 === Boolean(options.none)) {
        command.error('give addresses, or --none', { exitCode: 2 })
      }
      await run(command, async ({ db }) => {
        const data = await db.transaction().execute(tx => forwardTo(tx, address, to))
        const text =
          data.forwards.length > 0
            ? `mail for ${data.address} goes to ${data.forwards.join(', ')} besides`
            : `mail for ${data.address} goes nowhere else`
        return { data, text }
      })
    })

  group
    .command('history <address> <days>')
    .description(
      'days that delivered mail stays readable here, 0 to 90, for a mailbox or the members of a group; or auto',
    )
    .action(async (address: string, days: string, _options: object, command: Command) => {
      const wanted = days === 'auto' ? null : Number(days)
      if (wanted !== null && !(Number.isInteger(wanted) && wanted >= 0 && wanted <= 90)) {
        command.error(`${days} is neither auto nor a number from 0 to 90`, { exitCode: 2 })
      }
      await run(command, async ({ db }) => {
        const target = await findTarget(db, everything, { people: [address] })
        if ('refused' in target || target.type !== 'people') {
          throw new Refusal('refused' in target ? target.refused : `no mailbox has the address ${address}`)
        }
        await db.transaction().execute(async tx => {
          await tx
            .updateTable('mailbox')
            .set({ history_days: wanted })
            .where('id', 'in', target.mailboxIds)
            .execute()
          await audit(tx, {
            organizationId: target.organizationId,
            actor: 'cli',
            action: 'mailbox.history',
            target: target.name,
            detail: { days: wanted },
          })
        })
        const text = `${target.mailboxIds.length} mailboxes: ${wanted === null ? 'as their domain says' : `${wanted} days`}`
        return { data: { address: target.name, mailboxes: target.mailboxIds.length, days: wanted }, text }
      })
    })

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
            { title: 'forwards', value: row => row.forwards.join(' ') },
          ]),
        }
      })
    })
}

async function forwardTo(tx: Executor, mailbox: string, to: readonly string[]) {
  const set = await setForwards(tx, mailbox, to)
  await audit(tx, {
    organizationId: set.organizationId,
    actor: 'cli',
    action: 'mailbox.forward',
    target: set.address,
    detail: { to: set.forwards },
  })
  return set
}
