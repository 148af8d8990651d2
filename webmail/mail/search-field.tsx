'use client'
/** Where one says what to look for. The list follows as one types; operators narrow it (search.ts). */
import { IconSearch, IconX } from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import { useEffect, useId, useState } from 'react'
import { go } from './place.ts'
import styles from './search-field.module.css'

/** What a press on a suggestion adds. */
const NARROW = [
  ['is:unread', 'is-unread'],
  ['is:starred', 'is-starred'],
  ['has:attachment', 'has-attachment'],
  ['from:', 'from'],
] as const

export function SearchField({ search }: { search: string }) {
  const t = useTranslations('list')
  const narrow = useTranslations('searchBy')
  const hintId = useId()
  const [text, setText] = useState(search)
  const [searchFor, setSearchFor] = useState(search)
  if (searchFor !== search) {
    setSearchFor(search)
    // What is being typed is further than what was asked for: a space at its end must stay.
    if (text.trim() !== search) setText(search)
  }
  useEffect(() => {
    if (text.trim() === search) return
    const timer = setTimeout(() => go({ search: text.trim(), email: null }, search ? 'replace' : 'push'), 250)
    return () => clearTimeout(timer)
  }, [text, search])
  return (
    <search>
      <div className={styles.search}>
        <IconSearch size={17} stroke={1.8} aria-hidden />
        <input
          id="search"
          type="search"
          aria-label={t('search')}
          aria-describedby={search ? hintId : undefined}
          placeholder={t('search')}
          value={text}
          onChange={event => setText(event.target.value)}
          onKeyDown={event => {
            if (event.key === 'Escape') {
              setText('')
              if (search) go({ search: '' }, 'replace')
              event.currentTarget.blur()
            }
          }}
        />
        {text && (
          <button type="button" aria-label={t('clearSearch')} onClick={() => setText('')}>
            <IconX size={16} aria-hidden />
          </button>
        )}
      </div>
      {search && (
        <fieldset className={styles.narrow}>
          <legend className="unseen">{narrow('title')}</legend>
          {NARROW.map(([one, words]) => {
            const on = text.split(/\s+/).includes(one)
            return (
              <button
                key={one}
                type="button"
                aria-pressed={one.endsWith(':') ? undefined : on}
                onClick={() => {
                  const rest = text.split(/\s+/).filter(word => word && word !== one)
                  setText(on ? rest.join(' ') : [...rest, one].join(' '))
                  if (one.endsWith(':')) document.getElementById('search')?.focus()
                }}
              >
                {narrow(words)}
              </button>
            )
          })}
          <p id={hintId} className={styles.searchHint}>
            {narrow('hint')}
          </p>
        </fieldset>
      )}
    </search>
  )
}
