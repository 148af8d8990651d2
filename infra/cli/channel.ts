/** `restante channel`: where admins and operators are told of what happens, and how often. */
import { audit } from '@restante/core/access/audit.ts'
import type { Locale } from '@restante/core/db/schema/directory.ts'
import { findOrganization } from '@restante/core/directory/organizations.ts'
import { LOCALES } from '@restante/core/directory/people.ts'
import { everything } from '@restante/core/queue/scope.ts'
import {
  addChannel,
  awaitTrial,
  CHANNEL_KINDS,
  listChannels,
  removeChannel,
  testChannel,
} from '@restante/core/telling/channels.ts'
import { type PolicyView, readPolicy, setPolicy } from '@restante/core/telling/policy.ts'
import { type Command, Option } from 'commander'
import { Refusal, run } from './context.ts'
import { readStdin, wholeNumber } from './options.ts'
import { scopeOption } from './scope.ts'
import { table } from './table.ts'

type AddWords = { org?: string; name?: string; locale: Locale; later?: boolean }
type PolicyWords = {
  repeat?: number
  escalate?: number
  queue?: number
  people?: 'on' | 'off'
  status?: string
  statusOff?: boolean
}

const seconds = 15_000

export function register(program: Command): void {
  const group = program
    .command('channel')
    .description('where admins are told of what happens: add, list, test, remove, policy')

  group
    .command('add <kind> <address>')
    .description(
      `a mail address outside our domains, or the URL of a webhook (${CHANNEL_KINDS.join(', ')}); - reads it from stdin`,
    )
    .option('--org <name>', 'of this organization; without: of the installation')
    .option('--name <name>', 'what people call it')
    .addOption(new Option('--locale <locale>', 'its language').choices(LOCALES).default('en'))
    .option('--later', 'only when nobody has acknowledged it for a while')
    .action(async (kind: string, address: string, options: AddWords, command: Command) => {
      const known = CHANNEL_KINDS.find(one => one === kind)
      if (!known) command.error(`the kind must be one of ${CHANNEL_KINDS.join(', ')}`, { exitCode: 2 })
      await run(command, async ({ db, sealKey }) => {
        const organizationId = options.org ? (await findOrganization(db, options.org)).id : null
        const given = address === '-' ? (await readStdin()).trim() : address
        const data = await db.transaction().execute(async tx => {
          const channel = await addChannel(
            tx,
            {
              organizationId,
              kind: known!,
              address: given,
              name: options.name,
              locale: options.locale,
              stage: options.later ? 2 : 1,
              by: 'cli',
            },
            sealKey,
            new Date(),
          )
          await audit(tx, {
            organizationId,
            actor: 'cli',
            action: 'channel.add',
            target: channel.id,
            detail: { kind: channel.kind, name: channel.name },
          })
          return channel
        })
        const secret = data.secret ? `\nsecret ${data.secret}\nIt is shown this once.` : ''
        return { data, text: `added ${data.name} (${data.id})${secret}` }
      })
    })

  group
    .command('list')
    .description('all channels, and how the last message went')
    .option('--org <name>', 'only this organization')
    .action(async (options: { org?: string }, command: Command) => {
      await run(command, async ({ db }) => {
        const data = await listChannels(db, await scopeOption(db, options.org))
        const text = table(data, [
          { title: 'id', value: row => row.id },
          { title: 'kind', value: row => row.kind },
          { title: 'name', value: row => row.name },
          { title: 'told', value: row => (row.stage === 1 ? 'at once' : 'later') },
          { title: 'last', value: row => (row.last ? `${row.last.what} ${row.last.state}` : '') },
          { title: 'error', value: row => row.last?.error ?? '' },
        ])
        return { data, text: data.length > 0 ? text : 'none: nobody hears of an outage' }
      })
    })

  group
    .command('test <id>')
    .description('send a trial message now, and say how it went')
    .action(async (id: string, _options: object, command: Command) => {
      await run(command, async ({ db }) => {
        const trial = await testChannel(db, everything, id, new Date())
        if (!trial) throw new Refusal(`there is no channel ${id}; restante channel list shows them`)
        const result = await awaitTrial(db, trial, seconds)
        if (!result.ok) throw new Refusal(result.error ?? 'it did not work')
        return { data: result, text: 'handed over' }
      })
    })

  group
    .command('remove <id>')
    .description('tell nobody there any more')
    .action(async (id: string, _options: object, command: Command) => {
      await run(command, async ({ db }) => {
        const data = await removeChannel(db, everything, id)
        if (!data) throw new Refusal(`there is no channel ${id}; restante channel list shows them`)
        await audit(db, {
          organizationId: data.organizationId,
          actor: 'cli',
          action: 'channel.remove',
          target: id,
          detail: { kind: data.kind, name: data.name },
        })
        return { data, text: `removed ${data.name}` }
      })
    })

  group
    .command('policy <organization>')
    .description('how often an organization is told of the same, and its public status page')
    .option('--repeat <minutes>', 'while it lasts and nobody has acknowledged it; 0: never', wholeNumber)
    .option('--escalate <minutes>', 'until those hear of it who hear of it later; 0: never', wholeNumber)
    .option(
      '--queue <minutes>',
      'that mail may wait for a server that is well; 0: as long as it likes',
      wholeNumber,
    )
    .addOption(
      new Option('--people <whether>', 'people are told at their second contacts').choices(['on', 'off']),
    )
    .option('--status <name>', 'a public status page at /status/NAME')
    .option('--status-off', 'no public status page')
    .action(async (organization: string, options: PolicyWords, command: Command) => {
      await run(command, async ({ db }) => {
        const { id } = await findOrganization(db, organization)
        const changes: Partial<PolicyView> = {
          ...(options.repeat !== undefined && { repeatMinutes: options.repeat }),
          ...(options.escalate !== undefined && { escalateMinutes: options.escalate }),
          ...(options.queue !== undefined && { queueMinutes: options.queue }),
          ...(options.people && { people: options.people === 'on' }),
          ...(options.status && { statusSlug: options.status }),
          ...(options.statusOff && { statusSlug: null }),
        }
        const changed = Object.keys(changes).length > 0
        const data = changed ? await setPolicy(db, id, changes) : await readPolicy(db, id)
        if (changed) {
          await audit(db, { organizationId: id, actor: 'cli', action: 'telling.set', detail: changes })
        }
        const text = [
          `repeated every ${data.repeatMinutes} min`,
          `escalated after ${data.escalateMinutes} min`,
          `people told: ${data.people ? 'yes' : 'no'}`,
          `status page: ${data.statusSlug ? `/status/${data.statusSlug}` : 'none'}`,
        ].join('\n')
        return { data, text }
      })
    })
}
