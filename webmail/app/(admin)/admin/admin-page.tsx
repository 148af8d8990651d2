'use client'
import { IconArrowLeft } from '@tabler/icons-react'
/**
 * The admin page in the browser.
 *
 * From top to bottom: the verdict (is everybody's mail flowing, what is there to do), the backends with their
 * charts, what goes out, the list of messages with its actions, incidents, and in the demo the example mail
 * server. The picture above the list comes by itself over one event stream (use-picture.ts); the list is a
 * query that is asked again when the picture changes. Where somebody is stands in the address (place.ts).
 */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import Link from 'next/link'
import { useTranslations } from 'next-intl'
import { useEffect, useState } from 'react'
import { Toasts } from '../../../mail/toasts.tsx'
import { Mark as Brand } from '../../../theme/mark.tsx'
import styles from './admin-page.module.css'
import type { Picture } from './advice.ts'
import { Backends } from './backends.tsx'
import { Demo } from './demo.tsx'
import { Incidents } from './incidents.tsx'
import { Messages } from './messages.tsx'
import { Outbound } from './outbound.tsx'
import { Summary } from './summary.tsx'
import { type Freshness, useNow, usePicture } from './use-picture.ts'
import { usePlace } from './use-place.ts'
import { useWords } from './words.ts'

type Props = {
  first: Picture
  /** `organization` is null for an operator, who sees all. */
  viewer: { name: string; address: string; organization: string | null }
  demo: boolean
}

export function AdminPage(props: Props) {
  const [client] = useState(
    () => new QueryClient({ defaultOptions: { queries: { retry: 1, refetchOnWindowFocus: true } } }),
  )
  // Every line holds times of the reader's own zone and clock, which the server does not know.
  const [here, setHere] = useState(false)
  useEffect(() => setHere(true), [])
  return (
    <QueryClientProvider client={client}>
      <Header {...props} />
      {here ? <Content {...props} /> : <div className={styles.skeleton} aria-hidden="true" />}
      <Toasts />
    </QueryClientProvider>
  )
}

/** Not a <header>: dialogs bring one of their own, and a page may have one banner. */
function Header({ viewer }: Props) {
  const t = useTranslations('admin')
  return (
    <nav className={styles.header} aria-label={t('title')}>
      <div className={styles.bar}>
        <span className={styles.brand}>
          <Brand size={26} />
          <span>Restante</span>
        </span>
        <span className={styles.whose}>{viewer.organization ?? t('allOrganizations')}</span>
        <span className={styles.who} title={viewer.address}>
          {viewer.name || viewer.address}
        </span>
        <Link className={styles.toMail} href="/">
          <IconArrowLeft size={17} aria-hidden="true" />
          {t('toMail')}
        </Link>
      </div>
    </nav>
  )
}

function Content({ first, demo }: Props) {
  const { picture, freshness } = usePicture(first)
  const { place, go } = usePlace()
  return (
    <main className={styles.main}>
      <Stale freshness={freshness} at={picture.at} />
      <Summary picture={picture} go={go} />
      {demo && <Demo />}
      <Backends picture={picture} go={go} />
      <Outbound picture={picture} go={go} />
      <Messages picture={picture} place={place} go={go} />
      <Incidents picture={picture} />
    </main>
  )
}

/** Says when what is shown may be old; nothing while it is live. */
function Stale({ freshness, at }: { freshness: Freshness; at: string }) {
  const t = useTranslations('admin')
  const words = useWords()
  const now = useNow(10_000)
  return (
    <div role="status" className={styles.status}>
      {freshness === 'stale' && <p className={styles.stale}>{t('stale', { time: words.moment(at, now) })}</p>}
      {freshness === 'signed-out' && (
        <p className={styles.stale}>
          {t('signedOut')} <Link href="/sign-in?next=%2Fadmin">{t('signIn')}</Link>
        </p>
      )}
    </div>
  )
}
