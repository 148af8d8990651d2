'use client'
/** What the list shows: words typed, a state, a server. Typing replaces the address, choosing adds a step. */
import { IconX } from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import type { Picture } from './advice.ts'
import styles from './filters.module.css'
import { defaultSort, type Place, VIEWS } from './place.ts'
import { SearchField } from './search-field.tsx'
import type { Go } from './use-place.ts'

export function Filters({ picture, place, go }: { picture: Picture; place: Place; go: Go }) {
  const t = useTranslations('admin')
  return (
    <search className={styles.filters}>
      <SearchField text={place.text} go={go} placeholder={t('list.filter')} label={t('list.filterLabel')} />
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
