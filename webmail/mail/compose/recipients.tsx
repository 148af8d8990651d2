'use client'
import { IconX } from '@tabler/icons-react'
/**
 * Whom a message goes to: each as a chip, typed, pasted or chosen from people of the organization and from
 * mail. What is no address stays in the field and is said when it is sent.
 */
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import type { EmailAddress } from '../../jmap/types.ts'
import { displayName, parseAddresses, unique } from '../people.ts'
import frame from './compose.module.css'
import { Hints } from './hints.tsx'
import styles from './recipients.module.css'

export function Recipients(props: {
  label: string
  people: EmailAddress[]
  autoFocus?: boolean
  onChange: (people: EmailAddress[]) => void
  onUnfinished: (text: string) => void
  children?: ReactNode
}) {
  const { label, people } = props
  const t = useTranslations('compose')
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const [focused, setFocused] = useState(false)
  const suggestions = useSuggestions(focused ? text : '').filter(
    one => !people.some(person => person.email.toLowerCase() === one.email.toLowerCase()),
  )
  const open = suggestions.length > 0

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it appears
  useEffect(() => {
    if (props.autoFocus) input.current?.focus()
  }, [])

  const type = (value: string) => {
    setText(value)
    setChosen(0)
    props.onUnfinished(value)
  }
  const add = (more: EmailAddress[], rest = '') => {
    if (more.length > 0) props.onChange(unique([...people, ...more]))
    type(rest)
  }
  /** Makes chips of what is typed, as far as it is addresses. */
  const take = (value: string) => {
    const typed = parseAddresses(value)
    add(typed.people, typed.rest)
  }
  const remove = (index: number) => {
    props.onChange(people.filter((_, other) => other !== index))
    input.current?.focus()
  }
  const replace = (from: string, to: string) => {
    props.onChange(unique(people.map(person => (person.email === from ? { ...person, email: to } : person))))
    input.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) return
    const suggestion = suggestions[chosen]
    if (open && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : suggestions.length - 1
      setChosen((chosen + step) % suggestions.length)
    } else if (open && event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      setFocused(false)
    } else if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey) {
      event.preventDefault()
      const typed = parseAddresses(text)
      if (suggestion && typed.people.length === 0) add([suggestion])
      else take(text)
    } else if ((event.key === ',' || event.key === ';') && parseAddresses(text).people.length > 0) {
      event.preventDefault()
      take(text)
    } else if (event.key === 'Tab' && text && suggestion && !parseAddresses(text).people.length) {
      event.preventDefault()
      add([suggestion])
    } else if (event.key === 'Backspace' && text === '' && people.length > 0) {
      remove(people.length - 1)
    }
  }

  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a larger target for the pointer, nothing more */}
      <div
        className={frame.field}
        onMouseDown={event => {
          if (event.target !== event.currentTarget) return
          event.preventDefault()
          input.current?.focus()
        }}
      >
        <label htmlFor={id}>{label}</label>
        <div className={styles.recipients}>
          <ul className={styles.chips} aria-label={t('recipientsOf', { field: label })}>
            {people.map((person, index) => (
              <li key={person.email} title={person.email}>
                <span>{displayName(person)}</span>
                <button
                  type="button"
                  aria-label={t('removePerson', { name: displayName(person) })}
                  onClick={() => remove(index)}
                >
                  <IconX size={14} aria-hidden />
                </button>
              </li>
            ))}
          </ul>
          <input
            ref={input}
            id={id}
            type="text"
            inputMode="email"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={text}
            aria-autocomplete="list"
            aria-controls={open ? `${id}-list` : undefined}
            aria-activedescendant={open ? `${id}-${chosen}` : undefined}
            onFocus={() => setFocused(true)}
            onBlur={() => {
              setFocused(false)
              take(text)
            }}
            onKeyDown={onKeyDown}
            onChange={event => {
              setFocused(true)
              type(event.target.value)
            }}
            onPaste={event => {
              const typed = parseAddresses(event.clipboardData.getData('text'))
              if (typed.people.length === 0 || event.clipboardData.files.length > 0) return
              event.preventDefault()
              add(typed.people, typed.rest)
            }}
          />
          {open && (
            <div
              className={styles.suggestions}
              role="listbox"
              id={`${id}-list`}
              aria-label={t('suggestions')}
            >
              {suggestions.map((person, index) => (
                // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field
                // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
                <div
                  key={person.email}
                  id={`${id}-${index}`}
                  role="option"
                  aria-selected={index === chosen}
                  className={styles.suggestion}
                  onMouseDown={event => event.preventDefault()}
                  onClick={() => add([person])}
                >
                  <span>{displayName(person)}</span>
                  {person.name && <span className={styles.suggestedAddress}>{person.email}</span>}
                </div>
              ))}
            </div>
          )}
          <span className="unseen" aria-live="polite">
            {open ? t('suggestionCount', { count: suggestions.length }) : ''}
          </span>
        </div>
        {props.children}
      </div>
      <Hints people={people} onReplace={replace} />
    </>
  )
}

/** People whose name or address goes with what is typed. */
function useSuggestions(typed: string): EmailAddress[] {
  const text = typed.trim()
  const [asked, setAsked] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text), 120)
    return () => clearTimeout(timer)
  }, [text])
  const { data } = useQuery({
    queryKey: ['people', asked],
    enabled: asked.length > 0,
    queryFn: async (): Promise<EmailAddress[]> => {
      const response = await fetch(`/people?q=${encodeURIComponent(asked)}`)
      if (!response.ok) return []
      return ((await response.json()) as { people: EmailAddress[] }).people
    },
  })
  return text && data ? data.slice(0, 6) : NOBODY
}
const NOBODY: EmailAddress[] = []
