/** What goes by age, looked for every minute: overdue deliveries, history, Trash, contents, uploads. */
import { reached } from '@restante/core/spool/states.ts'
import { type Loop, loop } from '../loop.ts'
import type { Services } from '../services.ts'
import { dropContents, dropUploads } from './contents.ts'
import { expireHistory, expireTrash } from './emails.ts'
import { expireOverdue } from './overdue.ts'

const EVERY = 60_000
/** Looking through all mail must not become the work itself: no more than this share of the time. */
const SHARE = 1 / 50
/** Batches of one kind in one round. */
const MOST_BATCHES = 20

export function startExpire(services: Services): Loop {
  const { db, spool, recorder } = services
  const again = async (step: () => Promise<number>) => {
    for (let batch = 0; batch < MOST_BATCHES; batch++) if ((await step()) === 0) return
  }
  return loop('expire', EVERY, services.log, async () => {
    const startedAt = Date.now()
    await again(() => expireOverdue(services, new Date()))
    for (const step of [expireHistory, expireTrash]) {
      await again(async () => {
        const { removed, notes } = await step(db, new Date())
        recorder.note(notes)
        return removed
      })
    }
    await again(async () => {
      const dropped = await db.transaction().execute(async tx => {
        const notes = await dropContents(tx, new Date())
        if (notes.length > 0) await spool.note(notes)
        return notes.length
      })
      if (dropped > 0) reached(10)
      return dropped
    })
    await dropUploads(db, new Date())
    return Math.max(EVERY, (Date.now() - startedAt) / SHARE)
  })
}
