'use client'
/** One's signatures: written in the same editor as messages, and which of them stands under messages from which address. */
import type { Signature } from '@restante/core/access/signatures.ts'
import { useTranslations } from 'next-intl'
import { lazy, Suspense, useActionState, useEffect, useId, useState } from 'react'
import { textOfHtml } from '../mail/compose/rich-text.ts'
import styles from '../telling/contact.module.css'
import { chooseOwnSignatures, removeOwnSignature, saveOwnSignature, type WritingState } from './actions.ts'
import { Refused } from './forms.tsx'
import own from './writing.module.css'

const Editor = lazy(() => import('../mail/compose/editor.tsx'))
const fresh: WritingState = { type: 'fresh' }

export function Signatures({ signatures }: { signatures: readonly Signature[] }) {
  const t = useTranslations('writing')
  const [editing, setEditing] = useState<string | null>(null)
  const end = () => setEditing(null)
  return (
    <>
      <ul className={own.signatures}>
        {signatures.map(one => (
          <li key={one.id}>
            {editing === one.id ? (
              <SignatureForm signature={one} onEnd={end} />
            ) : (
              <div className={styles.row}>
                <p>
                  <b>{one.name}</b>
                  <span className={own.words}>{one.text}</span>
                </p>
                <div className={styles.line}>
                  <button
                    type="button"
                    aria-label={t('editFor', { name: one.name })}
                    onClick={() => setEditing(one.id)}
                  >
                    {t('edit')}
                  </button>
                  <Remove signature={one} />
                </div>
              </div>
            )}
          </li>
        ))}
      </ul>
      {editing === '' ? (
        <SignatureForm signature={null} onEnd={end} />
      ) : (
        <button type="button" onClick={() => setEditing('')}>
          {t('newSignature')}
        </button>
      )}
    </>
  )
}

function Remove({ signature }: { signature: Signature }) {
  const t = useTranslations('writing')
  const [, action, pending] = useActionState(removeOwnSignature, fresh)
  return (
    <form action={action}>
      <input type="hidden" name="id" value={signature.id} />
      <button type="submit" disabled={pending} aria-label={t('removeFor', { name: signature.name })}>
        {t('remove')}
      </button>
    </form>
  )
}

/** @param props.signature null: a new one */
function SignatureForm(props: { signature: Signature | null; onEnd: () => void }) {
  const t = useTranslations('writing')
  const id = useId()
  const [state, action, pending] = useActionState(saveOwnSignature, fresh)
  const [html, setHtml] = useState(props.signature?.html ?? '')
  const [name, setName] = useState(props.signature?.name ?? '')
  const { onEnd } = props
  useEffect(() => {
    if (state.type === 'done') onEnd()
  }, [state, onEnd])
  return (
    <form action={action} className={styles.form}>
      <Refused state={state} />
      <input type="hidden" name="id" value={props.signature?.id ?? ''} />
      <input type="hidden" name="html" value={html} />
      <input type="hidden" name="text" value={html && textOfHtml(html)} />
      <label htmlFor={id}>{t('signatureName')}</label>
      <div className={styles.line}>
        <input
          id={id}
          name="name"
          required
          maxLength={100}
          value={name}
          onChange={event => setName(event.target.value)}
        />
      </div>
      <div className={own.editor}>
        <Suspense fallback={<div aria-busy="true" />}>
          <Editor
            html={props.signature?.html ?? '<p></p>'}
            label={t('signature')}
            focus={false}
            onChange={setHtml}
          />
        </Suspense>
      </div>
      <div className={styles.line}>
        <button type="submit" className={styles.primary} disabled={pending}>
          {t('save')}
        </button>
        <button type="button" onClick={props.onEnd}>
          {t('cancel')}
        </button>
      </div>
    </form>
  )
}

export function SignatureChoices(props: {
  signatures: readonly Signature[]
  /** Every address one may send as, with the id of its signature. */
  addresses: readonly { address: string; signature: string | null }[]
}) {
  const t = useTranslations('writing')
  const [state, action, pending] = useActionState(chooseOwnSignatures, fresh)
  return (
    <form action={action} className={styles.form}>
      <Refused state={state} />
      <div className={own.choices}>
        {props.addresses.map(({ address, signature }) => (
          <label key={`${address} ${signature}`} className={own.choice}>
            <span>{t('under', { address })}</span>
            <select name={address} defaultValue={signature ?? ''}>
              <option value="">{t('none')}</option>
              {props.signatures.map(one => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </select>
          </label>
        ))}
      </div>
      <div className={styles.line}>
        <button type="submit" disabled={pending}>
          {t('saveChoices')}
        </button>
        <p className={styles.help} role="status">
          {state.type === 'done' && t('saved')}
        </p>
      </div>
    </form>
  )
}
