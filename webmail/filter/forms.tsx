'use client'
/** The forms of one's own list and daily mail. What was added or taken away is said, and shown by the page itself. */
import { useTranslations } from 'next-intl'
import { useActionState, useId } from 'react'
import styles from '../telling/contact.module.css'
import { addOwnEntry, type FilterState, removeOwnEntry, setOwnDigest } from './actions.ts'
import own from './filter.module.css'

const fresh: FilterState = { type: 'fresh' }

function Refused({ state }: { state: FilterState }) {
  const t = useTranslations('filter')
  return (
    <p className={styles.alert} role="alert" hidden={state.type !== 'refused'}>
      {state.type === 'refused' && t(`refused.${state.code}`)}
    </p>
  )
}

export function AddForm({ kind }: { kind: 'allow' | 'block' }) {
  const t = useTranslations('filter')
  const id = useId()
  const [state, action, pending] = useActionState(addOwnEntry, fresh)
  return (
    <form action={action} className={styles.form}>
      <Refused state={state} />
      <input type="hidden" name="kind" value={kind} />
      <label htmlFor={id}>{t(`${kind}Label`)}</label>
      <div className={styles.line}>
        <input
          id={id}
          name="value"
          required
          maxLength={320}
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          aria-describedby={`${id}help`}
        />
        <button type="submit" disabled={pending}>
          {t(`${kind}Do`)}
        </button>
      </div>
      <p className={styles.help} id={`${id}help`} role="status">
        {state.type === 'done' ? t('added', { value: state.value }) : t('help')}
      </p>
    </form>
  )
}

export function RemoveEntry({ id, value }: { id: string; value: string }) {
  const t = useTranslations('filter')
  const [, action, pending] = useActionState(removeOwnEntry, fresh)
  return (
    <form action={action}>
      <input type="hidden" name="id" value={id} />
      <button type="submit" disabled={pending} aria-label={t('removeFor', { value })}>
        {t('remove')}
      </button>
    </form>
  )
}

/** @param organization what those have who decide nothing */
export function DigestForm(props: { value: 'daily' | 'off' | null; organization: 'daily' | 'off' }) {
  const t = useTranslations('filter')
  const [state, action, pending] = useActionState(setOwnDigest, fresh)
  const choices = [
    ['organization', t(props.organization === 'daily' ? 'asOrganizationDaily' : 'asOrganizationOff')],
    ['daily', t('daily')],
    ['off', t('off')],
  ] as const
  return (
    <form action={action} className={styles.form}>
      <Refused state={state} />
      <fieldset className={own.choices}>
        <legend className="unseen">{t('digestTitle')}</legend>
        {choices.map(([value, text]) => (
          <label key={value} className={own.choice}>
            <input
              type="radio"
              name="digest"
              value={value}
              defaultChecked={value === (props.value ?? 'organization')}
            />
            {text}
          </label>
        ))}
      </fieldset>
      <div className={own.save}>
        <button type="submit" disabled={pending}>
          {t('save')}
        </button>
        <p className={styles.help} role="status">
          {state.type === 'done' && t('saved')}
        </p>
      </div>
    </form>
  )
}
