'use client'
/**
 * The webmail in the browser.
 *
 * Views: folders, list, message, and compose windows over them. Where somebody is stands in the page's
 * address (place.ts). What they read comes through queries.ts over one JMAP connection (connection.tsx); what
 * they do goes through actions.ts, shows at once (pending.ts) and is announced by toasts. Nothing here keeps
 * mail beyond the life of the page.
 */
import { useTranslations } from 'next-intl'
import { useEffect, useState } from 'react'
import { ConnectionProvider } from './connection.tsx'
import styles from './desk.module.css'
import { Desk } from './desk.tsx'
import { DeskSkeleton } from './skeleton.tsx'
import { Toasts } from './toasts.tsx'
import { type Viewer, ViewerProvider } from './viewer.tsx'

export function MailApp({ person }: { person: Viewer }) {
  // Everything depends on the reader's clock, zone and window, so the server sends the empty desk only.
  const [here, setHere] = useState(false)
  useEffect(() => {
    setHere(true)
    // A page that is opened renews the session: next-auth writes the cookie anew.
    fetch('/api/auth/session').catch(() => undefined)
  }, [])
  if (!here) return <DeskSkeleton />
  return (
    <ViewerProvider viewer={person}>
      <ConnectionProvider waiting={<DeskSkeleton />} failed={retry => <Failed retry={retry} />}>
        <Desk />
      </ConnectionProvider>
      <Toasts />
    </ViewerProvider>
  )
}

function Failed({ retry }: { retry: () => void }) {
  const t = useTranslations('connection')
  return (
    <main className={styles.failed} role="alert">
      <h1>{t('failed')}</h1>
      <p>{t('failedText')}</p>
      <button type="button" className={styles.primary} onClick={retry}>
        {t('retry')}
      </button>
    </main>
  )
}
