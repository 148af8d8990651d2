'use client'
/** Changes one domain; what each choice means stands beside it, and whom else it touches. */
import type { ClientChoice, DomainSettings } from '@restante/core/directory/domain-settings.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useId, useState } from 'react'
import { notify } from '../../../../mail/toasts.tsx'
import { call } from '../api.ts'
import dialog from '../dialog.module.css'
import { FormDialog } from '../dialog.tsx'
import { Choice, Text } from '../fields.tsx'
import { useWords } from '../words.ts'
import styles from './domains.module.css'

const RECIPIENTS = ['directory', 'ask'] as const
const UNVERIFIED = ['later', 'hold'] as const
const CLIENTS: readonly ClientChoice[] = ['xforward', 'xclient', 'proxy', 'proxy2', 'none']

const SERVERS = [
  { name: 'imap', label: 'programsImap', example: 'imaps://mail.example.com' },
  { name: 'pop', label: 'programsPop', example: 'pop3s://mail.example.com' },
  { name: 'smtp', label: 'programsSmtp', example: 'smtp://mail.example.com:587' },
] as const

const programsOf = ({ programs: { imap, pop, smtp, user } }: DomainSettings) => ({
  imap: imap ?? '',
  pop: pop ?? '',
  smtp: smtp ?? '',
  user,
})

export function DomainDialog({ domain, onClose }: { domain: DomainSettings; onClose: () => void }) {
  const t = useTranslations('admin.domains')
  const words = useWords()
  const id = useId()
  const queries = useQueryClient()
  const [recipients, setRecipients] = useState(domain.recipients)
  const [unverified, setUnverified] = useState(domain.unverified)
  const [client, setClient] = useState(domain.client)
  const [programs, setPrograms] = useState(programsOf(domain))
  const changes = {
    ...(recipients !== domain.recipients && { recipients }),
    ...(unverified !== domain.unverified && { unverified }),
    ...(client !== null && client !== domain.client && { client }),
    ...(JSON.stringify(programs) !== JSON.stringify(programsOf(domain)) && {
      programs: {
        imap: programs.imap || null,
        pop: programs.pop || null,
        smtp: programs.smtp || null,
        user: programs.user,
      },
    }),
  }
  const save = useMutation({
    mutationFn: () => call<DomainSettings>(`domains/${domain.name}`, changes, 'PATCH'),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['domains'] })
      notify({ text: t('done', { name: domain.name }) })
      onClose()
    },
  })
  return (
    <FormDialog
      title={domain.name}
      size="lg"
      doing={t('save')}
      busy={save.isPending}
      error={save.error}
      onClose={onClose}
      onSend={() => (Object.keys(changes).length > 0 ? save.mutate() : onClose())}
    >
      <Choices
        legend={t('recipients')}
        name={`${id}recipients`}
        choices={RECIPIENTS}
        value={recipients}
        choose={setRecipients}
      />
      {recipients === 'ask' && (
        <Choices
          legend={t('unverified')}
          name={`${id}unverified`}
          choices={UNVERIFIED}
          value={unverified}
          choose={setUnverified}
        />
      )}
      <Choices
        legend={t('client')}
        name={`${id}client`}
        choices={CLIENTS}
        value={client}
        choose={setClient}
      />
      {domain.sharing.length > 0 && client !== domain.client && (
        <p className={dialog.text}>{t('sharing', { names: words.list(domain.sharing) })}</p>
      )}
      <fieldset className={styles.choices}>
        <legend>{t('programs')}</legend>
        {SERVERS.map(({ name, label, example }) => (
          <Text
            key={name}
            label={t(label)}
            note={t('programsNote', { example })}
            most={300}
            value={programs[name]}
            onChange={value => setPrograms({ ...programs, [name]: value.trim() })}
          />
        ))}
        <Choice
          label={t('programsUser')}
          value={programs.user}
          onChange={value => setPrograms({ ...programs, user: value === 'local' ? 'local' : 'address' })}
        >
          <option value="address">{t('programsAddress')}</option>
          <option value="local">{t('programsLocal')}</option>
        </Choice>
      </fieldset>
    </FormDialog>
  )
}

type Option = 'directory' | 'ask' | 'later' | 'hold' | ClientChoice

function Choices<T extends Option>({
  legend,
  name,
  choices,
  value,
  choose,
}: {
  legend: string
  name: string
  choices: readonly T[]
  value: T | null
  choose: (value: T) => void
}) {
  const t = useTranslations('admin.domains')
  return (
    <fieldset className={styles.choices}>
      <legend>{legend}</legend>
      {choices.map(choice => (
        <label key={choice} className={styles.choice}>
          <input type="radio" name={name} checked={choice === value} onChange={() => choose(choice)} />
          <span>
            {t(choice as Option)}
            <small>{t(`${choice as Option}More`)}</small>
          </span>
        </label>
      ))}
    </fieldset>
  )
}
