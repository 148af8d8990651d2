'use client'
/** A form's fields with their labels: one of several, a line of text, a tick. */
import { type ReactNode, useId } from 'react'
import dialog from './dialog.module.css'
import styles from './fields.module.css'

/** `children` are the options. */
export function Choice(props: {
  label: string
  value: string
  onChange: (value: string) => void
  children: ReactNode
}) {
  const id = useId()
  return (
    <>
      <label className={dialog.label} htmlFor={id}>
        {props.label}
      </label>
      <select
        id={id}
        className={dialog.field}
        value={props.value}
        onChange={event => props.onChange(event.target.value)}
      >
        {props.children}
      </select>
    </>
  )
}

export function Text(props: {
  label: string
  value: string
  /** Without it, it can only be read. */
  onChange?: (value: string) => void
  note?: string
  type?: string
  required?: boolean
  /** Characters at most. */
  most?: number
}) {
  const id = useId()
  return (
    <>
      <label className={dialog.label} htmlFor={id}>
        {props.label}
      </label>
      <input
        id={id}
        className={dialog.field}
        type={props.type ?? 'text'}
        maxLength={props.most ?? 500}
        required={props.required}
        readOnly={!props.onChange}
        aria-describedby={props.note ? `${id}note` : undefined}
        value={props.value}
        onChange={event => props.onChange?.(event.target.value)}
      />
      {props.note && (
        <p className={styles.help} id={`${id}note`}>
          {props.note}
        </p>
      )}
    </>
  )
}

export function Check(props: { label: string; checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <label className={styles.check}>
      <input
        type="checkbox"
        checked={props.checked}
        onChange={event => props.onChange(event.target.checked)}
      />
      {props.label}
    </label>
  )
}
