/** What the webmail reads: one hook for each thing, on one scheme of keys ([kind, account, …]). */
import { useQueries, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { call, from } from '../jmap/client.ts'
import type { Email, EmailRow, Folder, FolderRole, Id, Submission } from '../jmap/types.ts'
import { useConnection } from './connection.tsx'

/** Rows of the list that are read at once. */
export const PAGE = 50

const ROW = [
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

export type List = {
  /** undefined: not read yet. */
  total: number | undefined
  rows: (EmailRow | undefined)[]
  failed: boolean
  retry: () => void
}

/**
 * A folder's messages, newest first. `pages` are the pages on the screen: only those are read, so that a
 * folder of a hundred thousand costs what is seen of it. The first page is always one of them.
 */
export function useList(
  account: Id | null,
  folder: Id | null,
  search: string,
  pages: readonly number[],
): List {
  const { client } = useConnection()
  const results = useQueries({
    queries: pages.map(page => ({
      queryKey: ['list', account, folder, search, page],
      enabled: account !== null && (folder !== null || search !== ''),
      queryFn: async () => {
        const [found, emails] = await client.group(
          call('Email/query', {
            accountId: account,
            filter: search ? { text: search } : { inMailbox: folder },
            sort: [{ property: 'receivedAt', isAscending: false }],
            position: page * PAGE,
            limit: PAGE,
            calculateTotal: true,
          }),
          call('Email/get', { accountId: account, '#ids': from(0, '/ids'), properties: ROW }),
        )
        const byId = new Map(emails.list.map(email => [email.id, email as EmailRow]))
        return {
          total: found.total ?? found.ids.length,
          rows: found.ids.map(id => byId.get(id)).filter(row => row !== undefined),
        }
      },
    })),
  })
  const first = results[0]?.data
  const stamp = results.map(result => result.dataUpdatedAt).join()
  const failed = results.some(result => result.isError && result.data === undefined)
  // biome-ignore lint/correctness/useExhaustiveDependencies: `stamp` stands for the results
  const rows = useMemo(() => {
    if (!first) return []
    const all: (EmailRow | undefined)[] = new Array(first.total)
    results.forEach((result, index) => {
      result.data?.rows.forEach((row, offset) => {
        all[(pages[index] ?? 0) * PAGE + offset] = row
      })
    })
    return all
  }, [stamp, pages, first?.total])
  return { total: first?.total, rows, failed, retry: () => results.forEach(result => void result.refetch()) }
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
): Promise<Email | null> {
  const { list } = await client.call('Email/get', {
    accountId: account,
    ids: [id],
    properties: WHOLE,
    fetchTextBodyValues: true,
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

/** How far a message that was sent from here has come. */
export function useSubmission(account: Id, emailId: Id, enabled: boolean) {
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
      return submissions.list.at(-1) ?? null
    },
  })
}

function isUnderWay(submission: Submission | null | undefined): boolean {
  return Object.values(submission?.deliveryStatus ?? {}).some(status => status.delivered === 'queued')
}

export type AccountContinuity = {
  accountId: Id
  backendName: string
  health: 'up' | 'degraded' | 'down' | 'recovering'
  since: string
  cause: string | null
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
