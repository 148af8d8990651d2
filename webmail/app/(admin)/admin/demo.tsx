'use client'
/** In the demo: the example mail server, with buttons that stop and start it for real. */
import { IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import Link from 'next/link'
import { useTranslations } from 'next-intl'
import { notify } from '../../../mail/toasts.tsx'
import { call } from './api.ts'
import styles from './demo.module.css'
import { Mark } from './mark.tsx'
import section from './section.module.css'
import { useNow } from './use-picture.ts'
import { useWords } from './words.ts'

type DemoState = {
  running: boolean
  received: { at: string; from: string; to: string | string[]; subject: string }[]
}

/** Messages listed; the newest first. */
const SHOWN = 6

export function Demo() {
  const t = useTranslations('admin.demo')
  const all = useTranslations('admin')
  const words = useWords()
  const now = useNow(5_000)
  const client = useQueryClient()
  const state = useQuery({
    queryKey: ['demo'],
    queryFn: () => call<DemoState>('demo/backend'),
    refetchInterval: 2_000,
  })
  const change = useMutation({
    mutationFn: (action: 'start' | 'stop') => call<DemoState>('demo/backend', { action }),
    onSuccess: next => client.setQueryData(['demo'], next),
    onError: error => notify({ tone: 'fail', text: all('failed', { detail: error.message }) }),
  })
  const demo = state.data
  const newest = demo?.received.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at)) ?? []
  return (
    <section className={styles.demo} aria-labelledby="demo-title">
      <div className={styles.head}>
        <h2 className={section.title} id="demo-title">
          {t('title')}
        </h2>
        {demo && (
          <Mark sign={demo.running ? 'good' : 'wait'}>
            {demo.running ? all('health.up') : all('health.down')}
          </Mark>
        )}
        <p role="status">
          {demo ? (demo.running ? t('running') : t('stopped')) : state.error ? t('away') : ' '}
        </p>
        {demo && (
          <button
            type="button"
            className={`${section.button} ${demo.running ? '' : section.primary}`}
            disabled={change.isPending}
            onClick={() => change.mutate(demo.running ? 'stop' : 'start')}
          >
            {demo.running ? (
              <IconPlayerStop size={16} aria-hidden="true" />
            ) : (
              <IconPlayerPlay size={16} aria-hidden="true" />
            )}
            {demo.running ? t('stop') : t('start')}
          </button>
        )}
        <Link className={section.button} href="/">
          {t('toMail')}
        </Link>
      </div>
      <h3 className={styles.label}>{t('received')}</h3>
      {newest.length === 0 ? (
        <p className={styles.soft}>{t('none')}</p>
      ) : (
        <ol className={styles.list}>
          {newest.slice(0, SHOWN).map(message => (
            <li key={`${message.at} ${message.from} ${message.subject}`}>
              <time dateTime={message.at}>{words.moment(message.at, now)}</time>
              <span>{message.subject || all('list.noSubject')}</span>
              <span className={styles.soft}>{[message.to].flat().join(', ')}</span>
            </li>
          ))}
        </ol>
      )}
      {newest.length > SHOWN && <p className={styles.soft}>{t('more', { count: newest.length - SHOWN })}</p>}
    </section>
  )
}
