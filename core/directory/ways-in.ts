/**
 * How each person could sign in without their mail server: counted beforehand, told to the person, to readiness and
 * to drills. What hangs on somebody else's sign-in (an organization's own) is told, and does not count as ready.
 */
import { type RawBuilder, sql } from 'kysely'
import type { Executor } from '../db/connection.ts'
import { type Person, personColumns } from './people.ts'

export type WaysIn = {
  password: boolean
  /** The mailbox's own password, as its server last accepted it. */
  mailbox: boolean
  passkey: boolean
  /** A confirmed second address, where a code can be sent. */
  contact: boolean
  /** Codes on paper. */
  printed: boolean
  /** The organization's own sign-in. */
  organization: boolean
}

/** SQL for each way, for a statement in which `person` is in scope. */
const ways = {
  password: sql<boolean>`(person.password_hash is not null)`,
  mailbox: sql<boolean>`exists (select from mailbox_password m join organization o on o.id = person.organization_id
    where m.person_id = person.id and o.mailbox_password)`,
  passkey: sql<boolean>`exists (select from passkey k where k.person_id = person.id)`,
  contact: sql<boolean>`exists (select from telling_channel c where c.person_id = person.id and c.kind = 'mail'
    and c.confirmed_at is not null)`,
  printed: sql<boolean>`exists (select from sign_in_code s where s.person_id = person.id and s.kind = 'printed'
    and s.used_at is null and s.expires_at > now())`,
  organization: sql<boolean>`exists (select from sign_in_provider p where p.organization_id = person.organization_id)`,
}

const waysColumns = [
  ways.password.as('password'),
  ways.mailbox.as('mailbox'),
  ways.passkey.as('passkey'),
  ways.contact.as('contact'),
  ways.printed.as('printed'),
  ways.organization.as('organization'),
]

/** SQL for "could sign in now, without the mail server", for a statement in which `person` is in scope. */
export const couldSignIn: RawBuilder<boolean> = sql<boolean>`(${ways.password} or ${ways.mailbox} or ${ways.passkey}
  or ${ways.contact} or ${ways.printed})`

export async function waysInOf(db: Executor, personId: string): Promise<WaysIn> {
  const row = await db.selectFrom('person').select(waysColumns).where('id', '=', personId).executeTakeFirst()
  return (
    row ?? {
      password: false,
      mailbox: false,
      passkey: false,
      contact: false,
      printed: false,
      organization: false,
    }
  )
}

export type PersonWays = { person: Person; ways: WaysIn; couldSignIn: boolean }

/** People whose address or name holds a text, by address. @param organizationId null: of all */
export async function listWaysIn(
  db: Executor,
  wanted: { organizationId: string | null; search: string; limit: number },
): Promise<PersonWays[]> {
  const like = `%${wanted.search.replace(/[%_\\]/g, '\\$&')}%`
  let query = db
    .selectFrom('person')
    .select([...personColumns, ...waysColumns, couldSignIn.as('couldSignIn')])
    .where(({ eb, or }) => or([eb('address', 'ilike', like), eb('name', 'ilike', like)]))
    .orderBy(couldSignIn)
    .orderBy('address')
    .limit(wanted.limit)
  if (wanted.organizationId !== null) query = query.where('organization_id', '=', wanted.organizationId)
  return (await query.execute()).map(row => {
    const { password, mailbox, passkey, contact, printed, organization, couldSignIn, ...person } = row
    return { person, couldSignIn, ways: { password, mailbox, passkey, contact, printed, organization } }
  })
}
