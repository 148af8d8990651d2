/**
 * Tries the credentials that people give for their own mailbox, as soon as they are there, so that whoever typed
 * them hears at once whether they do, and not after the next outage that they did not.
 *
 * Good ones are tried again each day: passwords change. Those that were refused are not, before others are given:
 * servers lock people out who guess. The note is made only if nobody gave others meanwhile.
 */
import type { Db } from '@restante/core/db/connection.ts'
import type { ImapProblem } from '@restante/core/db/schema/restore.ts'
import { loadBackend } from '@restante/core/directory/backends.ts'
import { loginFor } from '@restante/core/directory/imap.ts'
import { loadImapCredentials } from '@restante/core/directory/imap-credentials.ts'
import { sql } from 'kysely'
import { type Loop, loop } from '../loop.ts'
import type { Services } from '../services.ts'
import { NoSession, openSession, saidBy } from './session.ts'
import { createTokens, type Tokens } from './token.ts'

/** ms between looks. */
const TICK = 1_000
/** Good ones are tried again after, and those that could not be tried, in ms. */
const DAILY = 86_400_000
const SOON = 5 * 60_000
/** Tried at a time. */
const AT_ONCE = 5

type Tools = Pick<Services, 'db' | 'sealKey' | 'hostname'>
type Due = { mailboxId: string; address: string; backendId: string | null; setAt: string }

export function startCredentials(services: Services): Loop {
  const tokens = createTokens()
  return loop('credentials', TICK, services.log, async () => {
    const due = await dueCredentials(services.db, new Date())
    await Promise.all(due.map(one => tryCredentials(services, tokens, one)))
    return due.length === AT_ONCE ? 0 : TICK
  })
}

/** The time is a text: PostgreSQL keeps it finer than a Date. */
export async function dueCredentials(db: Db, now: Date): Promise<Due[]> {
  const { rows } = await sql<Due>`
    select mailbox.id as "mailboxId", mailbox.address, domain.backend_id as "backendId", set_at::text as "setAt"
    from imap_credentials join mailbox on mailbox.id = imap_credentials.mailbox_id
    left join domain on domain.name = split_part(mailbox.address, '@', 2)
    where checked_at is null
      or (problem is null and checked_at < ${new Date(now.getTime() - DAILY)})
      or (problem in ('unreachable', 'certificate', 'failed', 'no-way')
        and checked_at < ${new Date(now.getTime() - SOON)})
    order by checked_at nulls first limit ${AT_ONCE}`.execute(db)
  return rows
}

export async function tryCredentials(tools: Tools, tokens: Tokens, one: Due): Promise<void> {
  const { problem, said } = await signIn(tools, tokens, one)
  await sql`
    update imap_credentials set checked_at = now(), problem = ${problem}, said = ${said}
    where mailbox_id = ${one.mailboxId} and set_at = ${one.setAt}::timestamptz`.execute(tools.db)
}

async function signIn(
  { db, sealKey, hostname }: Tools,
  tokens: Tokens,
  one: Due,
): Promise<{ problem: ImapProblem | null; said: string | null }> {
  try {
    const { imap } = one.backendId ? await loadBackend(db, one.backendId, sealKey) : {}
    const login = imap && loginFor(imap, one.address, await loadImapCredentials(db, one.mailboxId, sealKey))
    if (!imap || !login) return { problem: 'no-way', said: null }
    const session = await openSession(imap, login, tokens, hostname)
    await session.close()
    return { problem: null, said: null }
  } catch (error) {
    return { problem: error instanceof NoSession ? error.problem : 'failed', said: saidBy(error) }
  }
}
