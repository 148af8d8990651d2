'use client'
/** Asks which other way messages to the outside should go: through a host, straight to the MX, the usual way again. */
import type { ActionResult } from '@restante/core/queue/actions.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { notify } from '../../../mail/toasts.tsx'
import { type Target, targetBody } from './action-dialog.tsx'
import { call } from './api.ts'
import styles from './dialog.module.css'
import { FormDialog } from './dialog.tsx'
import { Choice, Text } from './fields.tsx'

const WAYS = ['hosts', 'mx', 'usual'] as const
/** The API looks closer. */
const A_SERVER = /^(?:smtps?|lmtp):\/\/./

export function RerouteDialog({
  target,
  onDone,
  onClose,
}: {
  target: Target
  onDone: () => void
  onClose: () => void
}) {
  const t = useTranslations('admin.reroute')
  const client = useQueryClient()
  const [way, setWay] = useState<(typeof WAYS)[number]>('hosts')
  const [hosts, setHosts] = useState('')
  const send = useMutation({
    mutationFn: async () => {
      const to = way === 'hosts' ? hosts.trim().split(/\s+/) : way
      const misspelt = typeof to === 'string' ? undefined : to.find(host => !A_SERVER.test(host))
      if (misspelt !== undefined) throw new Error(t('bad', { host: misspelt }))
      return call<ActionResult>('deliveries/actions', { action: 'reroute', to, ...targetBody(target) })
    },
    onSuccess: result => {
      notify({ text: t('done', { count: result.changed }) })
      void client.invalidateQueries({ queryKey: ['deliveries'] })
      void client.invalidateQueries({ queryKey: ['story'] })
      onDone()
      onClose()
    },
  })
  return (
    <FormDialog
      title={t('title', { count: target.count })}
      doing={t('do')}
      busy={send.isPending}
      error={send.error}
      above
      onClose={onClose}
      onSend={() => send.mutate()}
    >
      <p className={styles.text}>{t('text')}</p>
      <Choice label={t('way')} value={way} onChange={value => setWay(value as typeof way)}>
        {WAYS.map(one => (
          <option key={one} value={one}>
            {t(one)}
          </option>
        ))}
      </Choice>
      {way === 'hosts' && (
        <Text label={t('address')} value={hosts} onChange={setHosts} note={t('addressNote')} required />
      )}
    </FormDialog>
  )
}
