/**
 * The admin page's live picture: read once per scope and shared by all who look.
 *
 * A feed runs while somebody listens: it reads every 2 s, and soon after a hint that a backend or a delivery
 * changed, but never more often than every 500 ms, and sends only what differs from before. With a hundred
 * admins looking the database is asked as often as with one.
 */
import { type Listener, listen } from '@restante/core/db/notify.ts'
import type { Scope } from '@restante/core/queue/scope.ts'
import type { Services } from '../../../server/services.ts'
import { type Live, readLive } from './picture.ts'

const INTERVAL = 2_000
const SOONEST = 500

type Feed = { listeners: Set<(live: Live) => void>; last?: Live; stop(): void; hint(): void }

declare global {
  var restanteAdminFeeds: { feeds: Map<string, Feed>; listener?: Listener } | undefined
}

function hub() {
  // On globalThis, because several route bundles may each carry a copy of this module.
  globalThis.restanteAdminFeeds ??= { feeds: new Map() }
  return globalThis.restanteAdminFeeds
}

/** Calls back with the picture now and at each change. @returns what ends it */
export function follow(services: Services, scope: Scope, onPicture: (live: Live) => void): () => void {
  const { feeds } = hub()
  const key = scope.type === 'all' ? '*' : scope.id
  let feed = feeds.get(key)
  if (!feed) {
    feed = start(services, scope)
    feeds.set(key, feed)
    listenForHints(services)
  }
  feed.listeners.add(onPicture)
  if (feed.last) onPicture(feed.last)
  const followed = feed
  return () => {
    followed.listeners.delete(onPicture)
    if (followed.listeners.size > 0) return
    followed.stop()
    if (feeds.get(key) === followed) feeds.delete(key)
    stopHintsWhenAlone()
  }
}

function start(services: Services, scope: Scope): Feed {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let running = false
  let again = false
  let lastRead = 0
  let lastText = ''

  async function read(): Promise<void> {
    clearTimeout(timer)
    running = true
    again = false
    lastRead = Date.now()
    try {
      const live = await readLive(services, scope, new Date())
      const text = JSON.stringify({ ...live, at: null })
      if (text !== lastText && !stopped) {
        lastText = text
        feed.last = live
        for (const listener of feed.listeners) listener(live)
      }
    } catch (error) {
      services.log.warn({ event: 'admin.picture-failed', error })
    } finally {
      running = false
      if (!stopped) plan(again ? SOONEST : INTERVAL)
    }
  }
  function plan(wait: number): void {
    clearTimeout(timer)
    timer = setTimeout(() => void read(), wait)
    timer.unref()
  }
  const feed: Feed = {
    listeners: new Set(),
    stop() {
      stopped = true
      clearTimeout(timer)
    },
    hint() {
      if (running) again = true
      else plan(Math.max(0, lastRead + SOONEST - Date.now()))
    },
  }
  void read()
  return feed
}

function listenForHints(services: Services): void {
  const shared = hub()
  const hintAll = () => {
    for (const feed of shared.feeds.values()) feed.hint()
  }
  shared.listener ??= listen(services.databaseUrl, ['backend', 'delivery', 'directory'], hintAll, hintAll)
}

function stopHintsWhenAlone(): void {
  const shared = hub()
  if (shared.feeds.size > 0) return
  void shared.listener?.close()
  shared.listener = undefined
}
