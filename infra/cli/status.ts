/** `restante status`: the gateway in a few lines. */
import { readOverview } from '@restante/core/queue/overview.ts'
import { everything } from '@restante/core/queue/scope.ts'
import type { Command } from 'commander'
import { run } from './context.ts'
import { partsOf } from './parts.ts'
import { pairs } from './table.ts'
import { when } from './time.ts'

export function register(program: Command): void {
  program
    .command('status')
    .description('the gateway in a few lines')
    .action(async (_options: object, command: Command) => {
      await run(command, async ({ db, settings }) => {
        const now = new Date()
        const [parts, overview] = await Promise.all([partsOf(settings), readOverview(db, everything, now)])
        const away = overview.backends.filter(backend => backend.health !== 'up')
        const { depth, oldest } = overview.totals
        const data = {
          at: now,
          parts: parts.map(part => ({ name: part.name, state: part.state, address: part.address })),
          backends: overview.backends.map(({ id, name, health, since, cause }) => ({
            id,
            name,
            health,
            since,
            cause,
          })),
          waiting: depth,
          oldest,
          url: settings.PUBLIC_URL,
        }
        const text = pairs([
          ...parts.map(
            part =>
              [
                part.name,
                part.state === 'serving'
                  ? 'serves'
                  : part.state === 'away'
                    ? 'is not running'
                    : `unwell: ${part.reason}`,
              ] as const,
          ),
          [
            'backends',
            `${overview.backends.length - away.length} of ${overview.backends.length} up${away
              .map(backend => `; ${backend.name} ${backend.health} since ${when(backend.since, now)}`)
              .join('')}`,
          ],
          [
            'waiting',
            depth.total === 0
              ? 'nothing'
              : `${depth.total} (${depth.queued} queued, ${depth.deferred} deferred, ${depth.held} held), the oldest came ${when(oldest, now)}`,
          ],
          ['webmail', settings.PUBLIC_URL],
        ])
        return { data, text }
      })
    })
}
