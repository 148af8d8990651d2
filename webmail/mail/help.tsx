'use client'
/** The keys, on one page. A native dialog: the browser keeps the focus in it and gives it back. */
import { useTranslations } from 'next-intl'
import { useEffect, useRef } from 'react'
import styles from './help.module.css'

const KEYS = [
  ['j / ↓', 'next'],
  ['k / ↑', 'previous'],
  ['Enter', 'open'],
  ['Esc', 'back'],
  ['c', 'compose'],
  ['r', 'reply'],
  ['a', 'replyAll'],
  ['f', 'forward'],
  ['#', 'delete'],
  ['u', 'unread'],
  ['s', 'star'],
  ['z', 'undo'],
  ['/', 'search'],
  ['Ctrl Enter', 'send'],
  ['?', 'help'],
] as const

export function Help({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useTranslations('keys')
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (open) dialog.current?.showModal()
    else dialog.current?.close()
  }, [open])
  return (
    <dialog ref={dialog} className={styles.dialog} onClose={onClose} aria-labelledby="keys-title">
      <h2 id="keys-title">{t('title')}</h2>
      <dl className={styles.keys}>
        {KEYS.map(([key, name]) => (
          <div key={name}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{t(name)}</dd>
          </div>
        ))}
      </dl>
      <button type="button" className={styles.close} onClick={onClose}>
        {t('close')}
      </button>
    </dialog>
  )
}
