'use client'
/**
 * Quiet words under a field of recipients, about addresses that will probably not work, with a correction at one
 * click. Nothing is kept from being sent by them.
 */
import { useQueries } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import type { EmailAddress } from '../../jmap/types.ts'
import type { AddressHint } from '../../server/address-hints.ts'
import styles from './recipients.module.css'

export function Hints(props: {
  people: readonly EmailAddress[]
  onReplace: (from: string, to: string) => void
}) {
  const t = useTranslations('compose.hint')
  const results = useQueries({
    queries: props.people.map(({ email }) => ({
      queryKey: ['address-hint', email.toLowerCase()],
      // Short: what was sent a minute ago may have failed.
      staleTime: 10_000,
      retry: false,
      queryFn: async (): Promise<AddressHint | null> => {
        const response = await fetch(`/people/check?address=${encodeURIComponent(email)}`)
        return response.ok ? ((await response.json()) as { hint: AddressHint | null }).hint : null
      },
    })),
  })
  const hints = props.people.flatMap(({ email }, index) => {
    const hint = results[index]?.data
    return hint ? [{ email, hint }] : []
  })
  return (
    // Always there, so that what appears in it is read out.
    <div role="status" className={styles.hints}>
      {hints.map(({ email, hint }) => (
        <p key={email}>
          {t(hint.kind, {
            address: email,
            domain: email.slice(email.lastIndexOf('@') + 1),
            why: hint.why ?? '',
          })}{' '}
          {hint.instead && (
            <button
              type="button"
              className={styles.correct}
              onClick={() => props.onReplace(email, hint.instead as string)}
            >
              {t('use', { address: hint.instead })}
            </button>
          )}
        </p>
      ))}
    </div>
  )
}
