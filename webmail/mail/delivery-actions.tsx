'use client'
/** What a sender can do about one recipient of a message on its way: try now, cancel, send it somewhere else. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { type FormEvent, useEffect, useId, useRef, useState } from 'react'
import type { Id, SenderAction, SetError } from '../jmap/types.ts'
import { useConnection } from './connection.tsx'
import styles from './delivery.module.css'
import type { SentTo } from './queries.ts'
import { notify } from './toasts.tsx'

type Wish = { action: SenderAction; to?: string }

class Refused extends Error {
  override name = 'Refused'
  readonly error: SetError
  constructor(error: SetError) {
    super(error.type)
    this.error = error
  }
}

export function SentActions({ account, email, sent }: { account: Id; email: Id; sent: SentTo }) {
  const t = useTranslations('delivery')
  const { client } = useConnection()
  const queries = useQueryClient()
  const [asking, setAsking] = useState(false)
  const place = useRef<HTMLDivElement>(null)
  const may = sent.status['restante:may']

  const act = useMutation({
    mutationFn: async ({ action, to }: Wish) => {
      const { submissionId, address } = sent
      const given = { accountId: account, submissionId, action, address, ...(to && { to }) }
      const result = await client.call('restante:Sent/act', given)
      if (!result.done) throw new Refused(result.error ?? { type: 'serverFail' })
    },
    onSuccess: (_result, { action, to }) => {
      setAsking(false)
      // The buttons may be gone with what they could be pressed for.
      place.current?.closest('li')?.focus()
      notify({
        text:
          action === 'retry'
            ? t('retried')
            : action === 'cancel'
              ? t('cancelled', { address: sent.address })
              : t('resent', { address: to ?? '' }),
      })
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['submissions', account, email] }),
  })
  if (may.length === 0) return null
  return (
    <div ref={place} className={styles.statusActions}>
      {asking ? (
        <Another
          busy={act.isPending}
          onSend={to => act.mutate({ action: 'resend', to })}
          onBack={() => {
            setAsking(false)
            act.reset()
            place.current?.closest('li')?.focus()
          }}
        />
      ) : (
        may.map(action => (
          <button
            key={action}
            type="button"
            className={styles.statusButton}
            disabled={act.isPending}
            aria-label={`${t(action)}: ${sent.address}`}
            onClick={() => (action === 'resend' ? setAsking(true) : act.mutate({ action }))}
          >
            {t(action)}
          </button>
        ))
      )}
      {act.isError && (
        <p role="alert" className={styles.statusProblem}>
          {t(whyNot(act.error))}
        </p>
      )}
    </div>
  )
}

function whyNot(error: unknown) {
  if (!(error instanceof Refused)) return 'actionFailed'
  if (error.error.suppressed?.length) return 'suppressed'
  if (error.error.type === 'invalidRecipients') return 'badAddress'
  return error.error.type === 'rateLimit' ? 'tooMuch' : 'actionFailed'
}

function Another(props: { busy: boolean; onSend: (to: string) => void; onBack: () => void }) {
  const t = useTranslations('delivery')
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [to, setTo] = useState('')
  useEffect(() => input.current?.focus(), [])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (to.trim()) props.onSend(to.trim())
  }
  return (
    <form
      className={styles.another}
      onSubmit={submit}
      onKeyDown={event => {
        if (event.key !== 'Escape') return
        event.stopPropagation()
        props.onBack()
      }}
    >
      <label htmlFor={id}>{t('resendTo')}</label>
      <input
        ref={input}
        id={id}
        type="text"
        inputMode="email"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={to}
        onChange={event => setTo(event.target.value)}
      />
      <button type="submit" className={styles.statusButton} disabled={props.busy || !to.trim()}>
        {props.busy ? t('doing') : t('send')}
      </button>
      <button type="button" className={styles.statusButton} onClick={props.onBack}>
        {t('back')}
      </button>
    </form>
  )
}
