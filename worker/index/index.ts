/**
 * Makes new mail searchable (core/jmap/search-index), a moment after it came: ingest has no time for it. A hint
 * names the mailbox; now and then all are looked at, for hints are lost, and for what was there before the index.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from '@restante/core/db/notify.ts'
import { indexMailbox, unindexed } from '@restante/core/jmap/search-index.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import { type Loop, loop } from '../loop.ts'
import type { Services } from '../services.ts'

const indexed = counter('search_indexed_emails_total', 'E-mails whose words were put into the search index.')

/** Hints are gathered for so long, in ms: a mailbox that gets much is looked at once. */
const GATHER = 1_000
/** All mailboxes are looked at so often, in ms. */
const EVERYTHING = 60_000
/** Batches of one mailbox before the others get their turn. */
const TURN = 5
/** Between two batches of a backlog, as a part of the time that a batch took: others need the database, too. */
const REST = 0.5

export function startIndex({ db, databaseUrl, log }: Pick<Services, 'db' | 'databaseUrl' | 'log'>): Loop {
  let hinted = new Set<string>()
  let lookedAt = Number.NEGATIVE_INFINITY
  let closed = false

  async function round(): Promise<void> {
    const waiting = hinted
    hinted = new Set()
    if (performance.now() - lookedAt >= EVERYTHING) {
      for (const id of await unindexed(db)) waiting.add(id)
      lookedAt = performance.now()
    }
    try {
      for (const id of waiting) {
        const more = await turn(id)
        waiting.delete(id)
        if (more) hinted.add(id)
        if (closed) break
      }
    } finally {
      for (const id of waiting) hinted.add(id)
    }
  }

  /** @returns whether there is more */
  async function turn(id: string): Promise<boolean> {
    for (let batch = 0; batch < TURN && !closed; batch++) {
      const began = performance.now()
      const count = await indexMailbox(db, id)
      indexed.inc(count)
      if (count === 0) return false
      await sleep((performance.now() - began) * REST)
    }
    return true
  }

  const work = loop('index', GATHER, log, async () => {
    await round()
    return hinted.size > 0 ? 0 : GATHER
  })
  const listener = listen(
    databaseUrl,
    ['mail'],
    (_, id) => hinted.add(id),
    () => {
      lookedAt = Number.NEGATIVE_INFINITY
    },
  )
  return {
    nudge: work.nudge,
    async close() {
      closed = true
      await listener.close()
      await work.close()
    },
  }
}
