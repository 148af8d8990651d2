'use client'
/**
 * People and their ways in, those without one first; and codes to print for those who are chosen. The codes stand on
 * the page as long as it is open, and nowhere else.
 */
import type { WaysIn } from '@restante/core/directory/ways-in.ts'
import { useTranslations } from 'next-intl'
import { startTransition, useActionState, useState } from 'react'
import adminStyles from '../admin-page.module.css'
import { Frame } from '../frame.tsx'
import type { Viewer } from '../header.tsx'
import { Mark } from '../mark.tsx'
import section from '../section.module.css'
import { type CodesState, makeCodes } from './codes.ts'
import styles from './people.module.css'
import { PrintedCodes } from './printed-codes.tsx'

export type PersonRow = { id: string; address: string; name: string; ways: WaysIn; couldSignIn: boolean }
type Props = { people: readonly PersonRow[]; more: boolean; search: string; viewer: Viewer }

const WAYS: readonly (keyof WaysIn)[] = [
  'password',
  'mailbox',
  'passkey',
  'contact',
  'printed',
  'organization',
]

export function PeoplePage(props: Props) {
  return (
    <Frame viewer={props.viewer} page="people">
      <Content {...props} />
    </Frame>
  )
}

function Content({ people, more, search }: Props) {
  const t = useTranslations('admin.people')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [state, make, pending] = useActionState<CodesState, FormData>(makeCodes, { type: 'fresh' })
  const choose = (id: string, on: boolean) => {
    const next = new Set(chosen)
    if (on) next.add(id)
    else next.delete(id)
    setChosen(next)
  }
  const all = people.length > 0 && people.every(person => chosen.has(person.id))
  const submit = (form: FormData) => {
    for (const id of chosen) form.append('id', id)
    startTransition(() => make(form))
  }
  return (
    <main className={adminStyles.main}>
      <h1 className={section.title}>{t('title')}</h1>
      <p className={styles.lead}>{t('lead')}</p>
      <form className={styles.bar} action="/admin/people">
        <label>
          {t('search')}
          <input type="search" name="q" defaultValue={search} maxLength={100} />
        </label>
        <button type="submit" className={section.button}>
          {t('find')}
        </button>
      </form>
      {people.length === 0 && <p className={section.none}>{t('none')}</p>}
      {people.length > 0 && (
        <label className={styles.all}>
          <input
            type="checkbox"
            checked={all}
            onChange={event =>
              setChosen(event.target.checked ? new Set(people.map(person => person.id)) : new Set())
            }
          />
          {t('all', { count: people.length })}
        </label>
      )}
      <ul className={styles.rows} aria-label={t('title')}>
        {people.map(person => (
          <li key={person.id}>
            <label className={styles.who}>
              <input
                type="checkbox"
                checked={chosen.has(person.id)}
                onChange={event => choose(person.id, event.target.checked)}
              />
              <span>
                <b>{person.name || person.address}</b>
                {person.name && <span>{person.address}</span>}
              </span>
            </label>
            <Mark sign={person.couldSignIn ? 'good' : 'fail'}>
              {t(person.couldSignIn ? 'ready' : 'notReady')}
            </Mark>
            <span className={styles.ways}>
              {WAYS.filter(way => person.ways[way])
                .map(way => t(`way.${way}`))
                .join(', ') || t('noWay')}
            </span>
          </li>
        ))}
      </ul>
      {more && <p className={section.none}>{t('more')}</p>}
      <section className={section.section} aria-labelledby="codes-title">
        <h2 className={section.title} id="codes-title">
          {t('codes')}
        </h2>
        <p className={styles.lead}>{t('codesLead')}</p>
        <form className={styles.bar} action={submit}>
          <label>
            {t('count')}
            <input type="number" name="count" min={1} max={20} defaultValue={1} required />
          </label>
          <label>
            {t('days')}
            <input type="number" name="days" min={1} max={365} defaultValue={30} required />
          </label>
          <button
            type="submit"
            className={`${section.button} ${section.primary}`}
            disabled={pending || chosen.size === 0}
          >
            {t('make', { count: chosen.size })}
          </button>
        </form>
        <p role="alert" className={styles.alert} hidden={state.type !== 'refused'}>
          {state.type === 'refused' && t(`refused.${state.code}`)}
        </p>
        {state.type === 'made' && <PrintedCodes codes={state.codes} address={state.address} />}
      </section>
    </main>
  )
}
