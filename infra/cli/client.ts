/** `restante client`: mail servers of organizations that send through us. */
import { audit } from '@restante/core/access/audit.ts'
import { findOrganization } from '@restante/core/directory/organizations.ts'
import {
  addSendingClient,
  listSendingClients,
  removeSendingClient,
} from '@restante/core/directory/sending-clients.ts'
import type { Command } from 'commander'
import { run } from './context.ts'
import { table } from './table.ts'

export function register(program: Command): void {
  const group = program
    .command('client')
    .description('mail servers of organizations that send through us, on the submission ports')

  group
    .command('add <organization> <name>')
    .description('let a mail server send as the domains of its organization')
    .option('--network <cidr>', 'known by where it comes from; without it a user and a password are made')
    .option('--certificate <sha256>', 'fingerprint of the certificate that it must show besides')
    .action(
      async (
        organization: string,
        name: string,
        options: { network?: string; certificate?: string },
        command: Command,
      ) => {
        await run(command, async ({ db }) => {
          const data = await db.transaction().execute(async tx => {
            const client = await addSendingClient(tx, { organization, name, ...options })
            await audit(tx, {
              organizationId: client.organizationId,
              actor: 'cli',
              action: 'client.add',
              target: client.name,
              detail: { network: client.network },
            })
            return client
          })
          const words = data.password
            ? `user ${data.user}\npassword ${data.password}\nIt is shown this once.`
            : `known by ${data.network}`
          return { data, text: words }
        })
      },
    )

  group
    .command('list <organization>')
    .description('those of an organization')
    .action(async (organization: string, _options: object, command: Command) => {
      await run(command, async ({ db }) => {
        const data = await listSendingClients(db, organization)
        const text = table(data, [
          { title: 'name', value: client => client.name },
          { title: 'network', value: client => client.network },
          { title: 'user', value: client => client.user },
          { title: 'since', value: client => client.createdAt.toISOString().slice(0, 10) },
        ])
        return { data, text: data.length > 0 ? text : 'none' }
      })
    })

  group
    .command('remove <organization> <name>')
    .description('let it send no more')
    .action(async (organization: string, name: string, _options: object, command: Command) => {
      await run(command, async ({ db }) => {
        await db.transaction().execute(async tx => {
          const { id: organizationId } = await findOrganization(tx, organization)
          await removeSendingClient(tx, organization, name)
          await audit(tx, { organizationId, actor: 'cli', action: 'client.remove', target: name })
        })
        return { data: { organization, name }, text: `removed ${name}` }
      })
    })
}
