'use client'
/** Whom the organization always or never wants mail from: the entries, and a line to add one. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { notify } from '../../../../mail/toasts.tsx'
import { call } from '../api.ts'
import dialog from '../dialog.module.css'
import { Choice, Text } from '../fields.tsx'
import section from '../section.module.css'
import styles from './scanning.module.css'
import type { Organization } from './scanning-page.tsx'

export type Entry = {
  id: string
  organizationId: string
  kind: 'allow' | 'block'
  value: string
  comment: string
}

const KEY = ['lists']

/** @param organizations those that an operator may choose from; none for an admin, who has one */
export function Lists({ first, organizations }: { first: Entry[]; organizations: Organization[] }) {
  const t = useTranslations('admin.scanning')
  const queries = useQueryClient()
  const { data } = useQuery({
    queryKey: KEY,
    queryFn: () => call<{ items: Entry[] }>('lists?mailbox=none'),
    initialData: { items: first },
  })
  const remove = useMutation({
    mutationFn: ({ id }: Entry) => call(`lists/${id}`, {}, 'DELETE'),
    onSuccess: async (_, { value }) => {
      await queries.invalidateQueries({ queryKey: KEY })
      notify({ text: t('removed', { value }) })
    },
  })
  const nameOf = (id: string) => organizations.find(one => one.id === id)?.name
  return (
    <section className={section.section} aria-labelledby="lists-title">
      <h2 className={section.title} id="lists-title">
        {t('lists')}
      </h2>
      <p className={styles.lead}>{t('listsLead')}</p>
      {data.items.length === 0 && <p className={section.none}>{t('listsEmpty')}</p>}
      <ul className={styles.entries}>
        {data.items.map(entry => (
          <li key={entry.id} className={styles.entry}>
            <p>
              <b>{entry.value}</b>
              <span>
                {[t(entry.kind), nameOf(entry.organizationId), entry.comment].filter(Boolean).join(' · ')}
              </span>
            </p>
            <button
              type="button"
              className={section.button}
              aria-label={t('removeFor', { value: entry.value })}
              disabled={remove.isPending}
              onClick={() => remove.mutate(entry)}
            >
              {t('remove')}
            </button>
          </li>
        ))}
      </ul>
      {remove.error && <Failure error={remove.error} />}
      <Add organizations={organizations} />
    </section>
  )
}

function Add({ organizations }: { organizations: Organization[] }) {
  const t = useTranslations('admin.scanning')
  const queries = useQueryClient()
  const [kind, setKind] = useState<Entry['kind']>('block')
  const [value, setValue] = useState('')
  const [comment, setComment] = useState('')
  const [organizationId, setOrganization] = useState(organizations[0]?.id ?? '')
  const add = useMutation({
    mutationFn: () =>
      call<{ value: string }>('lists', { kind, value, comment, ...(organizationId && { organizationId }) }),
    onSuccess: async added => {
      await queries.invalidateQueries({ queryKey: KEY })
      notify({ text: t('added', { value: added.value }) })
      setValue('')
      setComment('')
    },
  })
  return (
    <form
      className={styles.add}
      aria-label={t('addTitle')}
      onSubmit={event => {
        event.preventDefault()
        add.mutate()
      }}
    >
      {organizations.length > 1 && (
        <div>
          <Choice label={t('organization')} value={organizationId} onChange={setOrganization}>
            {organizations.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </Choice>
        </div>
      )}
      <div>
        <Choice label={t('kind')} value={kind} onChange={chosen => setKind(chosen as Entry['kind'])}>
          <option value="block">{t('block')}</option>
          <option value="allow">{t('allow')}</option>
        </Choice>
      </div>
      <div>
        <Text
          label={t('value')}
          value={value}
          onChange={setValue}
          note={t('valueNote')}
          required
          most={320}
        />
      </div>
      <div>
        <Text label={t('comment')} value={comment} onChange={setComment} most={200} />
      </div>
      {add.error && <Failure error={add.error} />}
      <button type="submit" className={`${section.button} ${section.primary}`} disabled={add.isPending}>
        {t('add')}
      </button>
    </form>
  )
}

function Failure({ error }: { error: Error }) {
  const t = useTranslations('admin')
  return (
    <p className={dialog.error} role="alert">
      {t('failed', { detail: error.message })}
    </p>
  )
}
