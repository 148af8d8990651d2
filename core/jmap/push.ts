/**
 * Push (RFC 8620 §7): one LISTEN for a whole process, told on to whoever follows accounts in it.
 *
 * Hints are gathered for a moment, so that a batch of ingest is one event. After a lost connection every
 * follower is told to look again, because hints may have been missed.
 */
import type { Db } from '../db/connection.ts'
import { type Listener, listen } from '../db/notify.ts'
import type { Log } from '../observe/log.ts'
import { accountContinuity, continuityState } from './continuity.ts'

/** The types whose state is the mailbox's modseq. */
const MODSEQ_TYPES = ['Email', 'EmailDelivery', 'EmailSubmission', 'Mailbox', 'Thread'] as const

/** RFC 8620 §7.1. */
export type StateChange = {
  '@type': 'StateChange'
  changed: Record<string, Record<string, string>>
}

export type Follower = (change: StateChange) => void

export type PushHub = {
  /** Until `unfollow`. @param accountIds accounts that the person may open */
  follow(accountIds: readonly string[], follower: Follower): { unfollow(): void }
  /** How everything stands now. */
  stateOf(accountIds: readonly string[]): Promise<StateChange>
  close(): Promise<void>
}

/** How long hints are gathered, in ms. */
const GATHER = 50

export function openPushHub(options: { db: Db; databaseUrl: string; log: Log }): PushHub {
  const { db, log } = options
  const followers = new Map<string, Set<Follower>>()
  const changed = new Set<string>()
  let continuityChanged = false
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const schedule = () => {
    timer ??= setTimeout(() => {
      timer = undefined
      void flush()
    }, GATHER)
  }
  const everything = () => {
    for (const id of followers.keys()) changed.add(id)
    continuityChanged = true
    schedule()
  }

  async function flush(): Promise<void> {
    const mail = [...changed].filter(id => followers.has(id))
    const continuity = continuityChanged ? [...followers.keys()] : []
    changed.clear()
    continuityChanged = false
    try {
      const [states, health] = await Promise.all([mailStates(mail), continuityStates(continuity)])
      const byFollower = new Map<Follower, StateChange['changed']>()
      for (const map of [states, health]) {
        for (const [accountId, types] of map) {
          for (const follower of followers.get(accountId) ?? []) {
            const change = byFollower.get(follower) ?? {}
            byFollower.set(follower, change)
            change[accountId] = { ...change[accountId], ...types }
          }
        }
      }
      for (const [follower, change] of byFollower) follower({ '@type': 'StateChange', changed: change })
    } catch (error) {
      if (closed) return
      // Who follows is told as soon as the database is back: the listener reports the gap.
      log.warn({ event: 'push.failed', error })
      for (const id of mail) changed.add(id)
      if (continuity.length > 0) continuityChanged = true
      setTimeout(schedule, 1_000).unref()
    }
  }

  async function mailStates(ids: readonly string[]): Promise<Map<string, Record<string, string>>> {
    if (ids.length === 0) return new Map()
    const rows = await db.selectFrom('mailbox').select(['id', 'modseq']).where('id', 'in', ids).execute()
    return new Map(
      rows.map(row => [row.id, Object.fromEntries(MODSEQ_TYPES.map(type => [type, String(row.modseq)]))]),
    )
  }

  async function continuityStates(ids: readonly string[]): Promise<Map<string, Record<string, string>>> {
    const list = await accountContinuity(db, ids, new Date())
    return new Map(list.map(one => [one.accountId, { Continuity: continuityState(one) }]))
  }

  const listener: Listener = listen(
    options.databaseUrl,
    ['mail', 'backend'],
    (channel, payload) => {
      if (channel === 'backend') continuityChanged = true
      else if (followers.has(payload)) changed.add(payload)
      else return
      schedule()
    },
    everything,
  )

  return {
    follow(accountIds, follower) {
      for (const id of accountIds) {
        const set = followers.get(id) ?? new Set()
        followers.set(id, set.add(follower))
      }
      return {
        unfollow() {
          for (const id of accountIds) {
            const set = followers.get(id)
            set?.delete(follower)
            if (set?.size === 0) followers.delete(id)
          }
        },
      }
    },
    async stateOf(accountIds) {
      const [states, health] = await Promise.all([mailStates(accountIds), continuityStates(accountIds)])
      const result: StateChange['changed'] = {}
      for (const id of accountIds) result[id] = { ...states.get(id), ...health.get(id) }
      return { '@type': 'StateChange', changed: result }
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await listener.close()
    },
  }
}
