/** `restante drill`: continuity opens for some people as if their mail server were down, while it delivers on. */
import type { Use } from '@restante/core/continuity/drill.ts'
import { listPeriods } from '@restante/core/continuity/periods.ts'
import { everything } from '@restante/core/queue/scope.ts'
import type { Command } from 'commander'
import { Refusal, run } from './context.ts'
import { add, end, list, minutesOf, type Options, summary, withPeople, withSchedule } from './periods.ts'
import { pairs } from './table.ts'
import { stamp } from './time.ts'

export function register(program: Command): void {
  const group = program.command('drill').description('try an outage without one')

  withSchedule(withPeople(group.command('start')))
    .description('open continuity for a person, a group or a domain; it ends by itself')
    .option('--for <duration>', 'how long, like 30m or 2h; without: 1h')
    .action(async (options: Options, command: Command) => {
      await run(command, async context => {
        const minutes = minutesOf(options.for, 60)
        const period = await add(context, options, { kind: 'drill', mail: 'deliver', minutes })
        return { data: period, text: summary(period) }
      })
    })

  group
    .command('list')
    .description('drills to come, open ones, and those of the last ninety days')
    .option('--org <name>', 'only this organization')
    .action(async (options: { org?: string }, command: Command) => {
      await run(command, context => list(context, 'drill', options.org))
    })

  group
    .command('stop <id>')
    .description('end a drill now, and its repetitions')
    .action(async (id: string, _options: object, command: Command) => {
      await run(command, async context => {
        const period = await end(context, 'drill', id)
        return { data: period, text: `${period.name}: over. restante drill report ${id}` }
      })
    })

  group
    .command('report <id>')
    .description('what the last one found: who came, what they did, what did not work')
    .action(async (id: string, _options: object, command: Command) => {
      await run(command, async context => {
        const [period] = await listPeriods(context.db, everything, { kind: 'drill', id }, new Date())
        if (!period) throw new Refusal(`there is no drill ${id}`)
        if (!period.report) throw new Refusal('it has not been over yet: there is no report')
        const report = period.report as Use & { from: string; to: string }
        const data = { id: period.id, name: period.name, reason: period.reason, ...report }
        return { data, text: reportText(data) }
      })
    })
}

function reportText(report: Use & { name: string; from: string; to: string }): string {
  const lists = [
    ['Could not sign in, for want of a password', report.withoutPassword],
    ['Did not come', report.absent],
  ] as const
  return [
    pairs([
      ['For', report.name],
      ['From', stamp(new Date(report.from))],
      ['To', stamp(new Date(report.to))],
      ['People', `${report.came} of ${report.people} came`],
      ['Received', report.received],
      ['Read', report.read],
      ['Answered', report.answered],
      ['Starred', report.starred],
      ['Moved', report.moved],
      ['Deleted', report.deleted],
      ['Sent', `${report.sent}${report.sentFailed ? `, of which ${report.sentFailed} failed` : ''}`],
      ['Not delivered to the server yet', report.notDelivered],
      ['Refused by the server', report.refused],
    ]),
    ...lists
      .filter(([, addresses]) => addresses.length > 0)
      .map(([title, addresses]) => `${title}:\n${addresses.map(address => `  ${address}`).join('\n')}`),
  ].join('\n\n')
}
