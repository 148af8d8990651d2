/** `restante incident`: what happened, what became of the mail, and whether it is where it belongs. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  type IncidentDetail,
  type IncidentSummary,
  listRestorations,
  restoreAgain,
  showRestoration,
} from '@restante/core/continuity/incidents.ts'
import { sieveRule } from '@restante/core/continuity/sieve.ts'
import type { Numbers } from '@restante/core/continuity/statement.ts'
import { everything } from '@restante/core/queue/scope.ts'
import type { Command } from 'commander'
import { type Context, Refusal, run } from './context.ts'
import { scopeOption } from './scope.ts'
import { pairs, short, table } from './table.ts'
import { stamp } from './time.ts'

export function register(program: Command): void {
  const group = program
    .command('incident')
    .description('incidents, closing statements, what was brought back')

  group
    .command('list')
    .description('incidents and the figures of their statements, newest first')
    .option('--org <name>', 'only this organization')
    .action(async (options: { org?: string }, command: Command) => {
      await run(command, async ({ db }) => {
        const data = await listRestorations(db, await scopeOption(db, options.org))
        return { data, text: data.length === 0 ? 'there was no incident yet' : listText(data) }
      })
    })

  group
    .command('show <id>')
    .description('one incident: figures of everybody together and of each mailbox, and what went wrong')
    .action(async (id: string, _options: unknown, command: Command) => {
      await run(command, async ({ db }) => {
        const data = await find(db, id)
        return { data, text: detailText(data) }
      })
    })

  group
    .command('check <id>')
    .description('look by IMAP whether the mail servers hold what the statement says')
    .action(async (id: string, _options: unknown, command: Command) => {
      await run(command, async context => {
        const { id: known } = await find(context.db, id)
        const data = await check(context, known)
        if (data.some(one => one.error !== null || one.absent.length > 0)) process.exitCode = 1
        const text = table(data, [
          { title: 'MAILBOX', value: one => one.address },
          { title: 'EXPECTED', value: one => one.expected, right: true },
          { title: 'FOUND', value: one => one.found, right: true },
          { title: 'NOT FOUND', value: one => one.error ?? short(one.absent.join(', '), 80) },
        ])
        return { data, text }
      })
    })

  group
    .command('restore <id>')
    .description('look once more at every mailbox; what is in its place already stays as it is')
    .action(async (id: string, _options: unknown, command: Command) => {
      await run(command, async ({ db }) => {
        const found = await find(db, id)
        if (found.closedAt === null) throw new Refusal('it is not over yet')
        const mailboxes = await restoreAgain(db, found.id)
        return { data: { id: found.id, mailboxes }, text: `${mailboxes} mailboxes are looked at again` }
      })
    })

  group
    .command('sieve')
    .description('the Sieve rule that files sent copies on servers without IMAP access for us')
    .requiredOption('--org <name>', 'the organization')
    .action(async (options: { org: string }, command: Command) => {
      await run(command, async ({ db, sealKey }) => {
        const scope = await scopeOption(db, options.org)
        if (scope.type !== 'organization') throw new Refusal('say which organization')
        const rule = sieveRule(sealKey, scope.id)
        return { data: { rule }, text: rule.trimEnd() }
      })
    })
}

async function find(db: Context['db'], id: string): Promise<IncidentDetail> {
  const found = await showRestoration(db, everything, id)
  if (!found) throw new Refusal(`there is no incident ${id}: restante incident list`)
  return found
}

type Checked = { address: string; expected: number; found: number; absent: string[]; error: string | null }

/** In a process of its own: speaking IMAP is the worker's. */
async function check({ databaseUrl }: Context, id: string): Promise<Checked[]> {
  const program = join(import.meta.dirname, '../../worker/restore/check.ts')
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program, id], {
      env: { ...process.env, DATABASE_URL: databaseUrl },
      maxBuffer: 64 * 1024 * 1024,
    })
    return JSON.parse(stdout) as Checked[]
  } catch (error) {
    const { stderr } = error as { stderr?: string }
    throw new Refusal(stderr?.trim().split('\n').at(-1) || (error as Error).message)
  }
}

const progress = ({ closedAt, settledAt, statedAt, mailboxes }: IncidentSummary) => {
  if (closedAt === null) return 'open'
  if (settledAt !== null) return mailboxes.givenUp > 0 ? `settled, ${mailboxes.givenUp} given up` : 'settled'
  return `${mailboxes.due} mailboxes under way${statedAt ? ', stated' : ''}`
}

function listText(list: readonly IncidentSummary[]): string {
  return table(list, [
    { title: 'ID', value: one => one.id },
    { title: 'BACKEND', value: one => one.backend },
    { title: 'FROM', value: one => stamp(one.openedAt) },
    { title: 'TO', value: one => one.closedAt && stamp(one.closedAt) },
    { title: 'RECEIVED', value: one => one.numbers.received, right: true },
    { title: 'SENT', value: one => one.numbers.sent, right: true },
    { title: 'FILED', value: one => one.numbers.filed, right: true },
    { title: 'FAILED', value: one => one.numbers.failed + one.numbers.notFiled, right: true },
    { title: 'STATE', value: progress },
  ])
}

const sums = (numbers: Numbers): [string, string][] => [
  [
    'Received',
    `${numbers.received} = ${numbers.delivered} delivered + ${numbers.deleted} deleted by their people + ${numbers.failed} failed + ${numbers.waiting} waiting`,
  ],
  [
    'Sent',
    `${numbers.sent} = ${numbers.sentAccepted} accepted + ${numbers.sentFailed} failed + ${numbers.sentWaiting} waiting`,
  ],
  [
    'To file',
    `${numbers.toFile} = ${numbers.filed} filed + ${numbers.notFiled} not filed + ${numbers.filing} under way`,
  ],
]

function detailText(one: IncidentDetail): string {
  return [
    pairs([
      ['Incident', one.id],
      ['Backend', one.backend],
      ['From', stamp(one.openedAt)],
      ['To', one.closedAt && stamp(one.closedAt)],
      ['State', progress(one)],
      ...sums(one.numbers),
    ]),
    table(one.people, [
      { title: 'MAILBOX', value: person => person.address },
      { title: 'RECEIVED', value: person => person.numbers.received, right: true },
      { title: 'DELIVERED', value: person => person.numbers.delivered, right: true },
      { title: 'DELETED', value: person => person.numbers.deleted, right: true },
      { title: 'FAILED', value: person => person.numbers.failed, right: true },
      { title: 'WAITING', value: person => person.numbers.waiting, right: true },
      { title: 'SENT', value: person => person.numbers.sent, right: true },
      { title: 'FILED', value: person => person.numbers.filed, right: true },
      { title: 'NOT FILED', value: person => person.numbers.notFiled, right: true },
      { title: 'STATE', value: person => person.state },
      { title: 'ERROR', value: person => short(person.error ?? '', 60) },
    ]),
  ].join('\n\n')
}
