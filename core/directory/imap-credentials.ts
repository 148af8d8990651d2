/**
 * Credentials of single mailboxes at their own IMAP server, where there is no master user. Sealed; set by the
 * person or an admin; never shown again. The worker tries them as soon as they are there (worker/restore/credentials.ts)
 * and notes what the server says.
 */
import { seal, unseal } from '../config/secret.ts'
import type { Executor } from '../db/connection.ts'
import type { ImapProblem } from '../db/schema/restore.ts'
import type { Row } from '../db/schema.ts'
import { domainOf } from './addresses.ts'
import { loadBackend } from './backends.ts'
import { DirectoryError } from './errors.ts'
import type { ImapCredentials } from './imap.ts'
import { findMailbox } from './mailboxes.ts'

/**
 * Keeps credentials of one mailbox. Audited by the caller.
 * @param by who sets them: a person's address, or `cli`
 * @throws DirectoryError `unknown-mailbox`, `bad-credentials`
 */
export async function setImapCredentials(
  db: Executor,
  address: string,
  given: { kind?: ImapCredentials['kind']; user?: string; secret: string },
  by: string,
  sealKey: Buffer,
): Promise<{ address: string; user: string; organizationId: string }> {
  if (given.secret === '') throw new DirectoryError('bad-credentials', 'the password must not be empty')
  const mailbox = await findMailbox(db, address)
  const user = given.user?.trim() || mailbox.address
  const row = {
    kind: given.kind ?? ('password' as const),
    user_name: user,
    secret: seal(sealKey, given.secret),
    set_by: by,
    set_at: new Date(),
    checked_at: null,
    problem: null,
    said: null,
  }
  await db
    .insertInto('imap_credentials')
    .values({ mailbox_id: mailbox.id, ...row })
    .onConflict(conflict => conflict.column('mailbox_id').doUpdateSet(row))
    .execute()
  return { address: mailbox.address, user, organizationId: mailbox.organizationId }
}

/** @returns whether there were any @throws DirectoryError `unknown-mailbox` */
export async function removeImapCredentials(db: Executor, address: string): Promise<boolean> {
  const { id } = await findMailbox(db, address)
  const gone = await db.deleteFrom('imap_credentials').where('mailbox_id', '=', id).executeTakeFirst()
  return gone.numDeletedRows > 0n
}

/** @throws Error when they were sealed with another secret */
export async function loadImapCredentials(
  db: Executor,
  mailboxId: string,
  sealKey: Buffer,
): Promise<ImapCredentials | null> {
  const row = await db
    .selectFrom('imap_credentials')
    .selectAll()
    .where('mailbox_id', '=', mailboxId)
    .executeTakeFirst()
  return row ? { kind: row.kind, user: row.user_name, secret: unseal(sealKey, row.secret) } : null
}

export type GivenCredentials = {
  kind: ImapCredentials['kind']
  user: string
  setBy: string
  setAt: Date
  /** null: they are being tried. */
  checkedAt: Date | null
  problem: ImapProblem | null
  said: string | null
}

/** How a mailbox's own server can be reached, as far as its person need know. */
export type OwnAccess = {
  /** The server's name; null: no IMAP address is known, and nothing can be brought there. */
  host: string | null
  /** It lets us in without anything of the person's. */
  master: boolean
  /** What somebody can give. */
  kinds: ImapCredentials['kind'][]
  given: GivenCredentials | null
}

export async function ownAccess(
  db: Executor,
  mailbox: { id: string; address: string },
  sealKey: Buffer,
): Promise<OwnAccess> {
  const domain = await db
    .selectFrom('domain')
    .select('backend_id')
    .where('name', '=', domainOf(mailbox.address))
    .executeTakeFirst()
  const imap = domain?.backend_id ? (await loadBackend(db, domain.backend_id, sealKey)).imap : undefined
  const way = imap?.access?.type
  return {
    host: imap?.host ?? null,
    master: way !== undefined,
    kinds: !imap ? [] : way === 'xoauth2' ? ['refresh-token', 'password'] : ['password'],
    given: await givenBy(db, mailbox.id),
  }
}

async function givenBy(db: Executor, mailboxId: string): Promise<GivenCredentials | null> {
  const row = await db
    .selectFrom('imap_credentials')
    .selectAll()
    .where('mailbox_id', '=', mailboxId)
    .executeTakeFirst()
  return row ? describe(row) : null
}

/** Who has given any, by address. */
export async function listImapCredentials(
  db: Executor,
  organizationId?: string,
): Promise<(GivenCredentials & { address: string })[]> {
  let query = db
    .selectFrom('imap_credentials')
    .innerJoin('mailbox', 'mailbox.id', 'imap_credentials.mailbox_id')
    .selectAll('imap_credentials')
    .select('mailbox.address')
    .orderBy('mailbox.address')
  if (organizationId !== undefined) query = query.where('mailbox.organization_id', '=', organizationId)
  return (await query.execute()).map(row => ({ address: row.address, ...describe(row) }))
}

function describe(row: Row<'imap_credentials'>): GivenCredentials {
  return {
    kind: row.kind,
    user: row.user_name,
    setBy: row.set_by,
    setAt: row.set_at,
    checkedAt: row.checked_at,
    problem: row.problem,
    said: row.said,
  }
}
