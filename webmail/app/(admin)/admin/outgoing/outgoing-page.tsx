'use client'
/**
 * What goes out, where it is stuck and why: places that take no mail, the queue by destination and age, by reason
 * and by sender, and addresses that are not written to. Asked for again every few seconds while it is looked at.
 */
import type { DestinationIncident } from '@restante/core/continuity/destination-incidents.ts'
import type { Outgoing } from '@restante/core/queue/outgoing.ts'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import type { Wire } from '../../../api/v1/picture.ts'
import adminStyles from '../admin-page.module.css'
import { call } from '../api.ts'
import { Frame } from '../frame.tsx'
import type { Viewer } from '../header.tsx'
import section from '../section.module.css'
import { Places } from './places.tsx'
import { Shape } from './shape.tsx'
import { Suppressed } from './suppressed.tsx'
import { Totals } from './totals.tsx'

export type OutgoingView = Wire<Outgoing> & { incidents: Wire<DestinationIncident>[] }

/** ms */
const EVERY = 5_000

export function OutgoingPage({ viewer }: { viewer: Viewer }) {
  return (
    <Frame viewer={viewer} page="outgoing">
      <Content />
    </Frame>
  )
}

function Content() {
  const t = useTranslations('admin')
  const { data, error } = useQuery({
    queryKey: ['outgoing'],
    queryFn: () => call<OutgoingView>('outgoing'),
    refetchInterval: EVERY,
  })
  if (!data) {
    return (
      <main className={adminStyles.main}>
        <h1 className={section.title}>{t('outgoing.title')}</h1>
        {error ? (
          <p role="alert">{t('failed', { detail: error.message })}</p>
        ) : (
          <div className={adminStyles.skeleton} />
        )}
      </main>
    )
  }
  return (
    <main className={adminStyles.main}>
      <h1 className={section.title}>{t('outgoing.title')}</h1>
      <Places incidents={data.incidents} />
      <Shape outgoing={data} />
      <Totals outgoing={data} />
      <Suppressed />
    </main>
  )
}
