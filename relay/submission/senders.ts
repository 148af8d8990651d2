/**
 * Who sends through the submission ports: one of our people with their password or an app password, or a mail
 * server of an organization (core/directory/sending-clients). And what each may send as.
 *
 * With PostgreSQL away nobody can be known: that is "later", never "no".
 */

import { verifyAppPassword } from '@restante/core/access/app-passwords.ts'
import type { Limiter } from '@restante/core/access/limits.ts'
import { verifyPassword } from '@restante/core/access/passwords.ts'
import { type Account, accountsOf } from '@restante/core/access/permissions.ts'
import { rememberMatches } from '@restante/core/access/remembered.ts'
import type { SignIn } from '@restante/core/access/sign-in-limits.ts'
import type { Db } from '@restante/core/db/connection.ts'
import { domainOf, parseAddress, splitTag } from '@restante/core/directory/addresses.ts'
import {
  clientByPassword,
  clientNetworks,
  type SendingClient,
} from '@restante/core/directory/sending-clients.ts'
import type { Directory } from '@restante/core/directory/snapshot.ts'

export type Sender =
  | { type: 'person'; id: string; address: string; accounts: readonly Account[] }
  | { type: 'server'; client: SendingClient }

export type Known = { type: 'ok'; sender: Sender } | Exclude<SignIn, { type: 'ok' }>

export type Senders = {
  /** @throws Error when the database is away */
  signIn(attempt: { address: string; password: string; remoteAddress: string }): Promise<Known>
  /** The mail server that sends from this address. @param certificate fingerprint of the one that it showed */
  byNetwork(remoteAddress: string, certificate: string | undefined): Promise<Sender | null>
}

/** How long the networks are remembered, in ms. */
const NETWORKS_AGE = 5_000

export function createSenders(options: { db: Db; limiter: Limiter; now?: () => number }): Senders {
  const { db, limiter, now = Date.now } = options
  const matches = rememberMatches()
  let networks: Awaited<ReturnType<typeof clientNetworks>> = []
  let readAt = Number.NEGATIVE_INFINITY
  return {
    async signIn(attempt) {
      const client = await clientByPassword(db, attempt.address, attempt.password)
      if (client) return { type: 'ok', sender: { type: 'server', client } }
      const found = attempt.password.trim().toLowerCase().startsWith('restante-')
        ? await verifyAppPassword({ db, limiter }, attempt)
        : await verifyPassword({ db, limiter, matches }, attempt)
      if (found.type !== 'ok') return found
      // A program can't be asked for a second factor: it needs an app password.
      if (found.secondFactor) return { type: 'refused' }
      const { id, address } = found.person
      return {
        type: 'ok',
        sender: { type: 'person', id, address, accounts: await accountsOf(db, found.person) },
      }
    },
    async byNetwork(remoteAddress, certificate) {
      if (now() - readAt > NETWORKS_AGE) {
        networks = await clientNetworks(db)
        readAt = now()
      }
      const client = networks.find(
        one =>
          one.networks.has(remoteAddress) && (one.certificate === null || one.certificate === certificate),
      )
      return client ? { type: 'server', client } : null
    },
  }
}

/** The account whose address this is, for a person; undefined when they may not send as it. */
export function accountFor(sender: Sender & { type: 'person' }, address: string): Account | undefined {
  const parsed = parseAddress(address)
  if (!parsed) return undefined
  const untagged = `${splitTag(parsed.local).base}@${parsed.domain}`
  return sender.accounts.find(
    ({ addresses }) => addresses.includes(parsed.address) || addresses.includes(untagged),
  )
}

/** Whether a sender may send as an address. '' is the null sender, which only servers use, for their bounces. */
export function maySendAs(sender: Sender, address: string, directory: Directory): boolean {
  switch (sender.type) {
    case 'person':
      return accountFor(sender, address) !== undefined
    case 'server':
      return address === '' || directory.organizationOf(domainOf(address)) === sender.client.organizationId
    default:
      return sender satisfies never
  }
}
