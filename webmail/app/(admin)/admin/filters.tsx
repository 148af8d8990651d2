'use client'
/** What the list shows: words typed, a state, a server. Typing replaces the address, choosing adds a step. */
import { IconSearch, IconX } from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import { useEffect, useRef, useState } from 'react'
import type { Picture } from './advice.ts'
import styles from './filters.module.css'
import { defaultSort, type Place, VIEWS } from './place.ts'
import type { Go } from './use-place.ts'

/** Pause in typing after which is asked, in ms. */
const PAUSE = 250

export function Filters({ picture, place, go }: { picture: Picture; place: Place; go: Go }) {
  const t = useTranslations('admin')
  const [text, setText] = useState(place.text)
  const typed = useRef(place.text)

  // The back button and links change the address under the field.
  useEffect(() => {
    if (place.text !== typed.current) {
      typed.current = place.text
      setText(place.text)
    }
  }, [place.text])
  useEffect(() => {
    if (text === typed.current) return
    const timer = setTimeout(() => {
      typed.current = text
      go({ text }, 'replace')
    }, PAUSE)
    return () => clearTimeout(timer)
  }, [text, go])

  return (
    <search className={styles.filters}>
      <span className={styles.search}>
        <IconSearch size={17} aria-hidden="true" />
        <input
          type="search"
          value={text}
          maxLength={200}
          placeholder={t('list.filter')}
          aria-label={t('list.filterLabel')}
          onChange={event => setText(event.target.value)}
        />
      </span>
      <fieldset className={styles.views} aria-label={t('list.states')}>
        {VIEWS.map(view => (
          <button
            key={view}
            type="button"
            aria-pressed={place.view === view}
            onClick={() => go({ view, sort: defaultSort(view), hold: null })}
          >
            {t(`state.${view}`)}
          </button>
        ))}
      </fieldset>
      <select
        className={styles.select}
        aria-label={t('list.server')}
        value={place.backend ?? ''}
        onChange={event => go({ backend: event.target.value || null, destination: null })}
      >
        <option value="">{t('list.anyServer')}</option>
        {picture.backends.map(backend => (
          <option key={backend.id} value={backend.id}>
            {backend.name}
          </option>
        ))}
        <option value="outbound">{t('list.outbound')}</option>
      </select>
      {place.destination && (
        <Chip text={place.destination} clear={() => go({ destination: null })} label={t('list.clear')} />
      )}
      {place.hold && (
        <Chip text={t(`hold.${place.hold}`)} clear={() => go({ hold: null })} label={t('list.clear')} />
      )}
    </search>
  )
}

function Chip({ text, label, clear }: { text: string; label: string; clear: () => void }) {
  return (
    <button type="button" className={styles.chip} onClick={clear} aria-label={`${text}. ${label}`}>
      {text}
      <IconX size={15} aria-hidden="true" />
    </button>
  )
}
