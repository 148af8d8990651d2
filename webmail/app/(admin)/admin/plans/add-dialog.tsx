'use client'
/** Plans a maintenance window, a drill or an exception: what, for whom, when. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { notify } from '../../../../mail/toasts.tsx'
import { call } from '../api.ts'
import { FormDialog } from '../dialog.tsx'
import styles from '../fields.module.css'
import { Check, Choice, Text } from '../fields.tsx'
import type { PeriodView } from './plans-page.tsx'

const KINDS = ['maintenance', 'drill', 'override'] as const
const LENGTHS = [30, 60, 120, 240, 480, 1440] as const
const REPEATS = ['once', 'week', 'month', 'weekday'] as const
const help = { maintenance: 'helpMaintenance', drill: 'helpDrill', override: 'helpOverride' } as const
const whoms = { backend: 'whomBackend', domain: 'whomDomain', people: 'whomPeople' } as const

type Whom = 'backend' | 'domain' | 'people'

export function AddDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations('admin.plans')
  const all = useTranslations('admin')
  const client = useQueryClient()
  const [kind, setKind] = useState<(typeof KINDS)[number]>('maintenance')
  const [whom, setWhom] = useState<Whom>('backend')
  const [backend, setBackend] = useState('')
  const [domain, setDomain] = useState('')
  const [people, setPeople] = useState('')
  const [start, setStart] = useState('')
  const [minutes, setMinutes] = useState<number | null>(120)
  const [repeat, setRepeat] = useState<(typeof REPEATS)[number]>('once')
  const [treat, setTreat] = useState(false)
  const [reason, setReason] = useState('')
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone
  const backends = useQuery({
    queryKey: ['backends'],
    queryFn: () => call<{ items: { id: string; name: string; domains: string[] }[] }>('backends'),
  })
  const servers = backends.data?.items ?? []
  const domains = [...new Set(servers.flatMap(one => one.domains))].sort()
  const choices: Whom[] = kind === 'maintenance' ? ['backend', 'domain', 'people'] : ['domain', 'people']
  const chosen = choices.includes(whom) ? whom : choices[0]!
  const save = useMutation({
    mutationFn: () =>
      call<PeriodView>('periods', {
        kind,
        ...(chosen === 'backend' && { backend: backend || servers[0]?.id }),
        ...(chosen === 'domain' && { domain: domain || domains[0] }),
        ...(chosen === 'people' && { people: people.split(/[\s,;]+/).filter(Boolean) }),
        mail: treat && kind !== 'drill' ? 'hold' : 'deliver',
        ...(reason.trim() && { reason: reason.trim() }),
        ...(start && { start }),
        zone,
        minutes: kind !== 'override' && minutes === null ? 120 : minutes,
        ...(repeat !== 'once' && {
          every: repeat === 'week' ? 'week' : 'month',
          ...(repeat === 'weekday' && { by: 'weekday' }),
        }),
      }),
    onSuccess: period => {
      notify({ text: t(period.state === 'open' ? 'begun' : 'done') })
      void client.invalidateQueries()
      onClose()
    },
  })
  const length = (value: number) =>
    value < 60
      ? all('override.minutes', { count: value })
      : value < 1440
        ? all('override.hours', { count: value / 60 })
        : all('override.days', { count: value / 1440 })
  return (
    <FormDialog
      title={t('addTitle')}
      doing={t('do')}
      busy={save.isPending}
      error={save.error}
      onClose={onClose}
      onSend={() => save.mutate()}
    >
      <Choice label={t('what')} value={kind} onChange={value => setKind(value as typeof kind)}>
        {KINDS.map(one => (
          <option key={one} value={one}>
            {t(`kind.${one}`)}
          </option>
        ))}
      </Choice>
      <p className={styles.help}>{t(help[kind])}</p>
      <Choice label={t('whom')} value={chosen} onChange={value => setWhom(value as Whom)}>
        {choices.map(one => (
          <option key={one} value={one}>
            {t(whoms[one])}
          </option>
        ))}
      </Choice>
      {chosen === 'backend' && (
        <Choice label={t('server')} value={backend} onChange={setBackend}>
          {servers.map(one => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </Choice>
      )}
      {chosen === 'domain' && (
        <Choice label={t('domain')} value={domain} onChange={setDomain}>
          {domains.map(one => (
            <option key={one}>{one}</option>
          ))}
        </Choice>
      )}
      {chosen === 'people' && <Text label={t('addresses')} value={people} onChange={setPeople} required />}
      <Text
        label={t('start', { zone })}
        note={t('now')}
        type="datetime-local"
        value={start}
        onChange={setStart}
        required={repeat !== 'once'}
      />
      <Choice
        label={t('length')}
        value={minutes === null && kind === 'override' ? '' : String(minutes ?? 120)}
        onChange={value => setMinutes(value ? Number(value) : null)}
      >
        {LENGTHS.map(value => (
          <option key={value} value={value}>
            {length(value)}
          </option>
        ))}
        {kind === 'override' && <option value="">{t('forever')}</option>}
      </Choice>
      <Choice label={t('repeat')} value={repeat} onChange={value => setRepeat(value as typeof repeat)}>
        {REPEATS.map(one => (
          <option key={one} value={one}>
            {t(one)}
          </option>
        ))}
      </Choice>
      {kind !== 'drill' && <Check label={t('treat')} checked={treat} onChange={setTreat} />}
      <Text label={t('reason')} value={reason} onChange={setReason} />
    </FormDialog>
  )
}
