'use client'
/** The forms of how somebody writes. */
import { UNDO_SEND } from '@restante/core/directory/undo-send.ts'
import { useTranslations } from 'next-intl'
import { useActionState } from 'react'
import own from '../filter/filter.module.css'
import styles from '../telling/contact.module.css'
import { setOwnUndoSend, type WritingState } from './actions.ts'

const fresh: WritingState = { type: 'fresh' }

export function Refused({ state }: { state: WritingState }) {
  const t = useTranslations('writing')
  return (
    <p className={styles.alert} role="alert" hidden={state.type !== 'refused'}>
      {state.type === 'refused' && t(`refused.${state.code}`)}
    </p>
  )
}

export function UndoSendForm({ value }: { value: number }) {
  const t = useTranslations('writing')
  const [state, action, pending] = useActionState(setOwnUndoSend, fresh)
  return (
    <form action={action} className={styles.form}>
      <Refused state={state} />
      <fieldset className={styles.choice}>
        <legend className="unseen">{t('undoTitle')}</legend>
        {UNDO_SEND.map(seconds => (
          <label key={seconds}>
            <input type="radio" name="seconds" value={seconds} defaultChecked={seconds === value} />
            {seconds === 0 ? t('undoNever') : t('undoSeconds', { seconds })}
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
