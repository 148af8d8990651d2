/** A delivery's row with its message's, as what a notice is about. */
import type { Row } from '@restante/core/db/schema.ts'
import type { Envelope } from '@restante/core/spool/types.ts'
import type { About } from './notice.ts'

export type AboutRow = Row<'message'> & { delivery_id: string; delivery_organization_id: string | null }

export function aboutOf(row: AboutRow): About {
  return {
    deliveryId: row.delivery_id,
    organizationId: row.delivery_organization_id,
    message: {
      id: row.id,
      kind: row.kind,
      sender: row.sender,
      size: row.size,
      receivedAt: row.received_at,
      envelope: row.envelope as Partial<Envelope>,
      location: { segment: row.segment, position: row.position },
      headerMessageId: row.header_message_id,
      subject: row.subject,
    },
  }
}
