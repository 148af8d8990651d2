/**
 * `restante quarantine`: look at what the scan holds, and release or delete it by id or by filter. An action on a
 * filter needs `--all`, so that a forgotten id does not mean everything.
 */
import { audit } from '@restante/core/access/audit.ts'
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import type { ScanHold } from '@restante/core/db/schema/delivery.ts'
import { Directory, readDirectory } from '@restante/core/directory/snapshot.ts'
import { actOnQuarantine, type QuarantineAction } from '@restante/core/ingest/quarantine.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import {
  listQuarantine,
  type QuarantineFilter,
  type QuarantineItem,
  readQuarantined,
} from '@restante/core/queue/quarantine.ts'
import { KINDS, type Kind } from '@restante/core/queue/quarantine-kinds.ts'
import { SCAN_HOLDS } from '@restante/core/queue/scan-holds.ts'
import { sentenceOf } from '@restante/core/scan/reasons.ts'
import { openSpool } from '@restante/core/spool/open.ts'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Context, Refusal, run } from './context.ts'
import { scopeOption } from './scope.ts'
import { pairs, short, table } from './table.ts'
import { age, bytes, when } from './time.ts'

type Options = { org?: string; hold?: ScanHold[]; kind?: Kind; text?: string }

export function register(program: Command): void {
  const group = program.command('quarantine').description('what the scan holds: list, show, release, delete')

  filtered(group.command('list'))
    .description(
      'list what is held, the newest first; the quarantine and what waits to be scanned unless told',
    )
    .option('--limit <n>', 'lines at most', count, 50)
    .option('--cursor <cursor>', 'go on after a page')
    .action(async (options: Options & { limit: number; cursor?: string }, command: Command) => {
      await run(command, async ({ db }) => {
        const scope = await scopeOption(db, options.org)
        const page = await listQuarantine(db, scope, filterOf(options), options)
        if (!page) throw new Refusal('the cursor belongs to another list')
        return { data: page, text: listText(page.items, page.next, new Date()) }
      })
    })

  group
    .command('show <id>')
    .description('show one held message with what was found')
    .action(async (id: string, _options: object, command: Command) => {
      await run(command, async ({ db }) => {
        const item = await readQuarantined(db, await scopeOption(db, undefined), id)
        if (!item) throw new Refusal(`nothing with the id ${id} is held`)
        return { data: item, text: itemText(item, new Date()) }
      })
    })

  for (const [action, description] of [
    ['release', 'deliver it, with the envelope it came with'],
    ['delete', 'give it up: it is not delivered, and nobody is told'],
  ] as const satisfies readonly (readonly [QuarantineAction, string])[]) {
    filtered(group.command(`${action} [ids...]`))
      .description(description)
      .option('--all', 'all that the filters leave')
      .action(async (ids: string[], options: Options & { all?: boolean }, command: Command) => {
        if (ids.length > 0 === Boolean(options.all)) {
          command.error('give ids, or --all with filters', { exitCode: 2 })
        }
        await run(command, async context => {
          const scope = await scopeOption(context.db, options.org)
          const result = await act(context, action, scope, options.all ? filterOf(options) : ids)
          if (result.matched === 0 && ids.length > 0)
            throw new Refusal(`nothing with the id ${ids[0]} is held`)
          return { data: result, text: `${result.changed} of ${result.matched} changed` }
        })
      })
  }
}

function filtered(command: Command): Command {
  return command
    .option('--org <name>', 'only this organization')
    .addOption(new Option('--hold <reason...>', `held as ${SCAN_HOLDS.join(', ')}`).argParser(holds))
    .addOption(new Option('--kind <kind>', 'what was found').choices([...KINDS]))
    .option('--text <words>', 'with these words in sender, recipient or subject')
}

function holds(value: string, earlier: ScanHold[] = []): ScanHold[] {
  const named = value.split(',').filter(Boolean)
  const unknown = named.find(name => !(SCAN_HOLDS as readonly string[]).includes(name))
  if (unknown) throw new InvalidArgumentError(`${unknown} is none of ${SCAN_HOLDS.join(', ')}`)
  return [...earlier, ...(named as ScanHold[])]
}

function count(value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1 || number > 200)
    throw new InvalidArgumentError('a number from 1 to 200')
  return number
}

const filterOf = ({ hold, kind, text }: Options): QuarantineFilter => ({
  ...(hold && { holds: hold }),
  ...(kind && { kind }),
  ...(text && { text }),
})

async function act(
  { db, settings }: Context,
  action: QuarantineAction,
  scope: Parameters<typeof actOnQuarantine>[1],
  target: readonly string[] | QuarantineFilter,
) {
  const spool = await openSpool({
    url: settings.SPOOL_URL,
    secretKey: deriveKey(loadSecret(settings), 'spool'),
    encrypt: settings.SPOOL_ENCRYPT === 'on',
    writer: 'cli',
    log: silentLog,
  })
  try {
    const directory = new Directory(await readDirectory(db))
    return await actOnQuarantine(
      {
        db,
        spool,
        directory: () => directory,
        now: () => new Date(),
        note: notes => spool.note(notes),
        audit: (tx, batch) =>
          audit(tx, {
            organizationId: batch.organizationId,
            actor: 'cli',
            action: `quarantine.${action}`,
            detail: { deliveries: batch.ids },
          }),
      },
      scope,
      action,
      target,
    )
  } finally {
    await spool.close()
  }
}

/** The gravest finding in words. */
function why(item: QuarantineItem): string {
  const worst = item.scan?.steps.find(step => step.verdict === 'reject' || step.verdict === 'quarantine')
  return worst ? sentenceOf(worst.reason, worst.detail, 'en') : ''
}

function listText(items: readonly QuarantineItem[], next: string | null, now: Date): string {
  if (items.length === 0) return 'nothing found'
  const rows = table(items, [
    { title: 'ID', value: item => item.id },
    { title: 'HELD', value: item => item.hold },
    { title: 'FOUND', value: item => item.kind },
    { title: 'AGE', value: item => age(item.receivedAt, now), right: true },
    { title: 'SIZE', value: item => bytes(item.size), right: true },
    { title: 'FROM', value: item => short(item.sender || '<>', 30) },
    { title: 'TO', value: item => short(item.recipients.join(' '), 36) },
    { title: 'SUBJECT', value: item => short(item.subject, 40) },
    { title: 'WHY', value: item => short(why(item), 60) },
  ])
  return next ? `${rows}\nmore: --cursor ${next}` : rows
}

function itemText(item: QuarantineItem, now: Date): string {
  const parts = [
    pairs([
      ['Delivery', item.id],
      ['Message', item.messageId],
      ['Held', item.hold],
      ['From', item.sender || '<>'],
      ['To', item.recipients.join(' ')],
      ['Subject', item.subject],
      ['Size', bytes(item.size)],
      ['Came', when(item.receivedAt, now)],
    ]),
  ]
  if (item.scan) {
    parts.push(
      table(item.scan.steps, [
        { title: 'STEP', value: step => step.step },
        { title: 'VERDICT', value: step => step.verdict },
        { title: 'SCORE', value: step => step.score ?? '', right: true },
        { title: 'MS', value: step => step.ms, right: true },
        { title: 'WHAT', value: step => sentenceOf(step.reason, step.detail, 'en') },
      ]),
    )
  }
  return parts.join('\n\n')
}
