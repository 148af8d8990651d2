'use client'
/** A field that filters a list while one types: the list is asked after a pause, and follows the address. */
import { IconSearch } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import styles from './filters.module.css'
import type { Step } from './use-address.ts'

/** Pause in typing after which is asked, in ms. */
const PAUSE = 250

/** `text` is the place's; typing replaces the address rather than adding a step. */
export function SearchField(props: {
  text: string
  go: Step<{ text: string }>
  placeholder: string
  label: string
}) {
  const { go } = props
  const [text, setText] = useState(props.text)
  const typed = useRef(props.text)

  // The back button and links change the address under the field.
  useEffect(() => {
    if (props.text !== typed.current) {
      typed.current = props.text
      setText(props.text)
    }
  }, [props.text])
  useEffect(() => {
    if (text === typed.current) return
    const timer = setTimeout(() => {
      typed.current = text
      go({ text }, 'replace')
    }, PAUSE)
    return () => clearTimeout(timer)
  }, [text, go])

  return (
    <span className={styles.search}>
      <IconSearch size={17} aria-hidden="true" />
      <input
        type="search"
        value={text}
        maxLength={200}
        placeholder={props.placeholder}
        aria-label={props.label}
        onChange={event => setText(event.target.value)}
      />
    </span>
  )
}
