/** Organizations: the companies that own domains, backends and people. */
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import type { Digest } from '../db/schema/directory.ts'
import { parseHost, sealList } from './backends.ts'
import { DirectoryError } from './errors.ts'
import { change } from './transaction.ts'

export type Organization = {
  id: string
  name: string
  /** Days that delivered mail stays readable; 0 keeps none. */
  historyDays: number
  /** Whether its people get a daily mail about new junk, unless they say otherwise. */
  digest: Digest
  /** Whether mail to outsiders goes through smarthosts (their URLs are sealed). */
  hasSmarthosts: boolean
  /** What was deleted here while their server was away goes to Trash there, or nowhere. */
  deletedMail: 'trash' | 'none'
  /** Whether people may sign in with their mailbox's own password. */
  mailboxPassword: boolean
  domains: string[]
}

export const HISTORY_DAYS_LIMIT = 90

/** @throws DirectoryError `bad-name`, `organization-exists` */
export async function addOrganization(
  db: Executor,
  input: { name: string },
): Promise<{ id: string; name: string }> {
  const name = input.name.trim()
  if (name === '' || name.length > 200) {
    throw new DirectoryError('bad-name', 'an organization needs a name of at most 200 characters')
  }
  return change(db, async tx => {
    const row = await tx
      .insertInto('organization')
      .values({ id: newId(), name })
      .onConflict(conflict => conflict.column('name').doNothing())
      .returning(['id', 'name'])
      .executeTakeFirst()
    if (!row) throw new DirectoryError('organization-exists', `organization ${name} exists already`)
    return row
  })
}

/**
 * Changes what is given and leaves the rest. An empty list of smarthosts means straight to the MX.
 * @throws DirectoryError `unknown-organization`, `bad-smarthost`, `bad-history`
 */
export async function setOrganization(
  db: Executor,
  name: string,
  input: {
    smarthosts?: readonly string[]
    historyDays?: number
    deletedMail?: 'trash' | 'none'
    digest?: Digest
    /** Whether people may sign in with their mailbox's own password; off forgets what is kept of them. */
    mailboxPassword?: boolean
  },
  sealKey: Buffer,
): Promise<Organization> {
  for (const url of input.smarthosts ?? []) {
    if (parseHost(url, 'bad-smarthost').protocol === 'lmtp') {
      throw new DirectoryError('bad-smarthost', 'a smarthost must speak SMTP: smtp://host:25 or smtps://host')
    }
  }
  if (input.historyDays !== undefined) checkHistoryDays(input.historyDays)
  return change(db, async tx => {
    const found = await findOrganization(tx, name)
    const changed = {
      ...(input.smarthosts && {
        smarthosts: input.smarthosts.length > 0 ? sealList(sealKey, input.smarthosts) : null,
      }),
      ...(input.historyDays !== undefined && { history_days: input.historyDays }),
      ...(input.deletedMail && { deleted_mail: input.deletedMail }),
      ...(input.digest && { digest: input.digest }),
      ...(input.mailboxPassword !== undefined && { mailbox_password: input.mailboxPassword }),
    }
    if (Object.keys(changed).length > 0) {
      await tx.updateTable('organization').set(changed).where('id', '=', found.id).execute()
    }
    if (input.mailboxPassword === false) {
      await tx
        .deleteFrom('mailbox_password')
        .where(
          'person_id',
          'in',
          tx.selectFrom('person').select('id').where('organization_id', '=', found.id),
        )
        .execute()
    }
    return (await listOrganizations(tx)).find(organization => organization.id === found.id)!
  })
}

/** By name, locked against concurrent changes. @throws DirectoryError `unknown-organization` */
export async function findOrganization(db: Executor, name: string): Promise<{ id: string; name: string }> {
  const row = await db
    .selectFrom('organization')
    .select(['id', 'name'])
    .where('name', '=', name.trim())
    .forUpdate()
    .executeTakeFirst()
  if (!row) {
    throw new DirectoryError('unknown-organization', `there is no organization ${name}: add it with org add`)
  }
  return row
}

export async function listOrganizations(db: Executor): Promise<Organization[]> {
  const rows = await db.selectFrom('organization').selectAll().orderBy('name').execute()
  const domains = await db
    .selectFrom('domain')
    .select(['organization_id', 'name'])
    .orderBy('created_at')
    .execute()
  return rows.map(row => ({
    id: row.id,
    name: row.name,
    historyDays: row.history_days,
    digest: row.digest,
    hasSmarthosts: row.smarthosts !== null,
    deletedMail: row.deleted_mail,
    mailboxPassword: row.mailbox_password,
    domains: domains.filter(domain => domain.organization_id === row.id).map(domain => domain.name),
  }))
}

/** @throws DirectoryError `unknown-organization`, `organization-in-use` */
export async function removeOrganization(db: Executor, name: string): Promise<void> {
  await change(db, async tx => {
    const found = await findOrganization(tx, name)
    const domain = await tx
      .selectFrom('domain')
      .select('name')
      .where('organization_id', '=', found.id)
      .executeTakeFirst()
    if (domain) {
      throw new DirectoryError(
        'organization-in-use',
        `${name} still has the domain ${domain.name}: remove it first`,
      )
    }
    await tx.deleteFrom('organization').where('id', '=', found.id).execute()
  })
}

/** @throws DirectoryError `bad-history` */
export function checkHistoryDays(days: number): void {
  if (!Number.isInteger(days) || days < 0 || days > HISTORY_DAYS_LIMIT) {
    throw new DirectoryError(
      'bad-history',
      `history must be a whole number of days from 0 to ${HISTORY_DAYS_LIMIT}`,
    )
  }
}
