'use client'
/** Changes what one domain wants of the scan. Only what was changed is sent. */
import type { DomainScan } from '@restante/core/directory/domain-scan.ts'
import type { ScanPolicy } from '@restante/core/directory/scan-policy.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { notify } from '../../../../mail/toasts.tsx'
import { call } from '../api.ts'
import { FormDialog } from '../dialog.tsx'
import { Check, Choice, Text } from '../fields.tsx'
import type { Domain } from './scanning-page.tsx'

/** The first of each is the default (core/directory/scan-policy.ts). */
const CHOICES = {
  spam: ['reject', 'junk', 'mark', 'off'],
  virus: ['reject', 'quarantine', 'off'],
  attachments: ['quarantine', 'reject', 'mark', 'off'],
  encrypted: ['mark', 'quarantine', 'reject', 'off'],
  dmarc: ['honour', 'mark', 'ignore'],
  spamEngineDown: ['mark', 'hold', 'defer'],
  virusScannerDown: ['hold', 'mark', 'defer'],
} as const satisfies { [Name in keyof ScanPolicy]?: readonly ScanPolicy[Name][] }
const NAMES = Object.keys(CHOICES) as (keyof typeof CHOICES)[]
const ENDINGS = ['allowedEndings', 'blockedEndings'] as const
const SWITCHES = ['greylisting', 'arc'] as const

export function PolicyDialog({ domain, onClose }: { domain: Domain; onClose: () => void }) {
  const t = useTranslations('admin.scanning')
  const queries = useQueryClient()
  const [policy, setPolicy] = useState<ScanPolicy>(domain.policy)
  const [endings, setEndings] = useState({
    allowedEndings: domain.policy.allowedEndings.join(' '),
    blockedEndings: domain.policy.blockedEndings.join(' '),
  })
  const wanted: ScanPolicy = {
    ...policy,
    allowedEndings: wordsOf(endings.allowedEndings),
    blockedEndings: wordsOf(endings.blockedEndings),
  }
  const changes = Object.fromEntries(
    Object.entries(wanted).filter(
      ([name, value]) => String(value) !== String(domain.policy[name as keyof ScanPolicy]),
    ),
  )
  const save = useMutation({
    mutationFn: () => call<DomainScan>(`domains/${domain.domain}/scan`, changes, 'PATCH'),
    onSuccess: changed => {
      queries.setQueryData<Domain[]>(['scanning'], all =>
        all?.map(one => (one.domain === changed.domain ? { ...one, ...changed } : one)),
      )
      notify({ text: t('done', { name: domain.domain }) })
      onClose()
    },
  })
  return (
    <FormDialog
      title={domain.domain}
      size="lg"
      doing={t('save')}
      busy={save.isPending}
      error={save.error}
      onClose={onClose}
      onSend={() => (Object.keys(changes).length > 0 ? save.mutate() : onClose())}
    >
      {NAMES.map(name => (
        <Choice
          key={name}
          label={t(`setting.${name}`)}
          value={policy[name]}
          onChange={value => setPolicy({ ...policy, [name]: value })}
        >
          {CHOICES[name].map((value, n) => (
            <option key={value} value={value}>
              {n === 0 ? t('isDefault', { choice: t(`choice.${value}`) }) : t(`choice.${value}`)}
            </option>
          ))}
        </Choice>
      ))}
      {ENDINGS.map(name => (
        <Text
          key={name}
          label={t(`setting.${name}`)}
          value={endings[name]}
          onChange={value => setEndings({ ...endings, [name]: value })}
          note={t(`${name}Note`)}
          most={1_200}
        />
      ))}
      {SWITCHES.map(name => (
        <Check
          key={name}
          label={t(`setting.${name}`)}
          checked={policy[name]}
          onChange={checked => setPolicy({ ...policy, [name]: checked })}
        />
      ))}
    </FormDialog>
  )
}

/** `.exe, docm` as endings without their dots. */
const wordsOf = (text: string) => [
  ...new Set(
    text
      .toLowerCase()
      .split(/[\s,]+/)
      .map(ending => ending.replace(/^\./, ''))
      .filter(Boolean),
  ),
]
