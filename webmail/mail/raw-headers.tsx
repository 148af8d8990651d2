'use client'
/** All headers of a message as they came. */
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import type { Id } from '../jmap/types.ts'
import { useConnection } from './connection.tsx'
import styles from './message.module.css'

export function RawHeaders({ account, id }: { account: Id; id: Id }) {
  const t = useTranslations('message')
  const { client } = useConnection()
  const { data, isError } = useQuery({
    queryKey: ['headers', account, id],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const { list } = await client.call('Email/get', {
        accountId: account,
        ids: [id],
        properties: ['headers'],
      })
      return (list[0] as unknown as { headers: { name: string; value: string }[] } | undefined)?.headers ?? []
    },
  })
  if (isError) return <p className={styles.note}>{t('failed')}</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={styles.headers} aria-label={t('headers')} aria-busy={!data} tabIndex={0}>
      <dl>
        {(data ?? []).map((header, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: headers repeat and never move
          <div key={index}>
            <dt>{header.name}</dt>
            <dd>{header.value.trim().replace(/\r?\n\s+/g, ' ')}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
