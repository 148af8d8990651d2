'use client'
/** Making a passkey, and coming in with one. The browser does the asking; what it needs comes from our routes. */
import {
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
  startRegistration,
} from '@simplewebauthn/browser'
import { useRouter } from 'next/navigation'
import { useTranslations } from 'next-intl'
import { useEffect, useId, useState } from 'react'
import styles from '../telling/contact.module.css'
import { agentWords } from './agent.ts'

type State = 'looking' | 'cannot' | 'ready' | 'asking' | 'failed' | 'done'

function useCan(): [State, (state: State) => void] {
  const [state, setState] = useState<State>('looking')
  useEffect(() => setState('PublicKeyCredential' in window ? 'ready' : 'cannot'), [])
  return [state, setState]
}

async function read<T>(response: Response): Promise<T> {
  if (!response.ok) throw new Error(String(response.status))
  return (await response.json()) as T
}

const post = (path: string, body: object) =>
  fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

export function AddPasskey() {
  const t = useTranslations('security')
  const router = useRouter()
  const id = useId()
  const [state, setState] = useCan()
  const [name, setName] = useState('')
  useEffect(() => setName(agentWords(navigator.userAgent) ?? ''), [])

  async function add(): Promise<void> {
    setState('asking')
    try {
      const optionsJSON = await read<PublicKeyCredentialCreationOptionsJSON>(await fetch('/account/passkeys'))
      const response = await startRegistration({ optionsJSON })
      await read(await post('/account/passkeys', { name, response }))
      setState('done')
      router.refresh()
    } catch {
      setState('failed')
    }
  }

  return (
    <div className={styles.form}>
      {state !== 'cannot' && (
        <>
          <label htmlFor={id}>{t('passkeyName')}</label>
          <div className={styles.line}>
            <input id={id} value={name} maxLength={100} onChange={event => setName(event.target.value)} />
            <button
              type="button"
              disabled={state === 'asking' || state === 'looking'}
              onClick={() => void add()}
            >
              {t('passkeyAdd')}
            </button>
          </div>
        </>
      )}
      <p className={styles.help} role="status">
        {state === 'cannot' && t('passkeyCannot')}
        {state === 'failed' && t('passkeyFailed')}
        {state === 'done' && t('passkeyAdded')}
      </p>
    </div>
  )
}

/** @param purpose instead of a password, or after one */
export function UsePasskey(props: {
  purpose: 'sign-in' | 'second'
  next: string
  className: string | undefined
}) {
  const t = useTranslations('signIn')
  const [state, setState] = useCan()

  async function use(): Promise<void> {
    setState('asking')
    try {
      const wanted = await fetch(`/sign-in/passkey?for=${props.purpose}`)
      const optionsJSON = await read<PublicKeyCredentialRequestOptionsJSON>(wanted)
      const response = await startAuthentication({ optionsJSON })
      const { next } = await read<{ next: string }>(
        await post('/sign-in/passkey', { for: props.purpose, next: props.next, response }),
      )
      location.assign(next)
    } catch {
      setState('failed')
    }
  }

  if (state === 'cannot') return null
  return (
    <>
      <button
        type="button"
        className={props.className}
        disabled={state === 'asking' || state === 'looking'}
        onClick={() => void use()}
      >
        {t('passkey')}
      </button>
      <p role="status" hidden={state !== 'failed'}>
        {state === 'failed' && t('passkeyFailed')}
      </p>
    </>
  )
}
