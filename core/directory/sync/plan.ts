/**
 * What has to change so that the people here are those of another directory. Pure.
 *
 * Only what came from that source is ever taken away, and only when all of it was read: a reading that broke
 * off, or that misses more than was expected, proves nothing. An empty one never does. Admins are not removed:
 * a fault elsewhere must not lock out who could mend it here.
 */
import type { Locale, Role } from '../../db/schema/directory.ts'
import { domainOf, normalizeAddress } from '../addresses.ts'

export type Wanted = {
  /** Stays the same when the address changes: entryUUID, objectGUID, or the address itself. */
  key: string
  /** The first that is of a domain of the organization is theirs, the others are aliases. */
  addresses: readonly string[]
  name?: string
  kind: 'personal' | 'shared'
  role?: Role
  locale?: Locale
  /** Only for who is new. */
  password?: string
  /** Where it stands in a file. */
  line?: number
}

/** What came from the source before. */
export type Known = {
  key: string
  mailboxId: string
  address: string
  name: string
  kind: 'personal' | 'shared'
  /** null: a mailbox without a person. */
  role: Role | null
  locale: Locale | null
  /** Those that the source gave. */
  aliases: readonly string[]
}

export type Problem = { key?: string; line?: number; address?: string; code: string; message: string }
export type Entry = Omit<Wanted, 'addresses'> & { address: string; aliases: string[] }
export type Change = {
  known: Known
  entry: Entry
  /** It is the same one under another key: somebody made it anew there. */
  key?: string
  /** Its own address is another one now. */
  address?: string
  name?: string
  role?: Role
  locale?: Locale
  newAliases: string[]
  goneAliases: string[]
}

export type Plan = {
  add: Entry[]
  change: Change[]
  unchanged: number
  remove: Known[]
  /** Those who would have been removed, and why they are not. */
  setAside: { reason: SetAside; people: Known[] } | null
  problems: Problem[]
  /** Entries without an address of a domain of the organization. */
  elsewhere: number
}
export type SetAside = 'incomplete' | 'empty' | 'too-many' | 'not-asked'

export type Limits = {
  /** All of the other directory was read. */
  complete: boolean
  /** none: nobody is removed; guarded: if no larger share vanished; all: whoever vanished. */
  removals: 'none' | 'guarded' | 'all'
  /** 0 to 1: what may vanish at once. One may always. */
  mostVanished: number
}

export function plan(
  wanted: readonly Wanted[],
  known: readonly Known[],
  domains: ReadonlySet<string>,
  limits: Limits,
): Plan {
  const { entries, problems, elsewhere, seen } = resolve(wanted, domains)
  const before = new Map(known.map(one => [one.key, one]))
  // A server that was set up anew has new keys for the same people: their mail here is still theirs.
  const orphans = new Map(known.filter(one => !seen.has(one.key)).map(one => [one.address, one]))
  const add: Entry[] = []
  const change: Change[] = []
  let unchanged = 0
  for (const entry of entries) {
    const old = before.get(entry.key) ?? orphans.get(entry.address)
    if (old) seen.add(old.key)
    if (!old || old.kind !== entry.kind) {
      if (old) problems.push(changedKind(entry))
      else add.push(entry)
      continue
    }
    const found = difference(old, entry)
    if (found) change.push(found)
    else unchanged++
  }
  // Somebody with a fault in their entry is still there.
  const vanished = known.filter(one => !seen.has(one.key) && (one.role === null || one.role === 'user'))
  const reason = whyNot(vanished.length, known.length, wanted.length, limits)
  return {
    add,
    change,
    unchanged,
    remove: reason ? [] : vanished,
    setAside: reason && vanished.length > 0 ? { reason, people: vanished } : null,
    problems,
    elsewhere,
  }
}

function whyNot(vanished: number, known: number, wanted: number, limits: Limits): SetAside | null {
  if (limits.removals === 'none') return 'not-asked'
  if (!limits.complete) return 'incomplete'
  if (wanted === 0) return 'empty'
  if (limits.removals === 'all') return null
  return vanished > Math.max(1, Math.floor(known * limits.mostVanished)) ? 'too-many' : null
}

/** Which address is whose; the first entry that claims one has it. */
function resolve(wanted: readonly Wanted[], domains: ReadonlySet<string>) {
  const problems: Problem[] = []
  const entries: Entry[] = []
  const seen = new Set<string>()
  const owners = new Map<string, Entry>()
  let elsewhere = 0
  for (const { addresses, ...one } of wanted) {
    const where = { key: one.key, ...(one.line !== undefined && { line: one.line }) }
    if (seen.has(one.key)) {
      problems.push({
        ...where,
        address: addresses[0],
        code: 'twice',
        message: `${addresses[0]} is there twice`,
      })
      continue
    }
    seen.add(one.key)
    const valid: string[] = []
    for (const text of addresses) {
      const address = normalizeAddress(text)
      if (address) valid.push(address)
      else
        problems.push({ ...where, address: text, code: 'bad-address', message: `${text} is not an address` })
    }
    const [address, ...aliases] = [...new Set(valid)].filter(found => domains.has(domainOf(found)))
    if (address === undefined) {
      elsewhere++
      continue
    }
    const other = owners.get(address)
    if (other) {
      problems.push({
        ...where,
        address,
        code: 'address-taken',
        message: `${address} is the address of two: ${other.name || other.key} has it`,
      })
      continue
    }
    const entry: Entry = { ...one, address, aliases }
    owners.set(address, entry)
    entries.push(entry)
  }
  for (const entry of entries) {
    entry.aliases = entry.aliases.filter(alias => {
      const owner = owners.get(alias)
      if (!owner) return true
      problems.push({
        key: entry.key,
        ...(entry.line !== undefined && { line: entry.line }),
        address: entry.address,
        code: 'address-taken',
        message: `the alias ${alias} of ${entry.address} is somebody's own address`,
      })
      return false
    })
  }
  return { entries, problems, elsewhere, seen }
}

const changedKind = (entry: Entry): Problem => ({
  key: entry.key,
  address: entry.address,
  code: 'other-kind',
  message: `${entry.address} is another kind of mailbox here: remove it here first`,
})

function difference(known: Known, entry: Entry): Change | null {
  const found: Change = {
    known,
    entry,
    ...(entry.key !== known.key && { key: entry.key }),
    ...(entry.address !== known.address && { address: entry.address }),
    ...(entry.name !== undefined && entry.name !== known.name && { name: entry.name }),
    ...(entry.role && known.role && entry.role !== known.role && { role: entry.role }),
    ...(entry.locale && known.locale && entry.locale !== known.locale && { locale: entry.locale }),
    newAliases: entry.aliases.filter(alias => !known.aliases.includes(alias)),
    goneAliases: known.aliases.filter(alias => !entry.aliases.includes(alias) && alias !== entry.address),
  }
  const same =
    found.key === undefined &&
    found.address === undefined &&
    found.name === undefined &&
    !found.role &&
    !found.locale &&
    found.newAliases.length + found.goneAliases.length === 0
  return same ? null : found
}
