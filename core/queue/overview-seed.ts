/**
 * Rows to look at, for tests of the overview: an organization with a backend and deliveries in given states.
 */
import { sql } from 'kysely'
import type { Db } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import type { NewRow } from '../db/schema.ts'

export type SeededOrganization = { organizationId: string; backendId: string; domain: string }

export async function seedOrganization(
  db: Db,
  domain: string,
  backend: Partial<NewRow<'backend'>> = {},
): Promise<SeededOrganization> {
  const organizationId = newId()
  const backendId = newId()
  await db.insertInto('organization').values({ id: organizationId, name: domain }).execute()
  await db
    .insertInto('backend')
    .values({ id: backendId, organization_id: organizationId, name: domain, hosts: '', ...backend })
    .execute()
  await db
    .insertInto('domain')
    .values({ id: newId(), organization_id: organizationId, name: domain, backend_id: backendId })
    .execute()
  return { organizationId, backendId, domain }
}

/** One message with one delivery. @returns the delivery's id */
export async function seedDelivery(
  db: Db,
  to: SeededOrganization,
  delivery: Partial<NewRow<'delivery'>> & Pick<NewRow<'delivery'>, 'state'>,
  message: Partial<NewRow<'message'>> & { recipients?: string[] } = {},
): Promise<string> {
  const id = newId()
  const messageId = newId()
  const { recipients = [`ann@${to.domain}`], ...rest } = message
  const at = delivery.created_at ?? new Date()
  await db
    .insertInto('message')
    .values({
      id: messageId,
      organization_id: to.organizationId,
      kind: 'inbound',
      sender: 'sender@outside.example',
      size: 1000,
      received_at: at,
      segment: 'test',
      position: 0,
      ...rest,
    })
    .execute()
  await db
    .insertInto('delivery')
    .values({
      id,
      message_id: messageId,
      organization_id: to.organizationId,
      backend_id: to.backendId,
      destination: to.domain,
      created_at: at,
      ...delivery,
      outcome: delivery.outcome ? JSON.stringify(delivery.outcome) : null,
    })
    .execute()
  await db
    .insertInto('recipient')
    .values(recipients.map(address => ({ delivery_id: id, address })))
    .execute()
  return id
}

/** Many open deliveries at once, one a second back from now, every third deferred. */
export async function seedMany(db: Db, to: SeededOrganization, count: number): Promise<void> {
  await sql`
    with made as (
      insert into message (id, organization_id, kind, sender, size, received_at, segment, position, subject)
      select gen_random_uuid(), ${to.organizationId}::uuid, 'inbound', 'sender' || n || '@outside.example', 1000 + n,
        now() - n * interval '1 second', 'test', n, 'Number ' || n
      from generate_series(1, ${count}::int) as n
      returning id, position, received_at
    ), sent as (
      insert into delivery (id, message_id, organization_id, backend_id, destination, state, hold_reason, created_at)
      select gen_random_uuid(), id, ${to.organizationId}::uuid, ${to.backendId}::uuid, ${to.domain},
        case when position % 3 = 0 then 'deferred' else 'held' end,
        case when position % 3 = 0 then null else 'backend' end, received_at
      from made returning id
    )
    insert into recipient (delivery_id, address)
    select id, 'person' || (row_number() over ()) % 50 || '@' || ${to.domain} from sent`.execute(db)
  await sql`analyze message, delivery, recipient`.execute(db)
}
