'use client'
/** The form by which somebody gives access to their own mailbox, and hears whether it does. */
import type { ImapCredentials } from '@restante/core/directory/imap.ts'
import { useTranslations } from 'next-intl'
import { useActionState, useId, useState } from 'react'
import styles from '../telling/contact.module.css'
import { type AccessState, giveAccess } from './actions.ts'

const fresh: AccessState = { type: 'fresh' }

export function AccessForm({
  user,
  kinds,
  again,
}: {
  /** What they signed in as there last, or their address. */
  user: string
  kinds: readonly ImapCredentials['kind'][]
  again: boolean
}) {
  const t = useTranslations('ownServer')
  const id = useId()
  const [state, action, pending] = useActionState(giveAccess, fresh)
  const [kind, setKind] = useState(kinds[0] ?? 'password')
  const [name, setName] = useState(user)
  return (
    <form action={action} className={styles.form}>
      <p className={styles.alert} role="alert" hidden={state.type !== 'bad' || pending}>
        {state.type === 'bad' && t(`bad.${state.problem}`)}
      </p>
      {kinds.length > 1 && (
        <fieldset className={styles.choice}>
          <legend>{t('way')}</legend>
          {kinds.map(one => (
            <label key={one}>
              <input
                type="radio"
                name="kind"
                value={one}
                checked={kind === one}
                onChange={() => setKind(one)}
              />
              {t(`kind.${one}`)}
            </label>
          ))}
        </fieldset>
      )}
      {kinds.length === 1 && <input type="hidden" name="kind" value={kinds[0]} />}
      <label htmlFor={`${id}-user`}>{t('user')}</label>
      <div className={styles.line}>
        <input
          id={`${id}-user`}
          name="user"
          value={name}
          onChange={event => setName(event.target.value)}
          required
          maxLength={320}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
      </div>
      <label htmlFor={`${id}-secret`}>{t(`kind.${kind}`)}</label>
      <div className={styles.line}>
        <input
          id={`${id}-secret`}
          name="secret"
          type="password"
          required
          maxLength={8192}
          autoComplete="off"
          aria-describedby={`${id}-help`}
        />
        <button type="submit" disabled={pending} className={styles.primary}>
          {t(again ? 'replace' : 'give')}
        </button>
      </div>
      <p className={styles.help} id={`${id}-help`}>
        {t('help')}
      </p>
      <p className={styles.help} role="status">
        {pending && t('trying')}
        {!pending && state.type === 'good' && t('good')}
        {!pending && state.type === 'waiting' && t('waiting')}
      </p>
    </form>
  )
}
