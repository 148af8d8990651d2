/** `restante queue`: what waits, by backend and state, with the age of the oldest; with --outgoing, by destination. */
import { type DestinationOverview, type Overview, readOverview } from '@restante/core/queue/overview.ts'
import type { Command } from 'commander'
import { run } from './context.ts'
import { outgoing } from './outgoing-table.ts'
import { scopeOption } from './scope.ts'
import { table } from './table.ts'
import { age } from './time.ts'

export function register(program: Command): void {
  program
    .command('queue')
    .description('show what waits, by backend and state')
    .option('--org <name>', 'only this organization')
    .option('--outgoing', 'what goes out, by destination and age in minutes, by reason and by sender')
    .action(async (options: { org?: string; outgoing?: boolean }, command: Command) => {
      await run(command, async ({ db }) => {
        if (options.outgoing) return await outgoing(db, await scopeOption(db, options.org), new Date())
        const overview = await readOverview(db, await scopeOption(db, options.org), new Date())
        return { data: overview, text: queueText(overview) }
      })
    })
}

type Line = {
  name: string
  health: string
  depth: DestinationOverview['depth']
  oldest: Date | null
  out: number
}

/** The table: backends, then what goes out with its deepest destinations, then the sum. */
export function queueText(overview: Overview): string {
  const lines: Line[] = overview.backends.map(backend => ({
    name: backend.name,
    health: backend.override ? `${backend.health} (override)` : backend.health,
    depth: backend.depth,
    oldest: backend.oldest,
    out: recent(backend.rates.out),
  }))
  const { outbound } = overview
  lines.push({
    name: 'outbound',
    health: '',
    depth: outbound.depth,
    oldest: outbound.oldest,
    out: recent(outbound.rates.out),
  })
  for (const destination of outbound.destinations.slice(0, 10)) {
    lines.push({
      name: `  ${destination.destination}`,
      health: destination.reason?.category ?? '',
      depth: destination.depth,
      oldest: destination.oldest,
      out: 0,
    })
  }
  const all = [...overview.backends, outbound]
  lines.push({
    name: 'all',
    health: '',
    ...overview.totals,
    out: all.reduce((sum, one) => sum + recent(one.rates.out), 0),
  })
  return table(lines, [
    { title: 'BACKEND', value: line => line.name },
    { title: 'HEALTH', value: line => line.health },
    { title: 'QUEUED', value: line => line.depth.queued, right: true },
    { title: 'MOVING', value: line => line.depth.moving, right: true },
    { title: 'DEFERRED', value: line => line.depth.deferred, right: true },
    { title: 'HELD', value: line => line.depth.held, right: true },
    { title: 'ALL', value: line => line.depth.total, right: true },
    { title: 'OLDEST', value: line => age(line.oldest, overview.at), right: true },
    { title: 'OUT/5MIN', value: line => (line.name.startsWith('  ') ? '' : line.out), right: true },
  ])
}

const recent = (perMinute: readonly number[]) => perMinute.slice(-5).reduce((sum, count) => sum + count, 0)
