/**
 * The entries of the allow and block lists, as admins and people keep them: one spelling for each value, one
 * entry for each value in a list. What an entry does is said in list-match.ts.
 */
import { isIP } from 'node:net'
import type { Executor } from '../db/connection.ts'
import { newId } from '../db/id.ts'
import { normalizeDomain, parseAddress } from './addresses.ts'
import { DirectoryError } from './errors.ts'
import { type ListKind, valueType } from './list-match.ts'
import { change } from './transaction.ts'

export type ListRow = {
  id: string
  organizationId: string
  /** null: the organization's own list. */
  mailboxId: string | null
  /** Its address. */
  mailbox: string | null
  kind: ListKind
  value: string
  type: 'address' | 'domain' | 'network'
  comment: string
  createdBy: string
  createdAt: Date
}

export type NewListEntry = {
  organizationId: string
  mailboxId?: string | null
  kind: ListKind
  /** An address, a domain (also as @domain), an IP address or a network. */
  value: string
  comment?: string
  /** Address of a person, or `cli`. */
  createdBy: string
}

/** Of one list: a list of millions would be the wrong tool. */
export const MOST_ENTRIES = 5_000
const LONGEST_COMMENT = 200

/** The one spelling of a value. @throws DirectoryError `bad-list-entry` */
export function normalizeListValue(text: string): string {
  const value = text.trim().toLowerCase()
  const refusal = (why: string) => new DirectoryError('bad-list-entry', `${JSON.stringify(text)} ${why}`)
  if (value.startsWith('@')) return normalizeListValue(value.slice(1))
  if (value.includes('@')) {
    const parsed = parseAddress(value)
    if (!parsed) throw refusal('is not an address like anna@example.com')
    return parsed.address
  }
  const [address = '', prefix, ...more] = value.split('/')
  const family = isIP(address)
  if (family > 0) {
    const longest = family === 6 ? 128 : 32
    const length = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
    if (more.length > 0 || length < 0 || length > longest)
      throw refusal('is not a network like 192.0.2.0/24 or 2001:db8::/32')
    if (length < (family === 6 ? 16 : 8)) throw refusal('is too large a network')
    return networkText(address, length, family === 6 ? 'ipv6' : 'ipv4', longest)
  }
  const domain = normalizeDomain(value.replace(/^\*?\./, ''))
  if (!domain?.includes('.')) throw refusal('is neither an address, nor a domain, nor a network')
  return domain
}

/** The network's own first address, in its shortest spelling. */
function networkText(address: string, length: number, family: 'ipv4' | 'ipv6', longest: number): string {
  if (family === 'ipv6') {
    const short = new URL(`http://[${address}]/`).hostname.slice(1, -1)
    return length === longest ? short : `${firstOfIPv6(short, length)}/${length}`
  }
  if (length === longest) return address
  const bits = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const size = 2 ** (32 - length)
  const first = Math.floor(bits / size) * size
  return `${[24, 16, 8, 0].map(shift => Math.floor(first / 2 ** shift) % 256).join('.')}/${length}`
}

function firstOfIPv6(address: string, length: number): string {
  const [head = '', tail] = address.split('::')
  const before = head ? head.split(':') : []
  const after = tail ? tail.split(':') : []
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
  const masked = groups.map((group, n) => {
    const kept = Math.min(Math.max(length - n * 16, 0), 16)
    return (Number.parseInt(group, 16) & (0xffff << (16 - kept)) & 0xffff).toString(16)
  })
  return new URL(`http://[${masked.join(':')}]/`).hostname.slice(1, -1)
}

/**
 * @returns the new entry's id and the value in its one spelling
 * @throws DirectoryError `bad-list-entry`, `list-entry-exists`, `unknown-organization`, `unknown-mailbox`
 */
export async function addListEntry(
  db: Executor,
  input: NewListEntry,
): Promise<{ id: string; value: string; type: ListRow['type'] }> {
  const value = normalizeListValue(input.value)
  const comment = (input.comment ?? '').trim()
  if (comment.length > LONGEST_COMMENT)
    throw new DirectoryError('bad-list-entry', `a comment has ${LONGEST_COMMENT} characters at most`)
  const mailboxId = input.mailboxId ?? null
  return change(db, async tx => {
    const organization = await tx
      .selectFrom('organization')
      .select('id')
      .where('id', '=', input.organizationId)
      .executeTakeFirst()
    if (!organization) throw new DirectoryError('unknown-organization', 'there is no such organization')
    if (mailboxId) {
      const mailbox = await tx
        .selectFrom('mailbox')
        .select('id')
        .where('id', '=', mailboxId)
        .where('organization_id', '=', input.organizationId)
        .executeTakeFirst()
      if (!mailbox) throw new DirectoryError('unknown-mailbox', 'there is no such mailbox')
    }
    const { count } = await tx
      .selectFrom('list_entry')
      .select(one => one.fn.countAll<string>().as('count'))
      .where('organization_id', '=', input.organizationId)
      .where('mailbox_id', mailboxId ? '=' : 'is', mailboxId)
      .executeTakeFirstOrThrow()
    if (Number(count) >= MOST_ENTRIES)
      throw new DirectoryError('bad-list-entry', `a list has ${MOST_ENTRIES} entries at most`)
    const id = newId()
    const added = await tx
      .insertInto('list_entry')
      .values({
        id,
        organization_id: input.organizationId,
        mailbox_id: mailboxId,
        kind: input.kind,
        value,
        comment,
        created_by: input.createdBy,
      })
      .onConflict(conflict => conflict.doNothing())
      .returning('id')
      .executeTakeFirst()
    if (!added)
      throw new DirectoryError(
        'list-entry-exists',
        `${value} is on that list already: remove it first to change what it means`,
      )
    return { id, value, type: valueType(value) }
  })
}

export type ListScope = {
  organizationId?: string
  /** null: organizations' own lists only. Absent: all. */
  mailboxId?: string | null
}

/** By organization, its own list first, then by value. */
export async function listEntries(db: Executor, scope: ListScope = {}): Promise<ListRow[]> {
  let query = db
    .selectFrom('list_entry')
    .leftJoin('mailbox', 'mailbox.id', 'list_entry.mailbox_id')
    .select([
      'list_entry.id',
      'list_entry.organization_id as organizationId',
      'list_entry.mailbox_id as mailboxId',
      'mailbox.address as mailbox',
      'list_entry.kind',
      'list_entry.value',
      'list_entry.comment',
      'list_entry.created_by as createdBy',
      'list_entry.created_at as createdAt',
    ])
    .orderBy('list_entry.organization_id')
    .orderBy('mailbox.address', one => one.asc().nullsFirst())
    .orderBy('list_entry.value')
  if (scope.organizationId) query = query.where('list_entry.organization_id', '=', scope.organizationId)
  if (scope.mailboxId !== undefined)
    query = query.where('list_entry.mailbox_id', scope.mailboxId === null ? 'is' : '=', scope.mailboxId)
  return (await query.execute()).map(row => ({ ...row, type: valueType(row.value) }))
}

/**
 * Takes an entry away, by its id or by its value in one list.
 * @returns what it was
 * @throws DirectoryError `unknown-list-entry`, `bad-list-entry`
 */
export async function removeListEntry(
  db: Executor,
  which: ListScope & ({ id: string } | { value: string }),
): Promise<{ id: string; organizationId: string; kind: ListKind; value: string }> {
  return change(db, async tx => {
    let query = tx.deleteFrom('list_entry')
    if ('id' in which) query = query.where('id', '=', which.id)
    else query = query.where('value', '=', normalizeListValue(which.value))
    if (which.organizationId) query = query.where('organization_id', '=', which.organizationId)
    if (which.mailboxId !== undefined)
      query = query.where('mailbox_id', which.mailboxId === null ? 'is' : '=', which.mailboxId)
    const removed = await query
      .returning(['id', 'organization_id as organizationId', 'kind', 'value'])
      .executeTakeFirst()
    if (!removed)
      throw new DirectoryError(
        'unknown-list-entry',
        `there is no entry ${'id' in which ? which.id : which.value} on that list`,
      )
    return removed
  })
}
