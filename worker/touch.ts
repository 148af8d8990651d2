/**
 * Tells the webmail of settled deliveries, a few times a second and all together: each is a change to a
 * mailbox, and a mailbox takes one change at a time. Killed before: a mark stands in an open browser until
 * something else changes in that mailbox; the rows are right.
 */
import { inTransaction } from '@restante/core/db/transaction.ts'
import { touchMessages } from '@restante/core/queue/touch.ts'
import { loop } from './loop.ts'
import type { Services } from './services.ts'

export type Toucher = { touch(messageId: string): void; close(): Promise<void> }

/** How long changes are gathered, in ms: short enough to look immediate. */
const GATHER = 150
const IDLE = 60_000
const BATCH = 1_000

export function startToucher({ db, log }: Pick<Services, 'db' | 'log'>): Toucher {
  const changed = new Set<string>()
  let timer: NodeJS.Timeout | null = null

  async function flush(): Promise<void> {
    while (changed.size > 0) {
      const ids = [...changed].slice(0, BATCH)
      for (const id of ids) changed.delete(id)
      try {
        await inTransaction(db, tx => touchMessages(tx, ids))
      } catch (error) {
        for (const id of ids) changed.add(id)
        throw error
      }
    }
  }

  const rounds = loop('touch', IDLE, log, async () => {
    await flush()
  })
  return {
    touch(messageId) {
      changed.add(messageId)
      timer ??= setTimeout(() => {
        timer = null
        rounds.nudge()
      }, GATHER)
    },
    async close() {
      if (timer) clearTimeout(timer)
      await rounds.close()
      await flush().catch(error => log.warn({ event: 'touch.lost', error }))
    },
  }
}
