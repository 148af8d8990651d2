/**
 * Many small questions about deliveries as few large ones: what is asked while one is under way goes into the next.
 * A hundred destinations then cost PostgreSQL as many statements as one does.
 *
 * An id that two ask for at a time is answered to the first alone: who begins a delivery is one. What the database
 * refuses is asked again for each by itself, so that one's fault is nobody else's.
 */
import { isAboutData } from '@restante/core/db/transaction.ts'

export type Ask<Answer> = (ids: readonly string[]) => Promise<readonly Answer[]>

type Asking<Answer> = {
  ids: readonly string[]
  resolve: (answers: Answer[]) => void
  reject: (error: unknown) => void
}

/** Ids in one question. */
const MOST = 500

/** @returns asks together with others; throws what `ask` throws */
export function together<Answer>(
  ask: Ask<Answer>,
  idOf: (answer: Answer) => string,
): (ids: readonly string[]) => Promise<Answer[]> {
  const waiting: Asking<Answer>[] = []
  let running = false

  async function answer(some: readonly Asking<Answer>[]): Promise<void> {
    const owners = new Map<string, Asking<Answer>>()
    for (const one of some) for (const id of one.ids) if (!owners.has(id)) owners.set(id, one)
    let answers: readonly Answer[]
    try {
      answers = await ask([...owners.keys()])
    } catch (error) {
      if (some.length > 1 && isAboutData(error)) for (const one of some) await answer([one])
      else for (const one of some) one.reject(error)
      return
    }
    const byOwner = Map.groupBy(answers, one => owners.get(idOf(one)))
    for (const one of some) one.resolve(byOwner.get(one) ?? [])
  }

  async function run(): Promise<void> {
    running = true
    // What is asked in the same turn belongs together already.
    await null
    while (waiting.length > 0) {
      let room = MOST
      const next = waiting.findIndex((one, at) => {
        room -= one.ids.length
        return at > 0 && room < 0
      })
      const some = waiting.splice(0, next < 0 ? waiting.length : next)
      await answer(some)
    }
    running = false
  }

  return ids =>
    new Promise((resolve, reject) => {
      waiting.push({ ids, resolve, reject })
      if (!running) void run()
    })
}
