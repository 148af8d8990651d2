'use client'
/**
 * A menu on a button (WAI-ARIA menu button pattern), on the browser's own popover: it lies above everything,
 * closes at Escape or a click elsewhere and gives the focus back. Mantine's would bring a positioning library
 * of 40 kB into the first view.
 */
import { type CSSProperties, type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react'
import styles from './menu.module.css'

type Side = 'above' | 'below'

export function Menu(props: {
  /** What the menu is called. */
  label: string
  /** The button is a picture only: the label names it too. */
  bare?: boolean
  /** The button's, for keys that press it. */
  id?: string
  children: ReactNode
  className: string | undefined
  side: Side
  items: ReactNode
}) {
  const id = useId()
  const button = useRef<HTMLButtonElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const [open, setOpen] = useState(false)
  const [place, setPlace] = useState<CSSProperties>({})

  const entries = () => [...(list.current?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])]
  const onKeyDown = (event: KeyboardEvent) => {
    const all = entries()
    const at = all.indexOf(document.activeElement as HTMLElement)
    const to = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at + all.length - 1) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key]
    if (to !== undefined) {
      event.preventDefault()
      all[to]?.focus()
    } else if (event.key === 'Tab') list.current?.hidePopover()
    event.stopPropagation()
  }
  return (
    <>
      <button
        ref={button}
        id={props.id}
        type="button"
        className={props.className}
        aria-label={props.bare ? props.label : undefined}
        title={props.bare ? props.label : undefined}
        aria-haspopup="menu"
        aria-expanded={open}
        popoverTarget={id}
        onKeyDown={event => {
          if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
          event.preventDefault()
          list.current?.showPopover()
        }}
      >
        {props.children}
      </button>
      <div
        ref={list}
        id={id}
        popover="auto"
        role="menu"
        tabIndex={-1}
        aria-label={props.label}
        className={styles.menu}
        style={place}
        onKeyDown={onKeyDown}
        onBeforeToggle={event => {
          if (event.newState === 'open' && button.current) setPlace(beside(button.current, props.side))
        }}
        onToggle={event => {
          const opened = event.newState === 'open'
          setOpen(opened)
          if (opened) entries()[0]?.focus()
        }}
        onClick={event => {
          if ((event.target as HTMLElement).closest('[role^="menuitem"]')) list.current?.hidePopover()
        }}
      >
        {props.items}
      </div>
    </>
  )
}

/** Along the button's nearer edge, above or below it. */
function beside(button: HTMLElement, side: Side): CSSProperties {
  const box = button.getBoundingClientRect()
  const left = box.left + box.width / 2 < window.innerWidth / 2
  return {
    ...(left ? { left: box.left, right: 'auto' } : { right: window.innerWidth - box.right, left: 'auto' }),
    ...(side === 'above'
      ? { bottom: window.innerHeight - box.top + 4, top: 'auto' }
      : { top: box.bottom + 4, bottom: 'auto' }),
  }
}

export function MenuItem(props: {
  icon?: ReactNode
  /** One of several that can be chosen. */
  checked?: boolean
  lang?: string
  href?: string
  /** The address opens beside this page. */
  newPage?: boolean
  onClick?: () => void
  children: ReactNode
}) {
  const content = (
    <>
      <span className={styles.icon}>{props.icon}</span>
      <span className={styles.text}>{props.children}</span>
      {props.checked && (
        <span className={styles.check} aria-hidden="true">
          ✓
        </span>
      )}
    </>
  )
  if (props.href) {
    return (
      <a
        className={styles.item}
        role="menuitem"
        tabIndex={-1}
        href={props.href}
        {...(props.newPage && { target: '_blank', rel: 'noopener' })}
      >
        {content}
      </a>
    )
  }
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: checked belongs to the role that has it
    <button
      type="button"
      className={styles.item}
      role={props.checked === undefined ? 'menuitem' : 'menuitemradio'}
      aria-checked={props.checked}
      tabIndex={-1}
      lang={props.lang}
      onClick={props.onClick}
    >
      {content}
    </button>
  )
}

export function MenuGroup({ label, children }: { label: string; children: ReactNode }) {
  const id = useId()
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset has no place in a menu
    <div role="group" aria-labelledby={id} className={styles.group}>
      <p id={id} className={styles.label}>
        {label}
      </p>
      {children}
    </div>
  )
}
