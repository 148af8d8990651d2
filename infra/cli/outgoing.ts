/** `restante outgoing`: the queue to the outside, places that take no mail, addresses that are not written to. */
import { audit } from '@restante/core/access/audit.ts'
import { listDestinationIncidents } from '@restante/core/continuity/destination-incidents.ts'
import { liftSuppressed, listSuppressed } from '@restante/core/queue/suppression.ts'
import type { Command } from 'commander'
import { Refusal, run } from './context.ts'
import { reasonText } from './delivery.ts'
import { incidentLine, outgoing } from './outgoing-table.ts'
import { scopeOption } from './scope.ts'
import { short, table } from './table.ts'
import { stamp } from './time.ts'

type Options = { org?: string }

export function register(program: Command): void {
  const group = program.command('outgoing').description('mail to the outside')

  group
    .command('queue')
    .description('by destination and age in minutes, by reason and by sender')
    .option('--org <name>', 'only this organization')
    .action(async (options: Options, command: Command) => {
      await run(command, async ({ db }) => outgoing(db, await scopeOption(db, options.org), new Date()))
    })

  group
    .command('incidents')
    .description('places outside that take no mail, or took none lately')
    .option('--org <name>', 'only this organization')
    .action(async (options: Options, command: Command) => {
      await run(command, async ({ db }) => {
        const items = await listDestinationIncidents(db, await scopeOption(db, options.org))
        const now = new Date()
        return {
          data: { items },
          text: items.map(one => incidentLine(one, now)).join('\n') || 'there was none',
        }
      })
    })

  group
    .command('suppressed')
    .description('addresses that are not written to for a while, because they failed again and again')
    .option('--org <name>', 'only this organization')
    .action(async (options: Options, command: Command) => {
      await run(command, async ({ db }) => {
        const scope = await scopeOption(db, options.org)
        const items = await listSuppressed(db, scope.type === 'organization' ? scope.id : null, new Date())
        const text = table(items, [
          { title: 'ADDRESS', value: one => one.address },
          { title: 'FAILURES', value: one => one.failures, right: true },
          { title: 'SINCE', value: one => stamp(one.since) },
          { title: 'UNTIL', value: one => stamp(one.until) },
          { title: 'REPLY', value: one => short(reasonText(one.outcome), 60) },
        ])
        return { data: { items }, text: items.length > 0 ? text : 'there is none' }
      })
    })

  group
    .command('lift <addresses...>')
    .description('write to addresses again')
    .option('--org <name>', 'only for this organization')
    .action(async (addresses: string[], options: Options, command: Command) => {
      await run(command, async ({ db }) => {
        const scope = await scopeOption(db, options.org)
        const organizationId = scope.type === 'organization' ? scope.id : null
        const lifted = await liftSuppressed(db, organizationId, addresses, 'cli', new Date())
        if (lifted.length === 0) throw new Refusal(`${addresses[0]} is not suppressed`)
        await audit(db, {
          organizationId,
          actor: 'cli',
          action: 'address.lift',
          detail: { addresses: lifted },
        })
        return { data: { lifted }, text: `${lifted.length} can be written to again` }
      })
    })
}
