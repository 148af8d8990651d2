/** `restante maintenance`: times in which a mail server is expected to be away, once or repeating. */
import type { Command } from 'commander'
import { run } from './context.ts'
import { add, end, list, minutesOf, type Options, summary, withPeople, withSchedule } from './periods.ts'

export function register(program: Command): void {
  const group = program.command('maintenance').description('planned times without a mail server')

  withSchedule(withPeople(group.command('add').option('--backend <backend>', 'all people of a mail server')))
    .description('plan a window: continuity is open while it lasts, and nobody is alarmed')
    .option('--for <duration>', 'how long, like 30m or 2h; without: 2h')
    .option('--treat-as-down', 'hold the mail; without, delivery is tried all the same')
    .action(async (options: Options & { treatAsDown?: boolean }, command: Command) => {
      await run(command, async context => {
        const period = await add(context, options, {
          kind: 'maintenance',
          mail: options.treatAsDown ? 'hold' : 'deliver',
          minutes: minutesOf(options.for, 120),
        })
        return { data: period, text: summary(period) }
      })
    })

  group
    .command('list')
    .description('windows to come, open ones, and those of the last ninety days')
    .option('--org <name>', 'only this organization')
    .action(async (options: { org?: string }, command: Command) => {
      await run(command, context => list(context, 'maintenance', options.org))
    })

  group
    .command('remove <id>')
    .description('take a window back; one that is open ends now')
    .action(async (id: string, _options: object, command: Command) => {
      await run(command, async context => {
        const period = await end(context, 'maintenance', id)
        return { data: period, text: `${period.name}: taken back` }
      })
    })
}
