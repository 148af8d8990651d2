'use client'
/** Which of the lists, what was found, words typed. */
import { KINDS } from '@restante/core/queue/quarantine-kinds.ts'
import { useTranslations } from 'next-intl'
import styles from '../filters.module.css'
import { SearchField } from '../search-field.tsx'
import type { Step } from '../use-address.ts'
import { type Place, VIEWS } from './place.ts'

export function Filters({ place, go }: { place: Place; go: Step<Place> }) {
  const t = useTranslations('admin.quarantine')
  return (
    <search className={styles.filters}>
      <SearchField text={place.text} go={go} placeholder={t('filter')} label={t('filterLabel')} />
      <fieldset className={styles.views} aria-label={t('lists')}>
        {VIEWS.map(view => (
          <button
            key={view}
            type="button"
            aria-pressed={place.view === view}
            onClick={() => go({ view, kind: null })}
          >
            {t(`list.${view}`)}
          </button>
        ))}
      </fieldset>
      {place.view !== 'scan' && (
        <select
          className={styles.select}
          aria-label={t('found')}
          value={place.kind ?? ''}
          onChange={event => go({ kind: KINDS.find(kind => kind === event.target.value) ?? null })}
        >
          <option value="">{t('anything')}</option>
          {KINDS.filter(kind => kind !== 'unscanned').map(kind => (
            <option key={kind} value={kind}>
              {t(`kind.${kind}`)}
            </option>
          ))}
        </select>
      )}
    </search>
  )
}
