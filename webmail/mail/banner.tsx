'use client'
/**
 * One sentence on top when something is not as always: the page has lost its connection, or the mail server
 * behind a mailbox is away or on its way back. Says only what is known, with times and zone.
 */
import { IconClockHour4, IconCloudOff, IconTruckDelivery } from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import { useEffect, useRef, useState } from 'react'
import type { Id } from '../jmap/types.ts'
import styles from './banner.module.css'
import { useLive } from './connection.tsx'
import { type Account, type AccountContinuity, useContinuity } from './queries.ts'
import { useFormats, useNow } from './viewer.tsx'

/** A break of the stream shorter than this, in ms, is nobody's concern. */
const BREAK = 8_000
/** How long "it is back" is said, in ms. */
const GOOD_NEWS = 5 * 60_000

export function Banner({ accounts, account }: { accounts: readonly Account[]; account: Id | null }) {
  const t = useTranslations('banner')
  const formats = useFormats()
  const now = useNow()
  const offline = useBreak()
  const { data } = useContinuity()
  const worst = pickWorst(data ?? [], account)
  const returned = useReturn(worst)
  const times = (since: string) => {
    const at = new Date(since)
    const fresh = now.getTime() - at.getTime() < 60_000
    return { time: formats.moment(at, now), ago: fresh ? '' : ` (${formats.relative(at, now)})` }
  }
  /** What the cause is, in a sentence, and what that means for the reader. */
  const away = ({ cause, since }: AccountContinuity) => {
    const key = `cause.${cause}` as 'cause.refused'
    return t.has(key) ? `${t(key, times(since))} ${t('meanwhile')}` : t('down', times(since))
  }
  const planned = ({ kind, reason, until }: NonNullable<AccountContinuity['period']>) => {
    const end = until ? formats.moment(new Date(until), now) : ''
    switch (kind) {
      case 'drill':
        return t('drill', { until: end })
      case 'override':
        return until ? t('overrideUntil', { until: end }) : t('override')
      case 'maintenance':
        if (!until) return t('maintenanceOpen')
        return reason ? t('maintenanceReason', { until: end, reason }) : t('maintenance', { until: end })
    }
  }
  const name = accounts.length > 1 ? accounts.find(one => one.id === worst?.accountId)?.name : undefined
  const shared = name !== undefined && worst?.accountId !== account

  let tone: 'wait' | 'calm' | 'off' | undefined
  let text = ''
  let isBack = false
  if (offline) {
    tone = 'off'
    text = t('offline')
  } else if (worst?.period) {
    tone = worst.period.kind === 'drill' ? 'calm' : 'wait'
    text = planned(worst.period)
  } else if (worst?.health === 'down') {
    tone = 'wait'
    text =
      worst.cause === 'override'
        ? t('downByAdmin')
        : shared
          ? t('downShared', { ...times(worst.since), name: name ?? '' })
          : away(worst)
  } else if (worst?.health === 'degraded') {
    tone = 'wait'
    text = t('access', times(worst.since))
  } else if (worst?.health === 'recovering') {
    tone = 'calm'
    text = t('recovering', times(worst.since))
  } else if (returned && now.getTime() - Date.parse(returned) < GOOD_NEWS) {
    tone = 'calm'
    text = t('back', times(returned))
    isBack = true
  }
  const Icon = tone === 'off' ? IconCloudOff : tone === 'wait' ? IconClockHour4 : IconTruckDelivery
  return (
    // Always there, so that what appears in it is read out.
    <div className={styles.banner} role="status" data-tone={tone}>
      {tone && (
        <>
          <Icon size={20} stroke={1.7} aria-hidden />
          <p>
            {text}
            {isBack && (
              <>
                {' '}
                <a href="/statements/latest">{t('statement')}</a>
              </>
            )}
          </p>
        </>
      )}
    </div>
  )
}

const SEVERITY = { up: 0, recovering: 1, degraded: 2, down: 3 } as const

/** The mailbox in worst trouble, the one that is being read before others; undefined when there is none. */
export function pickWorst(
  states: readonly AccountContinuity[],
  account: Id | null,
): AccountContinuity | undefined {
  const rank = (state: AccountContinuity) =>
    SEVERITY[state.health] * 2 + (state.accountId === account ? 1 : 0)
  const worst = [...states].sort((a, b) => rank(b) - rank(a))[0]
  return worst
}

/** Since when the server is up, if this page saw it away before. */
function useReturn(worst: AccountContinuity | undefined): string | null {
  const trouble = useRef(false)
  const [since, setSince] = useState<string | null>(null)
  const health = worst?.health
  const at = worst?.since
  useEffect(() => {
    if (!health || !at) return
    if (SEVERITY[health] > 0) {
      trouble.current = true
      setSince(null)
    } else if (trouble.current) {
      trouble.current = false
      setSince(at)
    }
  }, [health, at])
  return since
}

function useBreak(): boolean {
  const live = useLive()
  const [broken, setBroken] = useState(false)
  useEffect(() => {
    if (live) return setBroken(false)
    const timer = setTimeout(() => setBroken(true), BREAK)
    return () => clearTimeout(timer)
  }, [live])
  return broken
}
