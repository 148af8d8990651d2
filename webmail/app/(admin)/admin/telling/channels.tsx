'use client'
/** The channels, how the last message of each went, a trial, and a way to end one. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { notify } from '../../../../mail/toasts.tsx'
import { call } from '../api.ts'
import { Mark } from '../mark.tsx'
import styles from '../plans/plans.module.css'
import section from '../section.module.css'
import { useNow } from '../use-picture.ts'
import { useWords } from '../words.ts'
import { AddChannel } from './add-channel.tsx'
import own from './policy.module.css'
import type { Channel } from './telling-page.tsx'

export function Channels({ channels }: { channels: readonly Channel[] }) {
  const t = useTranslations('admin.telling')
  const client = useQueryClient()
  const [adding, setAdding] = useState(false)
  const [tried, setTried] = useState<{ id: string; ok: boolean; text: string } | null>(null)
  const trial = useMutation({
    mutationFn: ({ id }: Channel) => call<{ ok: boolean; error: string | null }>(`channels/${id}/test`, {}),
    onMutate: () => setTried(null),
    onSuccess: ({ ok, error }, { id, name }) => {
      setTried({ id, ok, text: ok ? t('tried', { name }) : t('failed', { detail: error ?? '' }) })
      void client.invalidateQueries({ queryKey: ['channels'] })
    },
    onError: (error, { id }) => setTried({ id, ok: false, text: t('failed', { detail: error.message }) }),
  })
  const remove = useMutation({
    mutationFn: ({ id }: Channel) => call(`channels/${id}`, {}, 'DELETE'),
    onSuccess: (_, { name }) => {
      notify({ text: t('removed', { name }) })
      void client.invalidateQueries({ queryKey: ['channels'] })
    },
    onError: error => notify({ text: t('failed', { detail: error.message }) }),
  })
  return (
    <section className={section.section} aria-labelledby="channels-title">
      <div className={styles.head}>
        <h2 className={section.title} id="channels-title">
          {t('channels')}
        </h2>
        <button
          type="button"
          className={`${section.button} ${section.primary}`}
          onClick={() => setAdding(true)}
        >
          {t('add')}
        </button>
      </div>
      <p className={own.lead}>{t('channelsHelp')}</p>
      {channels.length === 0 && <p className={section.none}>{t('noChannels')}</p>}
      <ul className={styles.rows} aria-labelledby="channels-title">
        {channels.map(channel => (
          <li key={channel.id} className={styles.row}>
            <div className={styles.what}>
              <h3>{channel.name}</h3>
              <p>
                {t(`kind.${channel.kind}`)}
                {' · '}
                {t(channel.stage === 1 ? 'first' : 'second')}
              </p>
              <p role="status">{tried?.id === channel.id && tried.text}</p>
            </div>
            <Last channel={channel} />
            <div className={styles.buttons}>
              <button
                type="button"
                className={section.button}
                disabled={trial.isPending}
                aria-label={t('tryFor', { name: channel.name })}
                onClick={() => trial.mutate(channel)}
              >
                {trial.isPending && trial.variables.id === channel.id ? t('trying') : t('try')}
              </button>
              <button
                type="button"
                className={section.button}
                disabled={remove.isPending}
                aria-label={t('removeFor', { name: channel.name })}
                onClick={() => remove.mutate(channel)}
              >
                {t('remove')}
              </button>
            </div>
          </li>
        ))}
      </ul>
      {adding && <AddChannel onClose={() => setAdding(false)} />}
    </section>
  )
}

function Last({ channel: { last } }: { channel: Channel }) {
  const t = useTranslations('admin.telling')
  const words = useWords()
  const now = useNow()
  if (!last) return <Mark sign="gone">{t('never')}</Mark>
  const at = words.moment(last.at, now)
  if (last.state === 'sent') return <Mark sign="good">{t('went', { at })}</Mark>
  if (last.state === 'failed') return <Mark sign="fail">{t('notSent', { at })}</Mark>
  return <Mark sign="queued">{t('underway')}</Mark>
}
