/** What goes by age, looked for every minute: overdue deliveries, history, Trash, Junk, quarantine, contents, uploads. */
import { DAY } from '@restante/core/continuity/retry.ts'
import { forgetTouches } from '@restante/core/queue/touch.ts'
import { reached } from '@restante/core/spool/states.ts'
import { type Loop, loop } from '../loop.ts'
import type { Services } from '../services.ts'
import { dropContents, dropUploads } from './contents.ts'
import { expireFolder, expireHistory, expireTrash } from './emails.ts'
import { expireOverdue } from './overdue.ts'
import { expireQuarantine } from './quarantine.ts'

const EVERY = 60_000
/** Unless the settings say otherwise. */
const QUARANTINE_DAYS = 30
/** A client that was away for longer reads everything anew. */
const TOUCHES_KEPT = 60 * DAY
/** Looking through all mail must not become the work itself: no more than this share of the time. */
const SHARE = 1 / 50
/** Batches of one kind in one round. */
const MOST_BATCHES = 20

export function startExpire(services: Services): Loop {
  const { db, spool, recorder } = services
  const keep = (services.quarantineDays ?? QUARANTINE_DAYS) * DAY
  const expireJunk: typeof expireTrash = (db, now) => expireFolder(db, 'junk', keep, now)
  const again = async (step: () => Promise<number>) => {
    for (let batch = 0; batch < MOST_BATCHES; batch++) if ((await step()) === 0) return
  }
  return loop('expire', EVERY, services.log, async () => {
    const startedAt = Date.now()
    await again(() => expireOverdue(services, new Date()))
    for (const step of [expireHistory, expireTrash, expireJunk]) {
      await again(async () => {
        const { removed, notes } = await step(db, new Date())
        recorder.note(notes)
        return removed
      })
    }
    await again(async () => {
      const { cancelled, notes } = await expireQuarantine(db, keep, new Date())
      recorder.note(notes)
      return cancelled
    })
    await again(async () => {
      const dropped = await db.transaction().execute(async tx => {
        const notes = await dropContents(tx, new Date())
        if (notes.length > 0) await spool.note(notes)
        return notes.length
      })
      if (dropped > 0) reached(10)
      return dropped
    })
    await again(() => forgetTouches(db, new Date(Date.now() - TOUCHES_KEPT)))
    await dropUploads(db, new Date())
    return Math.max(EVERY, (Date.now() - startedAt) / SHARE)
  })
}
