'use client'
/** Adds a channel. Of a generic webhook the secret of its signatures is shown once, here. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { notify } from '../../../../mail/toasts.tsx'
import { call } from '../api.ts'
import dialog from '../dialog.module.css'
import { Dialog, FormDialog } from '../dialog.tsx'
import { Check, Choice, Text } from '../fields.tsx'
import section from '../section.module.css'
import type { Channel } from './telling-page.tsx'

const KINDS = ['mail', 'webhook', 'slack', 'teams', 'ntfy'] as const
type Kind = (typeof KINDS)[number]

export function AddChannel({ onClose }: { onClose: () => void }) {
  const t = useTranslations('admin.telling')
  const client = useQueryClient()
  const [kind, setKind] = useState<Kind>('mail')
  const [address, setAddress] = useState('')
  const [later, setLater] = useState(false)
  const [secret, setSecret] = useState<string | null>(null)
  const save = useMutation({
    mutationFn: () =>
      call<Channel & { secret: string | null }>('channels', {
        kind,
        address: address.trim(),
        stage: later ? 2 : 1,
      }),
    onSuccess: added => {
      void client.invalidateQueries({ queryKey: ['channels'] })
      if (added.secret) {
        setSecret(added.secret)
        return
      }
      notify({ text: t('added', { name: added.name }) })
      onClose()
    },
  })
  if (secret) {
    return (
      <Dialog title={t('addTitle')} onClose={onClose}>
        <p className={dialog.text}>{t('secretHelp')}</p>
        <Text label={t('secret')} value={secret} />
        <div className={dialog.buttons}>
          <button type="button" className={`${section.button} ${section.primary}`} onClick={onClose}>
            {t('noted')}
          </button>
        </div>
      </Dialog>
    )
  }
  return (
    <FormDialog
      title={t('addTitle')}
      doing={t('addDo')}
      busy={save.isPending}
      error={save.error}
      onClose={onClose}
      onSend={() => save.mutate()}
    >
      <Choice label={t('what')} value={kind} onChange={value => setKind(value as Kind)}>
        {KINDS.map(one => (
          <option key={one} value={one}>
            {t(`kind.${one}`)}
          </option>
        ))}
      </Choice>
      <Text
        label={t(kind === 'mail' ? 'mailAddress' : 'webAddress')}
        note={t(`help.${kind}`)}
        type={kind === 'mail' ? 'email' : 'url'}
        required
        most={2000}
        value={address}
        onChange={setAddress}
      />
      <Check label={t('later')} checked={later} onChange={setLater} />
    </FormDialog>
  )
}
