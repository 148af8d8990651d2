/** The audit log: who did what to whom, written in the transaction of the deed where there is one. */
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'

export type AuditEntry = {
  /** Whose it is; null: the installation's. */
  organizationId: string | null
  /** A person's address, `cli`, or the part of the gateway that did it. */
  actor: string
  /** Stable code, noun and verb: `backend.override`, `person.add`. */
  action: string
  target?: string
  /** Never a secret, never the content of a message. */
  detail?: Record<string, unknown>
}

export async function audit(db: Executor, entry: AuditEntry): Promise<void> {
  await db
    .insertInto('audit')
    .values({
      id: newId(),
      organization_id: entry.organizationId,
      actor: entry.actor,
      action: entry.action,
      target: entry.target ?? null,
      detail: JSON.stringify(entry.detail ?? {}),
    })
    .execute()
}

export type AuditRow = AuditEntry & { id: string; at: Date }

/** Newest first, one organization's, or with null all. */
export async function listAudit(
  db: Executor,
  organizationId: string | null,
  limit = 100,
): Promise<AuditRow[]> {
  let query = db.selectFrom('audit').selectAll().orderBy('at', 'desc').limit(limit)
  if (organizationId !== null) query = query.where('organization_id', '=', organizationId)
  return (await query.execute()).map(row => ({
    id: row.id,
    at: row.at,
    organizationId: row.organization_id,
    actor: row.actor,
    action: row.action,
    ...(row.target !== null && { target: row.target }),
    detail: row.detail,
  }))
}
