/**
 * What a list shows: a folder's conversations, newest first, or what a search found, message by message. Only
 * the pages on the screen are read, so that a folder of a hundred thousand costs what is seen of it.
 */
import { useQueries } from '@tanstack/react-query'
import { useMemo } from 'react'
import { call, from, type JmapClient } from '../jmap/client.ts'
import type { EmailRow, Id, Member } from '../jmap/types.ts'
import { useConnection } from './connection.tsx'
import { ROW } from './queries.ts'
import type { Filter } from './search.ts'

/** Rows of the list that are read at once. */
export const PAGE = 50

/** Ids that one Email/query gives at most, and that one Email/set takes. */
const MANY = 500

const MEMBER = ['id', 'threadId', 'mailboxIds', 'keywords', 'from']
const NEWEST_FIRST = [{ property: 'receivedAt', isAscending: false }]

export type List = {
  /** undefined: not read yet. */
  total: number | undefined
  rows: (EmailRow | undefined)[]
  failed: boolean
  retry: () => void
}

type Page = { total: number; rows: EmailRow[] }

/** @param pages those on the screen; the first is always one of them */
export function useList(
  account: Id | null,
  folder: Id | null,
  search: Filter | null,
  pages: readonly number[],
): List {
  const { client } = useConnection()
  const results = useQueries({
    queries: pages.map(page => ({
      queryKey: ['list', account, search ? null : folder, search, page],
      enabled: account !== null && (folder !== null || search !== null),
      queryFn: () =>
        search
          ? readFound(client, account as Id, search, page)
          : readFolder(client, account as Id, folder as Id, page),
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

async function readFolder(client: JmapClient, account: Id, folder: Id, page: number): Promise<Page> {
  const [found, emails, threads] = await client.group(
    call('Email/query', {
      accountId: account,
      filter: { inMailbox: folder },
      sort: NEWEST_FIRST,
      collapseThreads: true,
      position: page * PAGE,
      limit: PAGE,
      calculateTotal: true,
    }),
    call('Email/get', { accountId: account, '#ids': from(0, '/ids'), properties: ROW }),
    call('Thread/get', { accountId: account, '#ids': from(1, '/list/*/threadId') }),
  )
  // Most conversations are one message, which is known already.
  const several = threads.list.filter(thread => thread.emailIds.length > 1)
  const members = await readMembers(
    client,
    account,
    several.flatMap(thread => thread.emailIds),
  )
  const byThread = Map.groupBy(members, member => member.threadId)
  return pageOf(found.ids, found.total, emails.list, row => ({
    ...row,
    members: byThread.get(row.threadId) ?? [row],
  }))
}

async function readMembers(client: JmapClient, account: Id, ids: readonly Id[]): Promise<Member[]> {
  const parts: Id[][] = []
  for (let at = 0; at < ids.length; at += MANY) parts.push(ids.slice(at, at + MANY))
  const read = await Promise.all(
    parts.map(part => client.call('Email/get', { accountId: account, ids: part, properties: MEMBER })),
  )
  return read.flatMap(one => one.list)
}

async function readFound(client: JmapClient, account: Id, filter: Filter, page: number): Promise<Page> {
  const [found, emails, snippets] = await client.group(
    call('Email/query', {
      accountId: account,
      filter,
      sort: NEWEST_FIRST,
      position: page * PAGE,
      limit: PAGE,
      calculateTotal: true,
    }),
    call('Email/get', { accountId: account, '#ids': from(0, '/ids'), properties: ROW }),
    call('SearchSnippet/get', { accountId: account, filter, '#emailIds': from(0, '/ids') }),
  )
  const marked = new Map(snippets.list.map(one => [one.emailId, one]))
  return pageOf(found.ids, found.total, emails.list, row => {
    const snippet = marked.get(row.id)
    return snippet ? { ...row, snippet } : row
  })
}

function pageOf(
  ids: readonly Id[],
  total: number | undefined,
  emails: readonly EmailRow[],
  complete: (row: EmailRow) => EmailRow,
): Page {
  const byId = new Map(emails.map(email => [email.id, complete(email)]))
  return {
    total: total ?? ids.length,
    rows: ids.map(id => byId.get(id)).filter(row => row !== undefined),
  }
}

/** All messages of a folder, or of a search, for what is done to all of them. */
export async function readAll(
  client: JmapClient,
  account: Id,
  filter: Filter,
  onPart: (emails: Member[]) => Promise<void> | void,
): Promise<void> {
  for (let position = 0; ; position += MANY) {
    const [found, emails] = await client.group(
      call('Email/query', { accountId: account, filter, sort: NEWEST_FIRST, position, limit: MANY }),
      call('Email/get', { accountId: account, '#ids': from(0, '/ids'), properties: MEMBER }),
    )
    await onPart(emails.list)
    if (found.ids.length < MANY) return
  }
}
