'use client'
/** Says who was stopped from sending too much, until an admin has seen it. Nothing while there is nobody. */
import type { UnusualSending as Entry } from '@restante/core/access/sending.ts'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import type { Wire } from '../../api/v1/picture.ts'
import { call } from './api.ts'
import section from './section.module.css'
import styles from './unusual-sending.module.css'
import { useNow } from './use-picture.ts'
import { useWords } from './words.ts'

/** ms */
const EVERY = 30_000

export function UnusualSending() {
  const t = useTranslations('admin.unusual')
  const words = useWords()
  const now = useNow(10_000)
  const queries = useQueryClient()
  const { data } = useQuery({
    queryKey: ['unusual-sending'],
    queryFn: () => call<{ items: Wire<Entry>[] }>('unusual-sending'),
    refetchInterval: EVERY,
  })
  const seen = useMutation({
    mutationFn: (id: string) => call('unusual-sending', { ids: [id] }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['unusual-sending'] }),
  })
  const items = data?.items ?? []
  return (
    // Always there, so that what appears in it is read out.
    <div role="status" className={styles.list}>
      {items.map(item => (
        <div key={item.personId} className={styles.line}>
          <IconAlertTriangle size={20} stroke={1.8} aria-hidden="true" />
          <p>
            <strong>{t('title', { who: item.name || item.address })}</strong>{' '}
            {t('text', {
              address: item.address,
              count: item.refused,
              time: words.moment(item.firstAt, now),
            })}
          </p>
          <button
            type="button"
            className={section.button}
            disabled={seen.isPending}
            onClick={() => seen.mutate(item.personId)}
          >
            {t('seen')}
          </button>
        </div>
      ))}
    </div>
  )
}
