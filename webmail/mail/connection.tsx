'use client'
/**
 * The page's one connection to the server, the memory of what was read over it, and push.
 *
 * What changes elsewhere is only announced by the stream; what is on the screen is then read again. While the
 * stream is away the page asks every half minute.
 */
import { QueryCache, QueryClient, QueryClientProvider, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react'
import { type Connection, openConnection, SignedOut } from '../jmap/connection.ts'
import { type Changed, listen } from '../jmap/push.ts'

const ConnectionContext = createContext<Connection | null>(null)
const LiveContext = createContext(true)

/** Longest wait before news are asked for while the stream is away, in ms. */
export const POLL = 30_000

function createQueryClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError(error) {
        if (error instanceof SignedOut) toSignIn()
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 60_000,
        gcTime: 10 * 60_000,
        refetchOnWindowFocus: false,
        retry: (count, error) => count < 3 && !(error instanceof SignedOut),
      },
    },
  })
}

export function toSignIn(): void {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`)
}

/** Opens the connection; `waiting` is shown until then, `failed` gets a way to try again. */
export function ConnectionProvider(props: {
  waiting: ReactNode
  failed: (retry: () => void) => ReactNode
  children: ReactNode
}) {
  const [client] = useState(createQueryClient)
  const [connection, setConnection] = useState<Connection | null>(null)
  const [failed, setFailed] = useState(false)
  const [attempt, setAttempt] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt opens anew
  useEffect(() => {
    let current = true
    setFailed(false)
    openConnection().then(
      opened => current && setConnection(opened),
      error => {
        if (!current) return
        if (error instanceof SignedOut) toSignIn()
        else setFailed(true)
      },
    )
    return () => {
      current = false
    }
  }, [attempt])
  useEffect(() => {
    if (!failed) return
    const timer = setTimeout(() => setAttempt(value => value + 1), 5_000)
    return () => clearTimeout(timer)
  }, [failed])
  if (!connection) {
    return failed ? props.failed(() => setAttempt(value => value + 1)) : props.waiting
  }
  return (
    <QueryClientProvider client={client}>
      <ConnectionContext value={connection}>
        <Push url={connection.eventSourceUrl}>{props.children}</Push>
      </ConnectionContext>
    </QueryClientProvider>
  )
}

/** The open connection. Only below ConnectionProvider. */
export function useConnection(): Connection {
  const connection = useContext(ConnectionContext)
  if (!connection) throw new Error('no connection here')
  return connection
}

/** Whether news arrive by themselves now. */
export const useLive = () => useContext(LiveContext)

/** Which memories a change of a JMAP type makes stale. */
const STALE: Record<string, string[]> = {
  Email: ['list', 'email', 'thread', 'submissions'],
  EmailDelivery: ['list'],
  Mailbox: ['folders'],
  Thread: ['thread'],
  EmailSubmission: ['submissions'],
  Identity: ['identities'],
  Continuity: ['continuity'],
}

function Push({ url, children }: { url: string; children: ReactNode }) {
  const client = useQueryClient()
  const [live, setLive] = useState(true)
  useEffect(() => {
    const stale = (changed: Changed) => {
      for (const [account, types] of Object.entries(changed)) {
        for (const kind of new Set(Object.keys(types).flatMap(type => STALE[type] ?? []))) {
          const key = kind === 'continuity' ? [kind] : [kind, account]
          void client.invalidateQueries({ queryKey: key })
        }
      }
    }
    // A page that is left asks no more: browsers keep few connections to one server.
    const stream = listen(url, {
      changed: stale,
      resync: () => void client.invalidateQueries(),
      live: setLive,
    })
    return () => stream.close()
  }, [url, client])
  useEffect(() => {
    if (live) return
    const timer = setInterval(() => void client.invalidateQueries(), POLL)
    return () => clearInterval(timer)
  }, [live, client])
  return <LiveContext value={live}>{children}</LiveContext>
}
