/**
 * Sessions of browsers, as rows: a person sees where they are signed in, and ends what they don't know. A cookie
 * names one; the row going, or the person's epoch being raised, ends it.
 */
import { networkOf } from '../config/networks.ts'
import type { Db, Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import type { SignInMethod } from '../db/schema/sign-in.ts'
import { type Person, personColumns } from '../directory/people.ts'
import { isId } from '../queue/scope.ts'

export type Session = {
  id: string
  method: SignInMethod
  /** IP address at its last use. */
  address: string
  /** As the browser describes itself (RFC 9110 §10.1.5). */
  agent: string
  createdAt: Date
  lastUsedAt: Date
}
export type Client = { address: string; agent: string }

/** Not used for so long it is over, in ms. The cookie lasts as long. */
export const SESSION_LIFE = 30 * 86_400_000
/** Of one person; the one that was not used for longest gives way. */
const MOST = 50
const AGENT_LENGTH = 300

/** Opens one, and remembers the network for sign-in-limits.ts. */
export async function openSession(
  db: Db,
  person: Pick<Person, 'id' | 'sessionEpoch'>,
  method: SignInMethod,
  client: Client,
  now: Date,
): Promise<string> {
  const id = newId()
  const network = networkOf(client.address)
  await db.transaction().execute(async tx => {
    await tx
      .insertInto('session')
      .values({
        id,
        person_id: person.id,
        epoch: person.sessionEpoch,
        method,
        address: client.address,
        agent: client.agent.slice(0, AGENT_LENGTH),
        created_at: now,
        last_used_at: now,
      })
      .execute()
    await tx
      .insertInto('known_network')
      .values({ person_id: person.id, network, last_at: now })
      .onConflict(conflict => conflict.columns(['person_id', 'network']).doUpdateSet({ last_at: now }))
      .execute()
    await tx
      .deleteFrom('session')
      .where('person_id', '=', person.id)
      .where(({ eb, or, not, selectFrom }) =>
        or([
          eb('last_used_at', '<', new Date(now.getTime() - SESSION_LIFE)),
          eb('epoch', '!=', person.sessionEpoch),
          not(
            eb(
              'id',
              'in',
              selectFrom('session')
                .select('id')
                .where('person_id', '=', person.id)
                .orderBy('last_used_at', 'desc')
                .orderBy('id', 'desc')
                .limit(MOST),
            ),
          ),
        ]),
      )
      .execute()
  })
  return id
}

/** Whose it is, while it holds; null when it was ended. */
export async function personOfSession(
  db: Executor,
  id: string,
  now: Date,
): Promise<(Person & { session: Pick<Session, 'method' | 'createdAt' | 'lastUsedAt'> }) | null> {
  if (!isId(id)) return null
  const row = await db
    .selectFrom('session')
    .innerJoin('person', join =>
      join.onRef('person.id', '=', 'session.person_id').onRef('person.session_epoch', '=', 'session.epoch'),
    )
    .select([
      ...personColumns,
      'session.method',
      'session.created_at as createdAt',
      'session.last_used_at as lastUsedAt',
    ])
    .where('session.id', '=', id)
    .where('session.last_used_at', '>', new Date(now.getTime() - SESSION_LIFE))
    .executeTakeFirst()
  if (!row) return null
  const { method, createdAt, lastUsedAt, ...person } = row
  return { ...person, session: { method, createdAt, lastUsedAt } }
}

/** Whether it holds still: cheaper than whose it is. */
export async function sessionHolds(db: Executor, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('session')
    .innerJoin('person', join =>
      join.onRef('person.id', '=', 'session.person_id').onRef('person.session_epoch', '=', 'session.epoch'),
    )
    .select('session.id')
    .where('session.id', '=', id)
    .executeTakeFirst()
  return row !== undefined
}

/** Remembers its use, to a minute. */
export async function touchSession(db: Executor, id: string, client: Client, now: Date): Promise<void> {
  await db
    .updateTable('session')
    .set({ last_used_at: now, address: client.address })
    .where('id', '=', id)
    .where('last_used_at', '<', new Date(now.getTime() - 60_000))
    .execute()
}

/** Those that hold, the one used last first. */
export async function listSessions(db: Executor, personId: string, now: Date): Promise<Session[]> {
  return await db
    .selectFrom('session')
    .innerJoin('person', join =>
      join.onRef('person.id', '=', 'session.person_id').onRef('person.session_epoch', '=', 'session.epoch'),
    )
    .select([
      'session.id',
      'session.method',
      'session.address',
      'session.agent',
      'session.created_at as createdAt',
      'session.last_used_at as lastUsedAt',
    ])
    .where('session.person_id', '=', personId)
    .where('session.last_used_at', '>', new Date(now.getTime() - SESSION_LIFE))
    .orderBy('session.last_used_at', 'desc')
    .orderBy('session.id', 'desc')
    .execute()
}

/** Only the person's own. @returns whether there was one */
export async function endSession(db: Executor, personId: string, id: string): Promise<boolean> {
  if (!isId(id)) return false
  const gone = await db
    .deleteFrom('session')
    .where('id', '=', id)
    .where('person_id', '=', personId)
    .executeTakeFirst()
  return gone.numDeletedRows > 0n
}

/** All but one. @returns how many */
export async function endOtherSessions(db: Executor, personId: string, keep: string): Promise<number> {
  const gone = await db
    .deleteFrom('session')
    .where('person_id', '=', personId)
    .where('id', '!=', keep)
    .executeTakeFirst()
  return Number(gone.numDeletedRows)
}

/** Lets one session live on though the person's epoch was raised: the one that raised it. */
export async function carryOver(db: Executor, id: string, epoch: number): Promise<void> {
  await db.updateTable('session').set({ epoch }).where('id', '=', id).execute()
}
