'use client'
/** When a message goes out: times that make sense now, or one of one's own. */
import { IconCalendarTime, IconClockHour8 } from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { createPortal } from 'react-dom'
import styles from '../help.module.css'
import { Menu, MenuItem } from '../menu.tsx'
import { useFormats, useNow } from '../viewer.tsx'
import { choicesAt, fromField, toField } from './times.ts'

export function LaterMenu(props: {
  label: string
  /** The label stands beside the picture already. */
  bare: boolean
  className: string | undefined
  onChoose: (at: Date) => void
  children: ReactNode
}) {
  const t = useTranslations('later')
  const formats = useFormats()
  const now = useNow()
  const [asking, setAsking] = useState(false)
  return (
    <>
      <Menu
        label={props.label}
        bare={props.bare}
        className={props.className}
        side="above"
        items={
          <>
            {choicesAt(now).map(({ choice, at }) => (
              <MenuItem
                key={choice}
                icon={<IconClockHour8 size={18} stroke={1.6} aria-hidden />}
                onClick={() => props.onChoose(at)}
              >
                {t(choice, { time: formats.ahead(at, now) })}
              </MenuItem>
            ))}
            <MenuItem
              icon={<IconCalendarTime size={18} stroke={1.6} aria-hidden />}
              onClick={() => setAsking(true)}
            >
              {t('own')}
            </MenuItem>
          </>
        }
      >
        {props.children}
      </Menu>
      {asking && <OwnTime onChoose={props.onChoose} onClose={() => setAsking(false)} />}
    </>
  )
}

function OwnTime(props: { onChoose: (at: Date) => void; onClose: () => void }) {
  const t = useTranslations('later')
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  const [text, setText] = useState(() => toField(choicesAt(new Date())[0]?.at ?? new Date()))
  const [wrong, setWrong] = useState(false)
  useEffect(() => dialog.current?.showModal(), [])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const at = fromField(text, new Date())
    if (!at) return setWrong(true)
    dialog.current?.close()
    props.onChoose(at)
  }
  // Out of the window that is written in: its keys are not this one's.
  return createPortal(
    <dialog ref={dialog} className={styles.dialog} onClose={props.onClose} aria-labelledby={titleId}>
      <form onSubmit={submit} noValidate>
        <h2 id={titleId}>{t('ownTitle')}</h2>
        <label className={styles.field}>
          <span>{t('dateAndTime')}</span>
          <input
            type="datetime-local"
            value={text}
            aria-invalid={wrong}
            onChange={event => {
              setText(event.target.value)
              setWrong(false)
            }}
          />
        </label>
        {wrong && (
          <p role="alert" className={styles.problem}>
            {t('wrong')}
          </p>
        )}
        <div className={styles.buttons}>
          <button type="button" className={styles.close} onClick={() => dialog.current?.close()}>
            {t('back')}
          </button>
          <button type="submit" className={styles.primary}>
            {t('set')}
          </button>
        </div>
      </form>
    </dialog>,
    document.body,
  )
}
