/**
 * Push (RFC 8620 §7.3): one event stream for all accounts.
 *
 * What happened while the stream was away is not known, so each time it opens again after a break the
 * listener is told to look at everything. A browser gives up after an HTTP error; we come back with patience.
 */
import type { Id } from './types.ts'

export type Changed = Record<Id, Record<string, string>>
export type Listener = {
  /** Types and new states, by account. */
  changed(changed: Changed): void
  /** The stream is open again after a break. */
  resync(): void
  /** Whether news arrive now. */
  live(open: boolean): void
}

const FIRST_WAIT = 1_000
const LONGEST_WAIT = 30_000

/** Listens until `close` is called. */
export function listen(url: string, listener: Listener): { close(): void } {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let wait = FIRST_WAIT
  let broken = false

  const open = () => {
    source = new EventSource(url)
    source.onopen = () => {
      wait = FIRST_WAIT
      listener.live(true)
      if (broken) listener.resync()
      broken = false
    }
    source.addEventListener('state', event => {
      const change = JSON.parse(event.data) as { changed?: Changed }
      if (change.changed) listener.changed(change.changed)
    })
    source.onerror = () => {
      broken = true
      listener.live(false)
      if (source?.readyState !== EventSource.CLOSED) return
      // The server answered with a no: who asks anything now hears why, a session that ended above all.
      listener.resync()
      timer = setTimeout(open, wait * (0.75 + Math.random() / 2))
      wait = Math.min(wait * 2, LONGEST_WAIT)
    }
  }
  open()
  return {
    close() {
      clearTimeout(timer)
      source?.close()
    },
  }
}
