/**
 * The account at the end: what senders were promised against what arrived, and every duplicate against its
 * reason. Three records are held beside each other: the senders', the backend's, and the database's attempts.
 *
 * - Lost: got 250 and did not arrive, or not with the same bytes.
 * - A message has as many rows as times it was sent: one, and one more for each time that no answer came
 *   (arrows 1 → 2 and 2 → 250 of docs/spool.md).
 * - It arrives once for each row, and once more for each attempt that began and was never settled
 *   (6 → 7, 7 → 8); and an attempt stays unsettled only when its worker was killed before the next one.
 * - That an attempt began is committed without waiting for the disk: PostgreSQL, killed, may forget those of
 *   its last moment. Arrivals around its end may come once more without a row that says so.
 */
import type { Db } from '@restante/core/db/connection.ts'
import type { Arrival, Backend } from './backend.ts'
import type { Message } from './senders.ts'

export type Kill = { at: number; victims: readonly string[] }
export type Account = {
  sent: number
  accepted: number
  arrived: number
  /** Arrivals beyond the first, by the arrow that explains them. */
  duplicates: { sentAgain: number; deliveredAgain: number }
  /** Each one a finding. */
  wrong: string[]
}

type DeliveryRow = { id: string; message: string | null; state: string; attempts: Attempt[] }
type Attempt = { startedAt: number; finishedAt: number | undefined }

export async function takeAccount(
  db: Db,
  messages: ReadonlyMap<string, Message>,
  backend: Backend,
  kills: readonly Kill[],
): Promise<Account> {
  const wrong: string[] = []
  const deliveries = await readDeliveries(db)
  const byMessage = Map.groupBy(deliveries, ({ message }) => message ?? '')
  const account: Account = {
    sent: messages.size,
    accepted: 0,
    arrived: 0,
    duplicates: { sentAgain: 0, deliveredAgain: 0 },
    wrong,
  }
  for (const id of backend.arrivals.keys()) if (!messages.has(id)) wrong.push(`${id}: nobody sent it`)
  const databaseKills = kills
    .filter(({ victims }) => victims.includes('postgres') || victims.includes('postmaster'))
    .map(({ at }) => at)
  const workerKills = kills.filter(({ victims }) => victims.includes('worker')).map(({ at }) => at)

  for (const [id, message] of messages) {
    const arrivals = backend.arrivals.get(id) ?? []
    const rows = byMessage.get(id) ?? []
    if (arrivals.some(({ whole }) => !whole)) wrong.push(`${id}: arrived with other bytes`)
    if (message.acceptedAt !== undefined) account.accepted += 1
    if (arrivals.length > 0) account.arrived += 1
    const lost = rows.flatMap(({ attempts }) => attempts.filter(({ finishedAt }) => finishedAt === undefined))
    const forgotten = arrivals.filter(({ at }) => databaseKills.some(kill => mayForget(at, kill)))
    const most = rows.length + lost.length + forgotten.length
    for (const address of message.recipients) {
      const count = arrivals.filter(({ recipients }) => recipients.includes(address)).length
      if (message.acceptedAt !== undefined && count === 0) wrong.push(`${id}: LOST for ${address}`)
      if (count < rows.length) wrong.push(`${id}: ${rows.length} delivered to ${address}, ${count} arrived`)
      if (count > most)
        wrong.push(
          `${id}: arrived ${count} times at ${address}, ${most} can be explained: ${story(arrivals, rows, kills)}`,
        )
      if (count > rows.length) account.duplicates.deliveredAgain += count - rows.length
    }
    const sentOften = (message.acceptedAt === undefined ? 0 : 1) + message.unanswered
    if (rows.length > sentOften) wrong.push(`${id}: ${rows.length} rows, sent ${sentOften} times`)
    account.duplicates.sentAgain += Math.max(0, rows.length - 1)
    for (const row of rows) {
      if (row.state !== 'delivered') wrong.push(`${id}: its delivery is ${row.state}`)
      row.attempts.forEach(({ startedAt, finishedAt }, number) => {
        const next = row.attempts[number + 1]?.startedAt ?? Number.POSITIVE_INFINITY
        if (finishedAt !== undefined || workerKills.some(at => at >= startedAt && at <= next)) return
        wrong.push(`${id}: attempt ${number + 1} was never settled, and its worker was not killed`)
      })
    }
  }
  const aside = await db.selectFrom('set_aside').select(['segment', 'position', 'reason']).execute()
  for (const { segment, position, reason } of aside) wrong.push(`set aside: ${segment} ${position} ${reason}`)
  return account
}

/** Whether the attempt behind an arrival may have begun in the last moment (0.6 s) of PostgreSQL. Times in ms. */
const mayForget = (arrivedAt: number, killedAt: number) =>
  arrivedAt > killedAt - 2_000 && arrivedAt < killedAt + 5_000

/** What happened to one message, in the order of time. */
function story(arrivals: readonly Arrival[], rows: readonly DeliveryRow[], kills: readonly Kill[]): string {
  const events = [
    ...arrivals.map(({ at }) => ({ at, what: 'arrived' })),
    ...rows.flatMap(({ id, attempts }) =>
      attempts.flatMap(({ startedAt, finishedAt }, number) => [
        { at: startedAt, what: `${id} attempt ${number + 1}` },
        ...(finishedAt ? [{ at: finishedAt, what: `${id} attempt ${number + 1} settled` }] : []),
      ]),
    ),
  ]
  const [first = 0, last = 0] = [
    Math.min(...events.map(({ at }) => at)),
    Math.max(...events.map(({ at }) => at)),
  ]
  for (const { at, victims } of kills)
    if (at > first - 1_000 && at < last + 1_000) events.push({ at, what: `kill -9 ${victims.join(' ')}` })
  return events
    .sort((a, b) => a.at - b.at)
    .map(({ at, what }) => `${new Date(at).toISOString().slice(11)} ${what}`)
    .join('; ')
}

async function readDeliveries(db: Db): Promise<DeliveryRow[]> {
  const rows = await db
    .selectFrom('delivery')
    .innerJoin('message', 'message.id', 'delivery.message_id')
    .leftJoin('attempt', 'attempt.delivery_id', 'delivery.id')
    .select(['delivery.id', 'delivery.state', 'message.header_message_id', 'started_at', 'finished_at'])
    .orderBy('delivery.id')
    .orderBy('attempt.number')
    .execute()
  const found = new Map<string, DeliveryRow>()
  for (const row of rows) {
    const message = row.header_message_id?.replace(/^<|>$/g, '') ?? null
    const delivery = found.get(row.id) ?? { id: row.id, message, state: row.state, attempts: [] }
    if (row.started_at) {
      delivery.attempts.push({
        startedAt: row.started_at.getTime(),
        finishedAt: row.finished_at?.getTime(),
      })
    }
    found.set(row.id, delivery)
  }
  return [...found.values()]
}
