'use client'
/**
 * What every admin page stands in: the bar with the other pages, the cache of what was asked, small notices.
 * The content is drawn in the browser only: it holds times of the reader's own zone and clock, which the server
 * does not know.
 */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { Toasts } from '../../../mail/toasts.tsx'
import styles from './admin-page.module.css'
import { Header, type PageName, type Viewer } from './header.tsx'

export function Frame(props: { viewer: Viewer; page: PageName; children: ReactNode }) {
  const [client] = useState(
    () => new QueryClient({ defaultOptions: { queries: { retry: 1, refetchOnWindowFocus: true } } }),
  )
  const [here, setHere] = useState(false)
  useEffect(() => setHere(true), [])
  return (
    <QueryClientProvider client={client}>
      <Header viewer={props.viewer} here={props.page} />
      {here ? props.children : <div className={styles.skeleton} aria-hidden="true" />}
      <Toasts />
    </QueryClientProvider>
  )
}
