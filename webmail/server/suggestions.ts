/**
 * Address completion. Two sources, both bounded to what the person may see: the mailboxes of their own
 * organization, and the senders and recipients of the latest mail in mailboxes they are a member of.
 */
import type { Db } from '@restante/core/db/connection.ts'
import type { AddressJson } from '@restante/core/db/schema/mail.ts'
import { sql } from 'kysely'

/** Suggestions at most. */
const MOST = 8
/** Latest messages that are looked through. */
const LOOKED_AT = 2_000
const LONGEST = 100

/** People whose name or address contains `typed`, colleagues first, then whom one writes with most. */
export async function suggestPeople(
  db: Db,
  person: { id: string; organizationId: string | null },
  typed: string,
): Promise<AddressJson[]> {
  const text = typed.trim().toLowerCase().slice(0, LONGEST)
  if (!text) return []
  const like = `%${text.replace(/[\\%_]/g, '\\$&')}%`
  const colleagues = person.organizationId
    ? await db
        .selectFrom('mailbox')
        .select(['name', 'address as email'])
        .where('organization_id', '=', person.organizationId)
        .where(eb => eb.or([eb('address', 'like', like), eb(eb.fn('lower', ['name']), 'like', like)]))
        .orderBy('address')
        .limit(MOST)
        .execute()
    : []
  const { rows: seen } = await sql<AddressJson>`
    select (array_agg(entry->>'name' order by received_at desc) filter (where entry->>'name' <> ''))[1] as name,
           lower(entry->>'email') as email
    from (
      select received_at, from_list || to_list || cc_list as people
      from email
      where mailbox_id in (select mailbox_id from member where person_id = ${person.id})
      order by received_at desc
      limit ${LOOKED_AT}
    ) latest, jsonb_array_elements(people) entry
    where lower(entry->>'email') like ${like} or lower(entry->>'name') like ${like}
    group by lower(entry->>'email')
    order by count(*) desc
    limit ${MOST}`.execute(db)
  const found = new Map<string, AddressJson>()
  for (const one of [...colleagues, ...seen]) {
    if (!found.has(one.email)) found.set(one.email, { name: one.name || null, email: one.email })
  }
  return [...found.values()].slice(0, MOST)
}
