'use client'
/**
 * What has just been done, said for a while at the edge of the page, with a way to take it back. The ten
 * seconds stand still while somebody is on it with the pointer or the keyboard.
 */
import { IconX } from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import { useEffect, useRef, useState } from 'react'
import { createStore } from './store.ts'
import styles from './toasts.module.css'

type Toast = {
  id: number
  text: string
  tone: 'plain' | 'fail'
  undo?: () => void
  /** It can be undone for so long, in ms, also while somebody is on it: not we decide when it is over. */
  until?: number
  /** Called when it goes without having been undone. */
  onEnd?: () => void
}

/** How long an action can be undone, in ms. */
export const UNDO_TIME = 10_000
const PLAIN_TIME = 5_000
/** Toasts on the screen at most. */
const MOST = 3

const toasts = createStore<readonly Toast[]>([])
let counter = 0

export function notify(toast: Omit<Toast, 'id' | 'tone'> & { tone?: Toast['tone'] }): void {
  const next = [...toasts.get(), { tone: 'plain' as const, ...toast, id: ++counter }]
  for (const old of next.slice(0, -MOST)) old.onEnd?.()
  toasts.set(next.slice(-MOST))
}

function end(toast: Toast, undone: boolean): void {
  if (!toasts.get().includes(toast)) return
  toasts.set(list => list.filter(one => one !== toast))
  if (undone) toast.undo?.()
  else toast.onEnd?.()
}

/** Something that was done and shows by itself: nothing is said, but the key takes it back for as long. */
export function undoable(undo: () => void): void {
  const one = { id: ++counter, undo }
  silent = [...silent, one].slice(-MOST)
  setTimeout(() => {
    silent = silent.filter(other => other !== one)
  }, UNDO_TIME)
}
let silent: { id: number; undo: () => void }[] = []

/** Undoes the last action that can be undone; false when there is none. */
export function undoLast(): boolean {
  const last = toasts.get().findLast(toast => toast.undo)
  const quiet = silent.at(-1)
  if (quiet && (!last || quiet.id > last.id)) {
    silent = silent.slice(0, -1)
    quiet.undo()
    return true
  }
  if (last) end(last, true)
  return last !== undefined
}

export function Toasts() {
  const list = toasts.use()
  const t = useTranslations('toasts')
  return (
    <section className={styles.stack} aria-label={t('region')} aria-live="polite">
      {list.map(toast => (
        <ToastLine key={toast.id} toast={toast} />
      ))}
    </section>
  )
}

function ToastLine({ toast }: { toast: Toast }) {
  const t = useTranslations('toasts')
  const [held, setHeld] = useState(false)
  const left = useRef(toast.until ?? (toast.undo ? UNDO_TIME : PLAIN_TIME))
  useEffect(() => {
    if (held && toast.until === undefined) return
    const since = performance.now()
    const timer = setTimeout(() => end(toast, false), left.current)
    return () => {
      clearTimeout(timer)
      left.current = Math.max(1_500, left.current - (performance.now() - since))
    }
  }, [held, toast])
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: holding still is a courtesy, not a control
    <div
      className={styles.toast}
      data-tone={toast.tone}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span className={styles.text}>{toast.text}</span>
      {toast.undo && (
        <button type="button" className={styles.undo} onClick={() => end(toast, true)}>
          {t('undo')}
        </button>
      )}
      <button
        type="button"
        className={styles.close}
        aria-label={t('dismiss')}
        onClick={() => end(toast, false)}
      >
        <IconX size={16} aria-hidden />
      </button>
    </div>
  )
}
