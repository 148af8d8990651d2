/**
 * How much room the spool has left, looked at each second, so that no command waits for the disk. With little
 * room no message is begun (452 at MAIL); with hardly any nobody is let in (421), for what is left is needed to
 * record what becomes of the mail that is here. Senders come again; when there is room, all goes on by itself.
 */
import type { Log } from '@restante/core/observe/log.ts'
import type { Spool } from '@restante/core/spool/types.ts'

export type Room = 'enough' | 'low' | 'none'

export type RoomWatch = {
  readonly room: Room
  /** Looks now. Never rejects. */
  look(): Promise<void>
  close(): void
}

const EVERY = 1_000

export function watchRoom(spool: Pick<Spool, 'health'>, log: Log, every = EVERY): RoomWatch {
  let room: Room = 'enough'
  async function look(): Promise<void> {
    // A disk that does not even answer shows when something is written to it.
    const health = await spool.health().catch(() => undefined)
    const now = health?.room ?? 'enough'
    if (now === room) return
    room = now
    if (now === 'enough') log.info({ event: 'relay.room-again' })
    else log.error({ event: 'relay.out-of-room', room: now, reason: health?.reason })
  }
  const timer = setInterval(() => void look(), every)
  timer.unref()
  return {
    get room() {
      return room
    },
    look,
    close: () => clearInterval(timer),
  }
}
