/** The session object (RFC 8620 §2): what a client has to know before its first request. */
import { createHash } from 'node:crypto'
import type { Account } from '../access/permissions.ts'
import type { JmapPerson } from './context.ts'
import { utc } from './email-view.ts'
import { CORE_LIMITS, MAIL_LIMITS, SUBMISSION_LIMITS } from './limits.ts'

export const CAPABILITIES = {
  core: 'urn:ietf:params:jmap:core',
  mail: 'urn:ietf:params:jmap:mail',
  submission: 'urn:ietf:params:jmap:submission',
  /** Ours: `restante:delivery`, `restante:sendAt` and `restante:scan` of an Email, outcomes in deliveryStatus, the method restante:Sent/act, push of the type Continuity. */
  continuity: 'urn:restante:continuity',
} as const

const COLLATIONS = ['i;ascii-casemap']

/** @param base the public address of the webmail, without a slash at its end */
export function sessionObject(
  person: JmapPerson,
  accounts: readonly Account[],
  base: string,
  now: Date = new Date(),
) {
  const { maxDelayedSend } = SUBMISSION_LIMITS
  const latest = utc(new Date((Math.floor(now.getTime() / 1_000) + maxDelayedSend) * 1_000))
  const primary = accounts.find(account => account.kind === 'personal') ?? accounts[0]
  return {
    capabilities: {
      [CAPABILITIES.core]: { ...CORE_LIMITS, collationAlgorithms: COLLATIONS },
      [CAPABILITIES.mail]: {},
      [CAPABILITIES.submission]: {},
      [CAPABILITIES.continuity]: {},
    },
    accounts: Object.fromEntries(
      accounts.map(account => [
        account.id,
        {
          name: account.address,
          isPersonal: account.kind === 'personal',
          isReadOnly: false,
          accountCapabilities: {
            [CAPABILITIES.core]: {},
            [CAPABILITIES.mail]: {
              ...MAIL_LIMITS,
              emailQuerySortOptions: ['receivedAt', 'sentAt', 'size', 'from', 'to', 'subject', 'hasKeyword'],
              mayCreateTopLevelMailbox: true,
            },
            [CAPABILITIES.submission]: {
              maxDelayedSend,
              // RFC 4865 §3: the longest interval in s, and the latest time.
              submissionExtensions: { FUTURERELEASE: [String(maxDelayedSend), latest] },
            },
            [CAPABILITIES.continuity]: {},
          },
        },
      ]),
    ),
    primaryAccounts: primary
      ? {
          [CAPABILITIES.mail]: primary.id,
          [CAPABILITIES.submission]: primary.id,
          [CAPABILITIES.continuity]: primary.id,
        }
      : {},
    username: person.address,
    apiUrl: `${base}/jmap/api`,
    downloadUrl: `${base}/jmap/download/{accountId}/{blobId}/{name}?type={type}`,
    uploadUrl: `${base}/jmap/upload/{accountId}`,
    eventSourceUrl: `${base}/jmap/eventsource?types={types}&closeafter={closeafter}&ping={ping}`,
    state: sessionState(accounts),
  }
}

/** Changes when the person's accounts do; also in every response (RFC 8620 §3.4). */
export function sessionState(accounts: readonly Account[]): string {
  const text = JSON.stringify(
    accounts.map(({ id, address, name, addresses }) => [id, address, name, addresses]),
  )
  return createHash('sha256').update(text).digest('base64url').slice(0, 16)
}
