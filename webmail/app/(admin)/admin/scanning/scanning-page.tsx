'use client'
/**
 * The scan in the browser: a row for each domain with what it has set itself, a dialog to change it, and the list of
 * senders. Only what the server says after a change is shown.
 */
import type { DomainScan, ScanSetting } from '@restante/core/directory/domain-scan.ts'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import adminStyles from '../admin-page.module.css'
import domainStyles from '../domains/domains.module.css'
import { Frame } from '../frame.tsx'
import type { Viewer } from '../header.tsx'
import section from '../section.module.css'
import { useWords } from '../words.ts'
import { type Entry, Lists } from './lists.tsx'
import { PolicyDialog } from './policy-dialog.tsx'
import styles from './scanning.module.css'

export type Domain = DomainScan & { organization: string }
export type Organization = { id: string; name: string }

type Props = { domains: Domain[]; entries: Entry[]; organizations: Organization[]; viewer: Viewer }

export function ScanningPage({ domains, entries, organizations, viewer }: Props) {
  return (
    <Frame viewer={viewer} page="scanning">
      <main className={adminStyles.main}>
        <Domains first={domains} />
        <Lists first={entries} organizations={organizations} />
      </main>
    </Frame>
  )
}

function Domains({ first }: { first: Domain[] }) {
  const t = useTranslations('admin.scanning')
  const [open, setOpen] = useState<string | null>(null)
  // Kept by the dialog, which is told what counts after each change.
  const { data } = useQuery({
    queryKey: ['scanning'],
    queryFn: () => first,
    initialData: first,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const several = new Set(data.map(domain => domain.organization)).size > 1
  const opened = data.find(one => one.domain === open)
  return (
    <section className={section.section} aria-labelledby="scanning-title">
      <h1 className={section.title} id="scanning-title">
        {t('title')}
      </h1>
      <p className={styles.lead}>{t('lead')}</p>
      {data.length === 0 && <p className={section.none}>{t('empty')}</p>}
      <ul className={domainStyles.rows}>
        {data.map(domain => (
          <li key={domain.domain} className={`${domainStyles.row} ${styles.row}`}>
            <div className={domainStyles.domain}>
              <h2>{domain.domain}</h2>
              {several && <p>{domain.organization}</p>}
            </div>
            <Own domain={domain} />
            <button
              type="button"
              className={section.button}
              aria-label={t('changeFor', { name: domain.domain })}
              onClick={() => setOpen(domain.domain)}
            >
              {t('change')}
            </button>
          </li>
        ))}
      </ul>
      {opened && <PolicyDialog domain={opened} onClose={() => setOpen(null)} />}
    </section>
  )
}

/** What it has set itself; the rest is as everywhere. */
function Own({ domain: { own, policy } }: { domain: Domain }) {
  const t = useTranslations('admin.scanning')
  const words = useWords()
  if (own.length === 0) return <p className={styles.default}>{t('asDefault')}</p>
  const shownValue = (name: ScanSetting) => {
    const value = policy[name]
    if (Array.isArray(value)) return value.length > 0 ? words.list(value) : t('none')
    return typeof value === 'boolean' ? t(value ? 'on' : 'notOn') : t(`choice.${value}`)
  }
  return (
    <dl className={styles.facts}>
      {own.map(name => (
        <div key={name}>
          <dt>{t(`setting.${name}`)}</dt>
          <dd>{shownValue(name)}</dd>
        </div>
      ))}
    </dl>
  )
}
