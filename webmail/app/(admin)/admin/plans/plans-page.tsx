'use client'
/**
 * Would people get on if the mail server went away now, and what is planned: maintenance windows, drills, and
 * exceptions for a domain or for chosen people. What is open changes with the clock, so the list is asked for
 * again every half minute.
 */
import type { Period } from '@restante/core/continuity/periods.ts'
import type { Item } from '@restante/core/continuity/readiness.ts'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import type { Wire } from '../../../api/v1/picture.ts'
import adminStyles from '../admin-page.module.css'
import { call } from '../api.ts'
import { Frame } from '../frame.tsx'
import type { Viewer } from '../header.tsx'
import section from '../section.module.css'
import { AddDialog } from './add-dialog.tsx'
import { Periods } from './periods.tsx'
import { Readiness } from './readiness.tsx'

export type PeriodView = Wire<Period>
export type ItemView = Wire<Item>

type Props = { first: PeriodView[]; viewer: Viewer }

export function PlansPage(props: Props) {
  return (
    <Frame viewer={props.viewer} page="plans">
      <Content first={props.first} />
    </Frame>
  )
}

function Content({ first }: { first: PeriodView[] }) {
  const t = useTranslations('admin.plans')
  const [adding, setAdding] = useState(false)
  const periods = useQuery({
    queryKey: ['periods'],
    queryFn: () => call<{ items: PeriodView[] }>('periods'),
    initialData: { items: first },
    refetchInterval: 30_000,
  })
  const readiness = useQuery({
    queryKey: ['readiness'],
    queryFn: () => call<{ items: ItemView[] }>('readiness'),
    staleTime: 60_000,
  })
  return (
    <main className={adminStyles.main}>
      <h1 className={section.title}>{t('title')}</h1>
      <Readiness items={readiness.data?.items} />
      <Periods periods={periods.data.items} onAdd={() => setAdding(true)} />
      {adding && <AddDialog onClose={() => setAdding(false)} />}
    </main>
  )
}
