/** What the webmail reads: one hook for each thing, on one scheme of keys ([kind, account, …]). */
import { useQueries, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { call, from } from '../jmap/client.ts'
import type { DeliveryStatus, Email, EmailRow, Folder, FolderRole, Id } from '../jmap/types.ts'
import { useConnection } from './connection.tsx'

export const ROW = [
  'id',
  'threadId',
  'mailboxIds',
  'keywords',
  'from',
  'to',
  'subject',
  'preview',
  'receivedAt',
  'hasAttachment',
  'size',
  'restante:delivery',
  'restante:sendAt',
]
const WHOLE = [
  ...ROW,
  'blobId',
  'messageId',
  'inReplyTo',
  'references',
  'cc',
  'bcc',
  'replyTo',
  'sentAt',
  'textBody',
  'htmlBody',
  'attachments',
  'bodyValues',
  'restante:scan',
]
/** Characters of a plain text that are shown; the rest is a download away. */
const TEXT_LIMIT = 512 * 1024

export type Account = { id: Id; name: string; isPersonal: boolean }

/** The mailboxes that somebody reads, their own first. */
export function useAccounts(): Account[] {
  const { session } = useConnection()
  return useMemo(() => {
    const own = session.primaryAccounts['urn:ietf:params:jmap:mail']
    return Object.entries(session.accounts)
      .map(([id, account]) => ({ id, name: account.name, isPersonal: account.isPersonal }))
      .sort(
        (a, b) =>
          Number(b.id === own) - Number(a.id === own) ||
          Number(b.isPersonal) - Number(a.isPersonal) ||
          a.name.localeCompare(b.name),
      )
  }, [session])
}

const ROLE_ORDER: (FolderRole | null)[] = ['inbox', 'drafts', 'sent', 'archive', 'junk', 'trash', null]

function folderQuery(client: ReturnType<typeof useConnection>['client'], account: Id) {
  return {
    queryKey: ['folders', account],
    queryFn: async () => {
      const { list } = await client.call('Mailbox/get', { accountId: account, ids: null })
      return list.sort(
        (a, b) =>
          ROLE_ORDER.indexOf(a.role) - ROLE_ORDER.indexOf(b.role) ||
          a.sortOrder - b.sortOrder ||
          a.name.localeCompare(b.name),
      )
    },
  }
}

/** The folders of each account, in its order; undefined while they are read. */
export function useFolders(accounts: readonly Account[]): (Folder[] | undefined)[] {
  const { client } = useConnection()
  return useQueries({
    queries: accounts.map(account => folderQuery(client, account.id)),
    combine: results => results.map(result => result.data),
  })
}

/** One message with its texts. */
export function useEmail(account: Id | null, id: Id | null) {
  const { client } = useConnection()
  return useQuery({
    queryKey: ['email', account, id],
    enabled: account !== null && id !== null,
    queryFn: () => readEmail(client, account as Id, id as Id),
  })
}

/** null: it is not there (any more). */
export async function readEmail(
  client: ReturnType<typeof useConnection>['client'],
  account: Id,
  id: Id,
  html = false,
): Promise<Email | null> {
  const { list } = await client.call('Email/get', {
    accountId: account,
    ids: [id],
    properties: WHOLE,
    fetchTextBodyValues: true,
    ...(html && { fetchHTMLBodyValues: true }),
    maxBodyValueBytes: TEXT_LIMIT,
  })
  return list[0] ?? null
}

/** The other messages of a conversation, oldest first. */
export function useThread(account: Id, threadId: Id | undefined) {
  const { client } = useConnection()
  return useQuery({
    queryKey: ['thread', account, threadId],
    enabled: threadId !== undefined,
    queryFn: async () => {
      const [, emails] = await client.group(
        call('Thread/get', { accountId: account, ids: [threadId] }),
        call('Email/get', {
          accountId: account,
          '#ids': from(0, '/list/*/emailIds'),
          properties: ROW,
        }),
      )
      return emails.list.sort((a, b) => a.receivedAt.localeCompare(b.receivedAt)) as EmailRow[]
    },
  })
}

/** Whom one may send as, for each account. */
export function useIdentities(accounts: readonly Account[]) {
  const { client } = useConnection()
  return useQueries({
    queries: accounts.map(account => ({
      queryKey: ['identities', account.id],
      staleTime: 10 * 60_000,
      queryFn: async () =>
        (await client.call('Identity/get', { accountId: account.id, ids: null })).list.map(identity => ({
          ...identity,
          accountId: account.id,
        })),
    })),
    combine: results => results.flatMap(result => result.data ?? []),
  })
}
export type AccountIdentity = ReturnType<typeof useIdentities>[number]

/** One recipient of a message that was sent from here, and how far it has come to them. */
export type SentTo = { submissionId: Id; address: string; status: DeliveryStatus }

/** All whom it was sent to, also later, in the order of sending. */
export function useSentTo(account: Id, emailId: Id, enabled: boolean) {
  const { client } = useConnection()
  return useQuery({
    queryKey: ['submissions', account, emailId],
    enabled,
    refetchInterval: query => (isUnderWay(query.state.data) ? 10_000 : false),
    queryFn: async () => {
      const [, submissions] = await client.group(
        call('EmailSubmission/query', { accountId: account, filter: { emailIds: [emailId] } }),
        call('EmailSubmission/get', { accountId: account, '#ids': from(0, '/ids') }),
      )
      return submissions.list
        .toSorted((a, b) => a.sendAt.localeCompare(b.sendAt))
        .flatMap(({ id, envelope, deliveryStatus }) => {
          // As they were written: rows of a database come in any order, and lines must not jump.
          const order = (envelope?.rcptTo ?? []).map(one => one.email)
          return Object.entries(deliveryStatus ?? {})
            .map(([address, status]): SentTo => ({ submissionId: id, address, status }))
            .sort((one, other) => order.indexOf(one.address) - order.indexOf(other.address))
        })
    },
  })
}

function isUnderWay(sent: readonly SentTo[] | undefined): boolean {
  return (sent ?? []).some(({ status }) => status.delivered === 'queued')
}

export type AccountContinuity = {
  accountId: Id
  backendName: string
  health: 'up' | 'degraded' | 'down' | 'recovering'
  since: string
  cause: string | null
  /** Continuity was opened by a plan. `until` null: until it is taken back. */
  period: { kind: 'maintenance' | 'drill' | 'override'; reason: string; until: string | null } | null
}

/** How the mail server behind each account is. */
export function useContinuity() {
  return useQuery({
    queryKey: ['continuity'],
    refetchInterval: 60_000,
    queryFn: async (): Promise<AccountContinuity[]> => {
      const response = await fetch('/api/v1/continuity', { headers: { accept: 'application/json' } })
      if (!response.ok) throw new Error(`HTTP ${response.status}`)
      const body: unknown = await response.json()
      // Either the list itself or an object that holds it.
      const list = Array.isArray(body) ? body : (body as { accounts?: unknown }).accounts
      return Array.isArray(list) ? (list as AccountContinuity[]) : []
    },
  })
}
