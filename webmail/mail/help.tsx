'use client'
/** The keys, on one page. A native dialog: the browser keeps the focus in it and gives it back. */
import { useTranslations } from 'next-intl'
import { useEffect, useRef } from 'react'
import styles from './help.module.css'

const KEYS = [
  ['j / ↓', 'next'],
  ['k / ↑', 'previous'],
  ['o / Enter', 'open'],
  ['u / Esc', 'back'],
  ['n / p', 'within'],
  ['x', 'select'],
  ['* a', 'selectAll'],
  ['e', 'archive'],
  ['#', 'delete'],
  ['!', 'junk'],
  ['v', 'move'],
  ['s', 'star'],
  ['Shift I', 'read'],
  ['Shift U', 'unread'],
  ['z', 'undo'],
  ['c', 'compose'],
  ['r', 'reply'],
  ['a', 'replyAll'],
  ['f', 'forward'],
  ['Ctrl Enter', 'send'],
  ['/', 'search'],
  ['g i', 'inbox'],
  ['g d', 'drafts'],
  ['g t', 'sent'],
  ['?', 'help'],
] as const

export default function Help({ onClose }: { onClose: () => void }) {
  const t = useTranslations('keys')
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
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
      <button type="button" className={styles.close} onClick={() => dialog.current?.close()}>
        {t('close')}
      </button>
    </dialog>
  )
}
