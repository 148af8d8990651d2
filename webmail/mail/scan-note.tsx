'use client'
import type { Locale } from '@restante/core/db/schema/directory.ts'
/**
 * What the scan found, above the message: in Junk why it is there and the way out of it, elsewhere only what is
 * worth knowing before one trusts the message.
 */
import { sentenceOf } from '@restante/core/scan/reasons.ts'
import { IconAlertTriangle, IconBan } from '@tabler/icons-react'
import { useLocale, useTranslations } from 'next-intl'
import type { Email, ScanView } from '../jmap/types.ts'
import { useActions } from './actions.ts'
import type { Scene } from './desk.tsx'
import styles from './scan-note.module.css'

/** Sentences shown at most: the gravest. */
const MOST = 4
/** Findings that are ordinary in good mail, when nothing worse was found. */
const ORDINARY = new Set(['sender-unproven'])

export function ScanNote({ scene, email, onMoved }: { scene: Scene; email: Email; onMoved: () => void }) {
  const t = useTranslations('scan')
  const actions = useActions()
  const junk = scene.folders.some(folder => folder.role === 'junk' && folder.id in email.mailboxIds)
  const inbox = scene.folders.find(folder => folder.role === 'inbox')
  const scan = email['restante:scan']
  const reasons = useReasons(scan ?? null)
  if (!junk && reasons.length === 0) return null
  const Icon = junk ? IconBan : IconAlertTriangle
  return (
    <section className={styles.note} aria-label={junk ? t('why') : t('suspicious')}>
      <Icon size={20} stroke={1.7} aria-hidden />
      <div>
        <p className={styles.title}>
          {junk ? (email['restante:delivery'] === 'held' ? t('held') : t('junk')) : t('suspicious')}
        </p>
        {reasons.map(reason => (
          <p key={reason}>{reason}</p>
        ))}
      </div>
      {junk && inbox && (
        <button
          type="button"
          className={styles.button}
          onClick={() => {
            onMoved()
            void actions.notSpam(scene.account, [email], inbox)
          }}
        >
          {t('notSpam')}
        </button>
      )}
    </section>
  )
}

function useReasons(scan: ScanView | null): string[] {
  const t = useTranslations('scan')
  const locale = useLocale() as Locale
  if (!scan || scan.verdict === 'pass') return []
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
  const grave = scan.reasons.filter(one => one.verdict !== 'mark' || !ORDINARY.has(one.reason))
  const sentences = grave.slice(0, MOST).map(({ step, reason, detail, score }) => {
    const spam = step === 'rspamd' || step === 'spamd'
    // An engine's detail is its score and what it would have taken.
    const [, points, required] = (spam && /^(-?[\d.]+)\/([\d.]+)$/.exec(detail ?? '')) || []
    if (points && required) {
      return t('scoreOf', { score: number.format(Number(points)), required: number.format(Number(required)) })
    }
    const sentence = sentenceOf(reason, detail ?? undefined, locale)
    return spam && score !== null ? `${sentence} ${t('score', { score: number.format(score) })}` : sentence
  })
  return [...new Set(sentences)]
}
