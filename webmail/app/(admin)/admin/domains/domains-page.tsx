'use client'
/**
 * The domains in the browser: a row for each with what is set, and a dialog to change it. Only what is said by
 * the server after a change is shown; its backend's other domains change along, so all are asked anew.
 */
import type { DomainSettings } from '@restante/core/directory/domain-settings.ts'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import adminStyles from '../admin-page.module.css'
import { call } from '../api.ts'
import { Frame } from '../frame.tsx'
import type { Viewer } from '../header.tsx'
import section from '../section.module.css'
import { DomainDialog } from './domain-dialog.tsx'
import styles from './domains.module.css'

type Props = { first: DomainSettings[]; viewer: Viewer }

export function DomainsPage(props: Props) {
  return (
    <Frame viewer={props.viewer} page="domains">
      <main className={adminStyles.main}>
        <Domains first={props.first} />
      </main>
    </Frame>
  )
}

function Domains({ first }: { first: DomainSettings[] }) {
  const t = useTranslations('admin.domains')
  const [open, setOpen] = useState<string | null>(null)
  const { data } = useQuery({
    queryKey: ['domains'],
    queryFn: () => call<{ items: DomainSettings[] }>('domains'),
    initialData: { items: first },
  })
  const opened = data.items.find(domain => domain.name === open)
  const several = new Set(data.items.map(domain => domain.organization)).size > 1
  return (
    <section className={section.section} aria-labelledby="domains-title">
      <h1 className={section.title} id="domains-title">
        {t('title')}
      </h1>
      {data.items.length === 0 && <p className={section.none}>{t('empty')}</p>}
      <ul className={styles.rows}>
        {data.items.map(domain => (
          <li key={domain.name} className={styles.row}>
            <div className={styles.domain}>
              <h2>{domain.name}</h2>
              <p title={domain.hosts.join('\n')}>
                {[several ? domain.organization : null, ...domain.hosts].filter(Boolean).join(' · ')}
              </p>
            </div>
            <dl className={styles.facts}>
              <div>
                <dt>{t('recipients')}</dt>
                <dd>{t(domain.recipients)}</dd>
              </div>
              {domain.recipients === 'ask' && (
                <div>
                  <dt>{t('unverified')}</dt>
                  <dd>{t(domain.unverified)}</dd>
                </div>
              )}
              <div>
                <dt>{t('client')}</dt>
                <dd>{t(domain.client ?? 'mixed')}</dd>
              </div>
              <div>
                <dt>{t('programs')}</dt>
                <dd>
                  {domain.programs.smtp && (domain.programs.imap || domain.programs.pop)
                    ? t('programsSeen', { seen: domain.programs.seen, people: domain.programs.people })
                    : t('programsUnset')}
                </dd>
              </div>
            </dl>
            <button
              type="button"
              className={section.button}
              aria-label={t('changeFor', { name: domain.name })}
              onClick={() => setOpen(domain.name)}
            >
              {t('change')}
            </button>
          </li>
        ))}
      </ul>
      {opened && <DomainDialog domain={opened} onClose={() => setOpen(null)} />}
    </section>
  )
}
