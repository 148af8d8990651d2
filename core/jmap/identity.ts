/**
 * Identity/get, /changes and /set (RFC 8621 §6): the addresses that lead to a mailbox are what its members may send
 * as. They belong to the directory, so clients can't change them here.
 */
import { createHash } from 'node:crypto'
import {
  type Arguments,
  changesArguments,
  getArguments,
  pick,
  properties,
  read,
  setArguments,
} from './arguments.ts'
import { type Granted, grant, type Run } from './context.ts'
import { MethodError, type SetError } from './errors.ts'
import { CORE_LIMITS } from './limits.ts'
import { checkSize, SetResult } from './set.ts'

export type Identity = { id: string; name: string; email: string }

const PROPERTIES = ['id', 'name', 'email', 'replyTo', 'bcc', 'textSignature', 'htmlSignature', 'mayDelete']

export function identitiesOf(run: Run, account: Granted): Identity[] {
  return account.addresses.map(email => ({
    id: identityId(email),
    // A shared mailbox speaks in its own name, a personal one in its owner's.
    name: account.name || (account.kind === 'personal' ? run.context.person.name : ''),
    email,
  }))
}

/** The same for the same address always. */
function identityId(address: string): string {
  return `I${createHash('sha256').update(address).digest('base64url').slice(0, 20)}`
}

function stateFor(identities: readonly Identity[]): string {
  return createHash('sha256').update(JSON.stringify(identities)).digest('base64url').slice(0, 16)
}

export async function identityGet(given: Arguments, run: Run) {
  const { accountId, ids, properties: asked } = read(getArguments, given)
  const account = grant(run, accountId)
  const wanted = properties(asked, PROPERTIES)
  if (ids && ids.length > CORE_LIMITS.maxObjectsInGet) throw new MethodError('requestTooLarge')
  const identities = identitiesOf(run, account)
  const byId = new Map(identities.map(identity => [identity.id, identity]))
  const all = ids ? [...new Set(ids)] : [...byId.keys()]
  return {
    accountId: account.id,
    state: stateFor(identities),
    list: all.flatMap(id => {
      const identity = byId.get(id)
      if (!identity) return []
      const rest = { replyTo: null, bcc: null, textSignature: '', htmlSignature: '', mayDelete: false }
      return pick({ ...identity, ...rest }, wanted)
    }),
    notFound: all.filter(id => !byId.has(id)),
  }
}

export async function identityChanges(given: Arguments, run: Run) {
  const { accountId, sinceState } = read(changesArguments, given)
  const account = grant(run, accountId)
  const state = stateFor(identitiesOf(run, account))
  if (sinceState !== state) throw new MethodError('cannotCalculateChanges')
  return {
    accountId: account.id,
    oldState: state,
    newState: state,
    hasMoreChanges: false,
    created: [],
    updated: [],
    destroyed: [],
  }
}

/** RFC 8621 §6.3: whose addresses lead where is the directory's business, and is refused one by one. */
export async function identitySet(given: Arguments, run: Run) {
  const set = read(setArguments, given)
  checkSize(set)
  const account = grant(run, set.accountId)
  const identities = identitiesOf(run, account)
  const state = stateFor(identities)
  if (set.ifInState && set.ifInState !== state) throw new MethodError('stateMismatch')
  const known = new Set(identities.map(identity => identity.id))
  const refusal = (id: string): SetError => ({ type: known.has(id) ? 'forbidden' : 'notFound' })
  const result = new SetResult()
  for (const key of Object.keys(set.create ?? {})) result.notCreated[key] = { type: 'forbidden' }
  for (const id of Object.keys(set.update ?? {})) result.notUpdated[id] = refusal(id)
  for (const id of set.destroy ?? []) result.notDestroyed[id] = refusal(id)
  return result.answer(account.id, state, state)
}
