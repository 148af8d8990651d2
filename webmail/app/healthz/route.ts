/** Whether the webmail can serve: the database answers and the spool takes mail. 503 says what does not. */
import { sql } from 'kysely'
import { services } from '../../server/services.ts'

export const dynamic = 'force-dynamic'

/** Longer than this, in ms, is no answer. */
const PATIENCE = 3_000

export async function GET(): Promise<Response> {
  const reasons: string[] = []
  try {
    const { db, spool } = await services()
    await inTime(sql`select 1`.execute(db), 'no answer in 3 s').catch(error => {
      reasons.push(`database: ${(error as Error).message}`)
    })
    const health = await spool.health()
    if (!health.ok) reasons.push(`spool: ${health.reason ?? 'not writable'}`)
  } catch (error) {
    reasons.push((error as Error).message)
  }
  const ok = reasons.length === 0
  return Response.json(ok ? { ok } : { ok, reason: reasons.join('; ') }, {
    status: ok ? 200 : 503,
    headers: { 'cache-control': 'no-store' },
  })
}

function inTime<T>(work: Promise<T>, message: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(message)), PATIENCE)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
