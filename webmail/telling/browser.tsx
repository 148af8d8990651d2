'use client'
/** Has this browser told by Web Push, where it can be: by a service worker that does nothing else. */
import { useRouter } from 'next/navigation'
import { useTranslations } from 'next-intl'
import { useEffect, useState } from 'react'
import styles from './contact.module.css'

type State = 'looking' | 'cannot' | 'off' | 'asking' | 'on' | 'denied' | 'failed'

export function Browser() {
  const t = useTranslations('contact')
  const router = useRouter()
  const [state, setState] = useState<State>('looking')
  useEffect(() => {
    const can = 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window
    if (!can) {
      setState('cannot')
      return
    }
    navigator.serviceWorker
      .getRegistration('/')
      .then(found => found?.pushManager.getSubscription())
      .then(
        known => setState(known ? 'on' : 'off'),
        () => setState('off'),
      )
  }, [])

  async function subscribe(): Promise<void> {
    setState('asking')
    try {
      if ((await Notification.requestPermission()) !== 'granted') {
        setState('denied')
        return
      }
      const { publicKey } = (await (await fetch('/contact/push')).json()) as { publicKey: string }
      await navigator.serviceWorker.register('/push-worker.js', { scope: '/' })
      const registration = await navigator.serviceWorker.ready
      const subscription = await registration.pushManager.subscribe({
        userVisibleOnly: true,
        applicationServerKey: publicKey,
      })
      const answer = await fetch('/contact/push', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(subscription),
      })
      setState(answer.ok ? 'on' : 'failed')
      router.refresh()
    } catch {
      setState('failed')
    }
  }

  return (
    <div className={styles.form}>
      {(state === 'off' || state === 'asking' || state === 'failed') && (
        <button type="button" disabled={state === 'asking'} onClick={() => void subscribe()}>
          {t('pushOn')}
        </button>
      )}
      <p className={styles.help} role="status">
        {state === 'cannot' && t('pushCannot')}
        {state === 'on' && t('pushIsOn')}
        {state === 'denied' && t('pushDenied')}
        {state === 'failed' && t('pushFailed')}
      </p>
    </div>
  )
}
