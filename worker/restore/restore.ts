/**
 * After an incident: brings every mailbox's own server up to date with what people did here, a few at a time,
 * and closes it with statements (statements.ts).
 *
 * A restoration begins when its incident is over. Each mailbox of it is a row with a lease and a time for its
 * next try; what can't be done yet (mail that is still deferred, a server that refuses us) is tried again with
 * growing gaps and given up after three days. Nothing is done while the backend is not up.
 */
import type { Db } from '@restante/core/db/connection.ts'
import { activeOverride, effectiveHealth } from '@restante/core/queue/flow.ts'
import { sql } from 'kysely'
import { type Loop, loop } from '../loop.ts'
import type { Services } from '../services.ts'
import { restoreMailbox, type Task } from './mailbox.ts'
import { pruneChanges, takeUpDrafts, takeUpRestorations } from './occasions.ts'
import { saidBy } from './session.ts'
import { closeRestorations } from './statements.ts'
import { createTokens } from './token.ts'

/** ms between looks. */
const TICK = 2_000
/** How often what nobody waits for is taken off the list, in ms. */
const PRUNE = 60_000
/** Mailboxes of one backend at a time, and of all: their servers have just come back. */
const AT_ONCE = 2
const AT_ONCE_IN_ALL = 8
/** ms; the last one again and again. */
const RETRIES = [5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000] as const
/** Given up after, in ms. */
export const PATIENCE = 3 * 86_400_000
/** A worker that died in the middle has not done more than this, in ms. */
const LEASE = 15 * 60_000
/** How often what should be there and is not is looked for: servers queue what they took. */
const LOOKS = 5

export function startRestore(services: Services): Loop {
  const tokens = createTokens()
  const busy = new Map<string, number>()
  let running: Promise<void>[] = []
  let pruned = 0
  const rounds = loop('restore', TICK, services.log, async () => {
    const { db } = services
    const now = new Date()
    await takeUpRestorations(db, now)
    if (now.getTime() - pruned > PRUNE) {
      pruned = now.getTime()
      await takeUpDrafts(db, now)
      await pruneChanges(db, now)
    }
    for (const task of await dueTasks(db, now, busy)) {
      busy.set(task.backendId, (busy.get(task.backendId) ?? 0) + 1)
      const work = one(services, tokens, task).finally(() => {
        busy.set(task.backendId, (busy.get(task.backendId) ?? 1) - 1)
        running = running.filter(other => other !== work)
        rounds.nudge()
      })
      running.push(work)
    }
    await closeRestorations(services, now)
  })
  return {
    ...rounds,
    async close() {
      await rounds.close()
      await Promise.all(running)
    },
  }
}

type Due = Task & { attempts: number; closedAt: Date }

/** Takes leases on what is due, as many as there is room for; of one mailbox only the oldest restoration's. */
async function dueTasks(db: Db, now: Date, busy: ReadonlyMap<string, number>): Promise<Due[]> {
  const waiting = await sql<{
    id: string
    health: 'up'
    override: 'up' | 'down' | null
    override_until: Date | null
  }>`
    select id, health, override, override_until from backend where id in (
      select restoration.backend_id from restore join restoration on restoration.id = restore.restoration_id
      where restore.state = 'due' and restore.next_at <= ${now})`.execute(db)
  const tasks: Due[] = []
  let room = AT_ONCE_IN_ALL - [...busy.values()].reduce((sum, count) => sum + count, 0)
  for (const backend of waiting.rows) {
    const free = Math.min(room, AT_ONCE - (busy.get(backend.id) ?? 0))
    if (free <= 0 || effectiveHealth(backend, now) !== 'up' || activeOverride(backend, now) === 'down')
      continue
    const { rows } = await sql<Due>`
      with next as (
        select restore.restoration_id, restore.mailbox_id from restore
        join restoration on restoration.id = restore.restoration_id
        where restore.state = 'due' and restore.next_at <= ${now} and restoration.backend_id = ${backend.id}
          and (restore.leased_until is null or restore.leased_until <= ${now})
          and not exists (select from restore earlier join restoration before on before.id = earlier.restoration_id
            where earlier.mailbox_id = restore.mailbox_id and earlier.state = 'due'
              and (before.closed_at, before.id) < (restoration.closed_at, restoration.id))
        order by restoration.closed_at, restore.next_at limit ${free} for update of restore skip locked
      ), taken as (
        update restore set leased_until = ${new Date(now.getTime() + LEASE)}, attempts = attempts + 1
        from next where restore.restoration_id = next.restoration_id and restore.mailbox_id = next.mailbox_id
        returning restore.restoration_id, restore.mailbox_id, restore.attempts
      )
      select restoration.id as "restorationId", mailbox.id as "mailboxId", mailbox.address,
        mailbox.organization_id as "organizationId", restoration.backend_id as "backendId",
        restoration.opened_at as "openedAt", restoration.closed_at as "closedAt",
        organization.deleted_mail as deleted, taken.attempts
      from taken join restoration on restoration.id = taken.restoration_id
      join mailbox on mailbox.id = taken.mailbox_id
      join organization on organization.id = mailbox.organization_id`.execute(db)
    tasks.push(...rows)
    room -= rows.length
  }
  return tasks
}

async function one(services: Services, tokens: ReturnType<typeof createTokens>, task: Due): Promise<void> {
  const { db, log } = services
  const about = { restoration: task.restorationId, mailbox: task.mailboxId }
  try {
    const result = await restoreMailbox({ ...services, tokens }, task)
    const looking = result.missing > 0 && task.attempts < LOOKS
    const open = result.later > 0 || result.failed > 0 || looking
    await finish(db, task, open ? 'again' : 'done', result.way, result.error)
    log.info({ event: 'restore.mailbox', ...about, ...result, open })
  } catch (error) {
    const said = saidBy(error)
    log.warn({ event: 'restore.failed', ...about, attempts: task.attempts, error })
    await finish(db, task, 'again', null, said).catch(lost =>
      log.warn({ event: 'restore.not-recorded', ...about, error: lost }),
    )
  }
}

async function finish(
  db: Db,
  task: Due,
  what: 'done' | 'again',
  way: 'imap' | 'delivery' | 'none' | null,
  error: string | null,
): Promise<void> {
  const now = Date.now()
  const over = now - task.closedAt.getTime() > PATIENCE
  const state = what === 'done' ? 'done' : over ? 'given-up' : 'due'
  const wait = RETRIES[Math.min(task.attempts, RETRIES.length) - 1] ?? RETRIES[0]
  await db
    .updateTable('restore')
    .set({
      state,
      ...(way && { way }),
      error,
      leased_until: null,
      next_at: new Date(now + wait),
      finished_at: state === 'due' ? null : new Date(now),
    })
    .where('restoration_id', '=', task.restorationId)
    .where('mailbox_id', '=', task.mailboxId)
    .execute()
}
