'use client'
/**
 * Telling: what is the matter now and whether somebody knows, the channels that people are told by, each with a
 * trial, and how often.
 */
import type { ChannelView } from '@restante/core/telling/channels.ts'
import type { PolicyView } from '@restante/core/telling/policy.ts'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import type { Wire } from '../../../api/v1/picture.ts'
import type { TitledThread } from '../../../api/v1/telling/titles.ts'
import adminStyles from '../admin-page.module.css'
import { call } from '../api.ts'
import { Frame } from '../frame.tsx'
import type { Viewer } from '../header.tsx'
import section from '../section.module.css'
import { Channels } from './channels.tsx'
import { Policy } from './policy.tsx'
import { Threads } from './threads.tsx'

export type Channel = Wire<ChannelView>
export type Thread = Wire<TitledThread>
type Telling = { policy: PolicyView | null; threads: Thread[] }
export type First = { channels: Channel[]; telling: Telling }

type Props = { first: First; viewer: Viewer }

export function TellingPage(props: Props) {
  return (
    <Frame viewer={props.viewer} page="telling">
      <Content first={props.first} />
    </Frame>
  )
}

function Content({ first }: { first: First }) {
  const t = useTranslations('admin.telling')
  const channels = useQuery({
    queryKey: ['channels'],
    queryFn: () => call<{ items: Channel[] }>('channels'),
    initialData: { items: first.channels },
    refetchInterval: 30_000,
  })
  const telling = useQuery({
    queryKey: ['telling'],
    queryFn: () => call<Telling>('telling'),
    initialData: first.telling,
    refetchInterval: 10_000,
  })
  return (
    <main className={adminStyles.main}>
      <h1 className={section.title}>{t('title')}</h1>
      <Threads threads={telling.data.threads} />
      <Channels channels={channels.data.items} />
      {telling.data.policy && <Policy policy={telling.data.policy} />}
    </main>
  )
}
