/**
 * What has to be done at a person's own server so that it shows what the webmail shows. Pure: what is wanted and
 * what was found make a list of steps; taken all, a second look makes none (plan.test.ts).
 *
 * What we change is what was changed here, and nothing else: a flag that nobody touched here stays as it is
 * there, and so does the folder. Nothing is ever taken away there for good but what we had put there ourselves:
 * delivered meanwhile (`mayExpunge`), or appended.
 */

/** A message at the server, in one folder. */
export type Found = {
  path: string
  uid: number
  /** As the server spells them. */
  flags: readonly string[]
  /** Without angle brackets; null: it has none. */
  messageId: string | null
  /** Ids of ours that its Received fields name (RFC 5321 §4.4). */
  ids: readonly string[]
  /** The id in our own field: we appended it. */
  own: string | null
}

/** The field that marks what we appended, or delivered for filing. */
export const OWN_FIELD = 'X-Restante-Id'

type Base = {
  emailId: string
  /** Ours, of the message; the relay wrote it into its Received field. */
  messageId: string
  /** The message's own, without angle brackets. */
  headerId: string | null
}

export type Wanted =
  /** Delivered to the server: it is there, wherever rules have put it. */
  | (Base & {
      type: 'delivered'
      /** Null: where it is, is right. */
      target: string | null
      add: readonly string[]
      remove: readonly string[]
    })
  | (Base & { type: 'deleted' /** Null: not kept. */; trash: string | null; spare: string })
  /** It exists here only (sent, a draft, deleted before it was delivered): it is brought there. */
  | (Base & {
      type: 'ours'
      target: string
      flags: readonly string[]
      /** We had brought it there before. */
      appended: boolean
      /** Gone there since: somebody took it away, and it does not come back. */
      once: boolean
    })
  /** We had brought it there before, and it is no longer wanted. */
  | (Base & { type: 'withdrawn' })

export type Step =
  | { type: 'flags'; path: string; uid: number; add: string[]; remove: string[] }
  | { type: 'move'; path: string; uid: number; to: string }
  | { type: 'expunge'; path: string; uid: number }
  | { type: 'append'; to: string; flags: string[] }

export type Planned = {
  wanted: Wanted
  steps: Step[]
  /** It should be there and is not: filed where we can't see it, or not arrived yet. */
  missing: boolean
}

export function plan(wanted: readonly Wanted[], found: readonly Found[]): Planned[] {
  const index = indexOf(found)
  return wanted.map(one => planOne(one, index))
}

function planOne(wanted: Wanted, index: Index): Planned {
  switch (wanted.type) {
    case 'delivered': {
      const there = delivered(wanted, index)
      const steps = there.flatMap(message => [
        ...flagSteps(message, wanted.add, wanted.remove),
        ...moveSteps(message, wanted.target),
      ])
      return { wanted, steps, missing: there.length === 0 }
    }
    case 'deleted': {
      const steps = delivered(wanted, index).flatMap(message => {
        if (wanted.trash !== null) return moveSteps(message, wanted.trash)
        // Only what carries our id is surely what we delivered.
        if (message.ids.includes(wanted.messageId)) return [expunge(message)]
        return moveSteps(message, wanted.spare)
      })
      return { wanted, steps, missing: false }
    }
    case 'ours': {
      // A copy of it that somebody made elsewhere is theirs.
      const copies = brought(wanted, index)
      const first = copies.find(message => message.path === wanted.target) ?? copies[0]
      if (first) {
        const managed = first.own === wanted.emailId ? surplus(first, wanted.flags) : []
        const steps = [...flagSteps(first, wanted.flags, managed), ...moveSteps(first, wanted.target)]
        return { wanted, steps, missing: false }
      }
      if (wanted.appended && wanted.once) return { wanted, steps: [], missing: false }
      return {
        wanted,
        steps: [{ type: 'append', to: wanted.target, flags: [...wanted.flags] }],
        missing: false,
      }
    }
    case 'withdrawn':
      return { wanted, steps: (index.own.get(wanted.emailId) ?? []).map(expunge), missing: false }
    default:
      return wanted satisfies never
  }
}

/** Every copy that we delivered: a message in flight when something was killed can be there twice. */
function delivered(wanted: Base, index: Index): Found[] {
  const relayed = (index.ids.get(wanted.messageId) ?? []).filter(message => message.own === null)
  if (relayed.length > 0 || wanted.headerId === null) return relayed
  return (index.messageIds.get(wanted.headerId) ?? []).filter(
    // Of another way in (we know the id that is in it), or the sender's own copy, it is another.
    message => message.own === null && message.ids.length === 0,
  )
}

/** What we appended, else the same message in that folder: saved there by whoever sent it on. */
function brought(wanted: Extract<Wanted, { type: 'ours' }>, index: Index): Found[] {
  const own = index.own.get(wanted.emailId)
  if (own) return own
  if (wanted.headerId === null) return []
  return (index.messageIds.get(wanted.headerId) ?? []).filter(
    message => message.own === null && message.path === wanted.target,
  )
}

/** The flags that we set and clear; `\Recent` and keywords of other programs are not ours. */
const MANAGED = new Set(['\\seen', '\\answered', '\\flagged', '\\draft'])

function surplus(message: Found, wanted: readonly string[]): string[] {
  const kept = new Set(wanted.map(lower))
  return message.flags.filter(flag => MANAGED.has(lower(flag)) && !kept.has(lower(flag)))
}

function flagSteps(message: Found, add: readonly string[], remove: readonly string[]): Step[] {
  const has = new Set(message.flags.map(lower))
  const missing = add.filter(flag => !has.has(lower(flag)))
  const extra = remove.filter(flag => has.has(lower(flag)))
  if (missing.length === 0 && extra.length === 0) return []
  return [{ type: 'flags', path: message.path, uid: message.uid, add: missing, remove: extra }]
}

function moveSteps(message: Found, target: string | null): Step[] {
  if (target === null || message.path === target) return []
  return [{ type: 'move', path: message.path, uid: message.uid, to: target }]
}

function expunge({ path, uid }: Found): Step {
  return { type: 'expunge', path, uid }
}

const lower = (text: string) => text.toLowerCase()

type Index = Record<'ids' | 'messageIds' | 'own', Map<string, Found[]>>

function indexOf(found: readonly Found[]): Index {
  const index: Index = { ids: new Map(), messageIds: new Map(), own: new Map() }
  const put = (map: Map<string, Found[]>, key: string, message: Found) => {
    const list = map.get(key)
    if (list) list.push(message)
    else map.set(key, [message])
  }
  for (const message of found) {
    for (const id of new Set(message.ids)) put(index.ids, id, message)
    if (message.messageId !== null) put(index.messageIds, message.messageId, message)
    if (message.own !== null) put(index.own, message.own, message)
  }
  return index
}

const FLAGS: Readonly<Record<string, string>> = {
  $seen: '\\Seen',
  $answered: '\\Answered',
  $flagged: '\\Flagged',
  $draft: '\\Draft',
  $forwarded: '$Forwarded',
  $junk: '$Junk',
  $notjunk: '$NotJunk',
  $mdnsent: '$MDNSent',
}

/** A JMAP keyword as an IMAP flag (RFC 8621 §4.1.1). */
export const flagOf = (keyword: string): string => FLAGS[keyword] ?? keyword

/** What changed between two sets of keywords, as flags. */
export function flagChange(
  before: readonly string[],
  after: readonly string[],
): { add: string[]; remove: string[] } {
  return {
    add: after.filter(keyword => !before.includes(keyword)).map(flagOf),
    remove: before.filter(keyword => !after.includes(keyword)).map(flagOf),
  }
}
