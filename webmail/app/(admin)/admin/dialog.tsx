'use client'
/**
 * The dialogs of the admin pages in their three shapes: a frame with a title, a form that is sent or left, a
 * question that is answered. The way back comes first, so that Enter in a question never does the dangerous
 * thing; what went wrong is said above the buttons and the dialog stays.
 */
import { Modal } from '@mantine/core'
import { useTranslations } from 'next-intl'
import type { ReactNode } from 'react'
import styles from './dialog.module.css'
import section from './section.module.css'

type Frame = {
  title: string
  onClose: () => void
  size?: 'md' | 'lg'
  /** Above a drawer that is open. */
  above?: boolean
  children: ReactNode
}

export function Dialog({ title, onClose, size = 'md', above = false, children }: Frame) {
  const t = useTranslations('admin')
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size={size}
      classNames={{ title: styles.title, content: styles.content, header: styles.header }}
      closeButtonProps={{ 'aria-label': t('close') }}
      lockScroll={false}
      transitionProps={{ duration: 120 }}
      {...(above && { zIndex: 400 })}
      centered
    >
      {children}
    </Modal>
  )
}

type Doing = {
  /** The button's words. */
  doing: string
  danger?: boolean
  busy?: boolean
  error?: Error | null
}

/** A form: `onSend` when it is sent, `onClose` by the way back. */
export function FormDialog({
  doing,
  danger,
  busy,
  error,
  onSend,
  children,
  ...frame
}: Frame & Doing & { onSend: () => void }) {
  return (
    <Dialog {...frame}>
      <form
        onSubmit={event => {
          event.preventDefault()
          onSend()
        }}
      >
        {children}
        <Failed error={error} />
        <Buttons onClose={frame.onClose}>
          <button type="submit" className={buttonClass(danger)} disabled={busy}>
            {doing}
          </button>
        </Buttons>
      </form>
    </Dialog>
  )
}

/** A question; the way back has the focus. */
export function AskDialog({
  doing,
  danger,
  busy,
  error,
  onDo,
  children,
  ...frame
}: Frame & Doing & { onDo: () => void }) {
  return (
    <Dialog {...frame}>
      {children}
      <Failed error={error} />
      <Buttons onClose={frame.onClose} focusBack>
        <button type="button" className={buttonClass(danger)} disabled={busy} onClick={onDo}>
          {doing}
        </button>
      </Buttons>
    </Dialog>
  )
}

const buttonClass = (danger?: boolean) => `${section.button} ${danger ? section.danger : section.primary}`

function Failed({ error }: { error?: Error | null | undefined }) {
  const t = useTranslations('admin')
  if (!error) return null
  return (
    <p className={styles.error} role="alert">
      {t('failed', { detail: error.message })}
    </p>
  )
}

function Buttons(props: { onClose: () => void; focusBack?: boolean; children: ReactNode }) {
  const t = useTranslations('admin')
  return (
    <div className={styles.buttons}>
      <button
        type="button"
        className={section.button}
        onClick={props.onClose}
        {...(props.focusBack && { 'data-autofocus': true })}
      >
        {t('action.back')}
      </button>
      {props.children}
    </div>
  )
}
