/**
 * Identity/get, /changes and /set (RFC 8621 §6): the addresses that lead to a mailbox are what its members may send
 * as. They belong to the directory, so of them clients can change the signature only, which is each person's own.
 */
import { createHash } from 'node:crypto'
import {
  chooseSignature,
  chosenSignatures,
  ownSignatures,
  type Signature,
  SignatureError,
  saveSignature,
} from '../access/signatures.ts'
import { inTransaction } from '../db/transaction.ts'
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
import { invalidProperties, MethodError, ObjectError, type SetError } from './errors.ts'
import { CORE_LIMITS } from './limits.ts'
import { checkSize, SetResult, setError } from './set.ts'

export type Identity = { id: string; name: string; email: string }

const PROPERTIES = [
  'id',
  'name',
  'email',
  'replyTo',
  'bcc',
  'textSignature',
  'htmlSignature',
  'mayDelete',
  'restante:signatures',
]

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

/** Identities as this person has them; `restante:signatures`, ours, is all that they can choose from. */
type Signed = Identity & {
  textSignature: string
  htmlSignature: string
  'restante:signatures': Signature[]
}

async function signedIdentities(run: Run, account: Granted): Promise<Signed[]> {
  const { db, person } = run.context
  const signatures = await ownSignatures(db, person.id)
  const chosen = signatures.length > 0 ? await chosenSignatures(db, person.id) : new Map<string, string>()
  return identitiesOf(run, account).map(identity => {
    const signature = signatures.find(one => one.id === chosen.get(identity.email))
    return {
      ...identity,
      textSignature: signature?.text ?? '',
      htmlSignature: signature?.html ?? '',
      'restante:signatures': signatures,
    }
  })
}

function stateFor(identities: readonly Signed[]): string {
  return createHash('sha256').update(JSON.stringify(identities)).digest('base64url').slice(0, 16)
}

export async function identityGet(given: Arguments, run: Run) {
  const { accountId, ids, properties: asked } = read(getArguments, given)
  const account = grant(run, accountId)
  const wanted = properties(asked, PROPERTIES)
  if (ids && ids.length > CORE_LIMITS.maxObjectsInGet) throw new MethodError('requestTooLarge')
  const identities = await signedIdentities(run, account)
  const byId = new Map(identities.map(identity => [identity.id, identity]))
  const all = ids ? [...new Set(ids)] : [...byId.keys()]
  return {
    accountId: account.id,
    state: stateFor(identities),
    list: all.flatMap(id => {
      const identity = byId.get(id)
      return identity ? pick({ ...identity, replyTo: null, bcc: null, mayDelete: false }, wanted) : []
    }),
    notFound: all.filter(id => !byId.has(id)),
  }
}

export async function identityChanges(given: Arguments, run: Run) {
  const { accountId, sinceState } = read(changesArguments, given)
  const account = grant(run, accountId)
  const state = stateFor(await signedIdentities(run, account))
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
  const identities = await signedIdentities(run, account)
  const state = stateFor(identities)
  if (set.ifInState && set.ifInState !== state) throw new MethodError('stateMismatch')
  const known = new Map(identities.map(identity => [identity.id, identity]))
  const refusal = (id: string): SetError => ({ type: known.has(id) ? 'forbidden' : 'notFound' })
  const result = new SetResult()
  for (const key of Object.keys(set.create ?? {})) result.notCreated[key] = { type: 'forbidden' }
  for (const [id, patch] of Object.entries(set.update ?? {})) {
    const identity = known.get(id)
    try {
      if (!identity || !isSignature(patch)) throw new ObjectError(refusal(id).type)
      await sign(run, identity, patch)
      result.updated[id] = null
    } catch (error) {
      result.notUpdated[id] = setError(error)
    }
  }
  for (const id of set.destroy ?? []) result.notDestroyed[id] = refusal(id)
  return result.answer(account.id, state, stateFor(await signedIdentities(run, account)))
}

const isSignature = (patch: Record<string, unknown>): boolean =>
  Object.keys(patch).every(name => name === 'textSignature' || name === 'htmlSignature')

/** Changes the signature under messages from this address, whatever else it stands under; the first makes one. */
async function sign(run: Run, identity: Signed, patch: Record<string, unknown>): Promise<void> {
  const { db, person } = run.context
  const { textSignature: text = identity.textSignature, htmlSignature: html = identity.htmlSignature } = patch
  if (typeof text !== 'string') throw invalidProperties(['textSignature'])
  if (typeof html !== 'string') throw invalidProperties(['htmlSignature'])
  try {
    await inTransaction(db, async tx => {
      if (!text && !html) return await chooseSignature(tx, person.id, identity.email, null)
      const id = (await chosenSignatures(tx, person.id)).get(identity.email) ?? null
      const name = identity['restante:signatures'].find(one => one.id === id)?.name ?? identity.email
      const saved = await saveSignature(tx, person.id, id, { name, html, text })
      await chooseSignature(tx, person.id, identity.email, saved)
    })
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
    throw new ObjectError(error.code === 'too-many' ? 'overQuota' : 'tooLarge')
  }
}
