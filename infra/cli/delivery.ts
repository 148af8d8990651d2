/**
 * `restante delivery`: look at deliveries, and retry, hold, release, reroute or cancel them by id or by filter. An
 * action on a filter needs `--all`, so that a forgotten id does not mean everything.
 */
import type { DeliveryState, HoldReason } from '@restante/core/db/schema/delivery.ts'
import type { Action, ActionResult } from '@restante/core/queue/actions.ts'
import {
  type DeliveryFilter,
  type DeliveryLine,
  listDeliveries,
  SORTS,
  type Sort,
  STATES,
} from '@restante/core/queue/overview-deliveries.ts'
import { type DeliveryStory, deliveryStory } from '@restante/core/queue/overview-story.ts'
import { SCAN_HOLDS } from '@restante/core/queue/scan-holds.ts'
import type { Scope } from '@restante/core/queue/scope.ts'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Context, Refusal, run } from './context.ts'
import { act, rerouteThem } from './delivery-actions.ts'
import { collect } from './options.ts'
import { findBackend, scopeOption } from './scope.ts'
import { pairs, short, table } from './table.ts'
import { age, bytes, stamp, when } from './time.ts'

type FilterOptions = {
  org?: string
  state?: DeliveryState[]
  backend?: string
  destination?: string
  holdReason?: HoldReason
  text?: string
}

export function register(program: Command): void {
  const group = program.command('delivery').description('look at deliveries and act on them')

  filtered(group.command('list'))
    .description('list deliveries; the open ones, oldest first, unless asked otherwise')
    .addOption(new Option('--sort <order>', 'order').choices([...SORTS]).default('age'))
    .option('--limit <n>', 'lines at most', count, 50)
    .option('--cursor <cursor>', 'go on after a page')
    .action(
      async (options: FilterOptions & { sort: Sort; limit: number; cursor?: string }, command: Command) => {
        await run(command, async context => {
          const now = new Date()
          const { scope, filter } = await read(context, options)
          const page = await listDeliveries(context.db, scope, filter, options, now)
          if (!page) throw new Refusal('the cursor belongs to another list')
          return { data: page, text: listText(page.items, page.next, now) }
        })
      },
    )

  group
    .command('show <id>')
    .description("show one delivery's whole story")
    .action(async (id: string, _options: object, command: Command) => {
      await run(command, async context => {
        const now = new Date()
        const story = await deliveryStory(context.db, await scopeOption(context.db, undefined), id, now)
        if (!story) throw new Refusal(`there is no delivery ${id}`)
        return { data: story, text: storyText(story, now) }
      })
    })

  for (const [action, description] of [
    ['retry', 'try again now'],
    ['hold', 'keep from being tried until released'],
    ['release', 'let what is held be tried'],
    ['cancel', 'give up: it is not delivered, and nobody is told'],
  ] as const satisfies readonly (readonly [Action, string])[]) {
    filtered(group.command(`${action} [ids...]`))
      .description(description)
      .option('--all', ALL)
      .action(async (ids: string[], options: Chosen, command: Command) => {
        await onChosen(command, ids, options, (context, scope, target) => act(context, action, scope, target))
      })
  }

  filtered(group.command('reroute [ids...]'))
    .description(
      'let what goes out go another way: through other hosts, straight to the MX, or the usual way again',
    )
    .requiredOption(
      '--to <way>',
      'the URL of a smarthost or host (repeatable, in order), mx, or usual',
      collect,
    )
    .option('--all', ALL)
    .action(async (ids: string[], options: Chosen & { to: string[] }, command: Command) => {
      const [word = '', ...more] = options.to
      const named = word === 'mx' || word === 'usual'
      if (named && more.length > 0) command.error(`${word} stands alone`, { exitCode: 2 })
      const way = named ? word : options.to
      await onChosen(command, ids, options, (context, scope, target) =>
        rerouteThem(context, way, scope, target),
      )
    })
}

const ALL = 'all open deliveries that the filters leave'
type Chosen = FilterOptions & { all?: boolean }

async function onChosen(
  command: Command,
  ids: string[],
  options: Chosen,
  work: (context: Context, scope: Scope, target: string[] | DeliveryFilter) => Promise<ActionResult>,
): Promise<void> {
  if (ids.length > 0 === Boolean(options.all)) {
    command.error('give ids, or --all with filters', { exitCode: 2 })
  }
  await run(command, async context => {
    const { scope, filter } = await read(context, options)
    const result = await work(context, scope, options.all ? filter : ids)
    if (result.missing.length > 0 && result.changed === 0) {
      throw new Refusal(`there is no delivery ${result.missing[0]}`)
    }
    return { data: result, text: `${result.changed} of ${result.matched} changed` }
  })
}

function filtered(command: Command): Command {
  return command
    .option('--org <name>', 'only this organization')
    .addOption(
      new Option('--state <state...>', 'in these states, several by spaces or commas').argParser(states),
    )
    .option('--backend <backend>', 'to this backend (id, name, domain, host:port), or outbound')
    .option('--destination <domain>', 'going out to this domain')
    .addOption(
      new Option('--hold-reason <reason>', 'held by').choices(['backend', 'admin', 'guard', ...SCAN_HOLDS]),
    )
    .option('--text <words>', 'with these words in sender, recipient, subject, destination or Message-ID')
}

function states(value: string, earlier: DeliveryState[] = []): DeliveryState[] {
  const named = value.split(',').filter(Boolean)
  const unknown = named.find(name => !STATES.includes(name as DeliveryState))
  if (unknown) throw new InvalidArgumentError(`${unknown} is none of ${STATES.join(', ')}`)
  return [...earlier, ...(named as DeliveryState[])]
}

function count(value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1 || number > 500) {
    throw new InvalidArgumentError('a number from 1 to 500')
  }
  return number
}

async function read({ db, sealKey }: Context, options: FilterOptions) {
  const filter: DeliveryFilter = {
    states: options.state,
    destination: options.destination?.toLowerCase(),
    holdReason: options.holdReason,
    text: options.text,
  }
  if (options.backend === 'outbound') filter.backend = 'outbound'
  else if (options.backend) filter.backend = (await findBackend(db, sealKey, options.backend)).id
  return { scope: await scopeOption(db, options.org), filter }
}

/** What a person needs to know of a line's state in one word or two. */
function stateText(line: DeliveryLine): string {
  if (line.moving) return 'moving'
  return line.state === 'held' && line.holdReason ? `held (${line.holdReason})` : line.state
}

export function reasonText(outcome: DeliveryLine['outcome']): string {
  if (!outcome) return ''
  const said = [outcome.code, outcome.enhanced, outcome.text].filter(Boolean).join(' ')
  return said ? `${outcome.category}: ${said}` : outcome.category
}

function listText(lines: readonly DeliveryLine[], next: string | null, now: Date): string {
  if (lines.length === 0) return 'nothing found'
  const rows = table(lines, [
    { title: 'ID', value: line => line.id },
    { title: 'STATE', value: stateText },
    { title: 'AGE', value: line => age(line.createdAt, now), right: true },
    { title: 'TRIES', value: line => line.attempts, right: true },
    { title: 'NEXT', value: line => nextText(line, now), right: true },
    { title: 'SIZE', value: line => bytes(line.size), right: true },
    { title: 'FROM', value: line => short(line.sender || '<>', 30) },
    { title: 'TO', value: line => short(toText(line), 36) },
    { title: 'SUBJECT', value: line => short(line.subject, 40) },
    { title: 'REASON', value: line => short(reasonText(line.outcome), 60) },
  ])
  return next ? `${rows}\nmore: --cursor ${next}` : rows
}

function toText(line: DeliveryLine): string {
  const [first = '', ...rest] = line.recipients
  const others = line.recipientCount - 1
  return rest.length > 0 || others > 0 ? `${first} +${others}` : first
}

function nextText(line: DeliveryLine, now: Date): string {
  if (line.state !== 'deferred' || !line.nextAttemptAt) return ''
  const away = line.nextAttemptAt.getTime() - now.getTime()
  return away <= 0 ? 'now' : `in ${age(new Date(now.getTime() - away), now)}`
}

function storyText(story: DeliveryStory, now: Date): string {
  const { client } = story.message
  const parts = [
    pairs([
      ['Delivery', story.id],
      ['State', stateText(story)],
      ['Message', `${story.messageId} ${story.message.headerMessageId ?? ''}`.trim()],
      ['From', story.sender || '<>'],
      ['Subject', story.subject],
      ['Size', bytes(story.size)],
      [
        'Came',
        [when(story.message.receivedAt, now), client.protocol, client.name ?? client.address, client.helo]
          .filter(Boolean)
          .join(' '),
      ],
      ['To', story.backend ? `backend ${story.backend}` : `outbound ${story.destination}`],
      ['Way', story.way],
      ['Next try', story.state === 'deferred' ? when(story.nextAttemptAt, now) : null],
      ['Settled', when(story.settledAt, now)],
    ]),
    table(story.everyone, [
      { title: 'RECIPIENT', value: one => one.address },
      { title: 'STATE', value: one => one.state },
      { title: 'SINCE', value: one => one.settledAt && stamp(one.settledAt) },
      { title: 'REPLY', value: one => reasonText(one.outcome) },
    ]),
  ]
  if (story.tries.length > 0) {
    parts.push(
      table(story.tries, [
        { title: 'TRY', value: one => one.number, right: true },
        { title: 'AT', value: one => stamp(one.startedAt) },
        {
          title: 'TOOK',
          value: one => one.finishedAt && `${one.finishedAt.getTime() - one.startedAt.getTime()} ms`,
          right: true,
        },
        { title: 'HOST', value: one => one.host },
        { title: 'TLS', value: one => one.outcome?.tls },
        { title: 'PHASE', value: one => one.outcome?.phase },
        { title: 'REPLY', value: one => reasonText(one.outcome) },
      ]),
    )
  }
  return parts.join('\n\n')
}
