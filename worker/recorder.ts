/**
 * Writes into the spool what became of recipients, so that a rebuild knows it, and says when that can't be
 * done: then deliveries pause, or each of them would be one that a rebuild delivers again.
 *
 * A note that was refused is kept and tried again until it is written. Killed meanwhile, it is lost, as between
 * any commit and its note (docs/spool.md, 8 → 9): never more than what was under way when the disk filled up.
 */
import type { Log } from '@restante/core/observe/log.ts'
import { gauge } from '@restante/core/observe/metrics.ts'
import { reached } from '@restante/core/spool/states.ts'
import type { Note, Spool } from '@restante/core/spool/types.ts'

const paused = gauge('deliveries_paused', '1 while deliveries wait until the spool can record them.')

export type Recorder = {
  /** Takes notes, and keeps them until they are written. Never throws. */
  note(notes: readonly Note[]): void
  /** Whether what is delivered now can be recorded. */
  readonly ready: boolean
  /** Waits until it can be. @returns false when `ending` says so first */
  untilReady(ending: () => boolean): Promise<boolean>
  /** Tries once more to write what is left. */
  close(): Promise<void>
}

const EVERY = 1_000

/** @param every ms between looks, and between tries */
export function startRecorder(
  spool: Pick<Spool, 'note' | 'health'>,
  log: Log,
  every: number = EVERY,
): Recorder {
  let unwritten: Note[] = []
  /** What was refused is being written again: until that has gone well nothing has changed. */
  let retrying = false
  let room = true
  let writing = 0
  let told = true

  async function write(notes: readonly Note[]): Promise<void> {
    writing += 1
    try {
      await spool.note(notes)
      reached(9)
    } catch (error) {
      log.warn({ event: 'spool.note-failed', notes: notes.length, error })
      unwritten.push(...notes)
    } finally {
      writing -= 1
    }
  }

  async function look(): Promise<void> {
    if (unwritten.length > 0 && writing === 0) {
      const notes = unwritten
      unwritten = []
      retrying = true
      await write(notes)
      retrying = false
    }
    // A disk that does not answer shows when something is written to it.
    room = (await spool.health().catch(() => undefined))?.room !== 'none'
    const ready = isReady()
    paused.set(ready ? 0 : 1)
    if (ready === told) return
    told = ready
    if (ready) log.info({ event: 'delivery.resumed' })
    else log.error({ event: 'delivery.paused', unwritten: unwritten.length, room })
  }

  const isReady = () => room && !retrying && unwritten.length === 0

  let looking = look()
  const timer = setInterval(() => {
    looking = looking.then(look)
  }, every)
  timer.unref()

  return {
    note(notes) {
      if (notes.length > 0) void write(notes)
    },
    get ready() {
      return isReady()
    },
    async untilReady(ending) {
      await looking
      while (!this.ready) {
        if (ending()) return false
        await new Promise(resolve => setTimeout(resolve, Math.min(every, 100)))
      }
      return true
    },
    async close() {
      clearInterval(timer)
      await looking
      await look()
    },
  }
}
