'use client'
/**
 * The admin page in the browser.
 *
 * From top to bottom: the verdict (is everybody's mail flowing, what is there to do), the backends with their
 * charts, what goes out, the list of messages with its actions, incidents, and in the demo the example mail
 * server. The picture above the list comes by itself over one event stream (use-picture.ts); the list is a
 * query that is asked again when the picture changes. Where somebody is stands in the address (place.ts).
 */
import Link from 'next/link'
import { useTranslations } from 'next-intl'
import styles from './admin-page.module.css'
import type { Picture } from './advice.ts'
import { Backends } from './backends.tsx'
import { Demo } from './demo.tsx'
import { Frame } from './frame.tsx'
import type { Viewer } from './header.tsx'
import { Incidents } from './incidents.tsx'
import { Messages } from './messages.tsx'
import { Outbound } from './outbound.tsx'
import { Summary } from './summary.tsx'
import { UnusualSending } from './unusual-sending.tsx'
import { type Freshness, useNow, usePicture } from './use-picture.ts'
import { usePlace } from './use-place.ts'
import { useWords } from './words.ts'

type Props = {
  first: Picture
  viewer: Viewer
  demo: boolean
}

export function AdminPage(props: Props) {
  return (
    <Frame viewer={props.viewer} page="flow">
      <Content {...props} />
    </Frame>
  )
}

function Content({ first, demo }: Props) {
  const { picture, freshness } = usePicture(first)
  const { place, go } = usePlace()
  return (
    <main className={styles.main}>
      <UnusualSending />
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
