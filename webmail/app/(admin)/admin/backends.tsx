'use client'
/** The mail servers as rows: state, what waits, how long, how fast, until when, and the override. */
import { Menu } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import type { Backend, Picture } from './advice.ts'
import styles from './backends.module.css'
import { Depth } from './depth.tsx'
import { healthSign, Mark } from './mark.tsx'
import { OverrideDialog, type OverrideTo } from './override-dialog.tsx'
import { RateChart } from './rate-chart.tsx'
import section from './section.module.css'
import { look } from './summary.tsx'
import { useNow } from './use-picture.ts'
import type { Go } from './use-place.ts'
import { useWords } from './words.ts'

export function Backends({ picture, go }: { picture: Picture; go: Go }) {
  const t = useTranslations('admin.backends')
  const now = useNow()
  if (picture.backends.length === 0) return null
  const several = new Set(picture.backends.map(backend => backend.organizationId)).size > 1
  return (
    <section className={section.section} aria-labelledby="backends-title">
      <h2 className={section.title} id="backends-title">
        {t('title')}
      </h2>
      <div className={styles.labels} aria-hidden="true">
        <span>{t('server')}</span>
        <span>{t('state')}</span>
        <span>{t('waiting')}</span>
        <span>{t('oldest')}</span>
        <span>{t('rate')}</span>
        <span>{t('forecast')}</span>
      </div>
      <ul className={styles.rows}>
        {picture.backends.map(backend => (
          <BackendRow key={backend.id} backend={backend} now={now} showOrganization={several} go={go} />
        ))}
      </ul>
    </section>
  )
}

function BackendRow({
  backend,
  now,
  showOrganization,
  go,
}: {
  backend: Backend
  now: number
  showOrganization: boolean
  go: Go
}) {
  const t = useTranslations('admin')
  const words = useWords()
  const [dialog, setDialog] = useState<OverrideTo | null>(null)
  const { override } = backend
  const domains = backend.domains.filter(domain => domain !== backend.name)
  const choices: OverrideTo[] = override ? ['auto', override.to === 'up' ? 'down' : 'up'] : ['down', 'up']
  return (
    <li className={styles.row}>
      <div className={styles.server}>
        <h3>{backend.name}</h3>
        <p title={backend.hosts.join('\n')}>
          {[showOrganization ? backend.organization : null, ...domains, backend.hosts[0]]
            .filter(Boolean)
            .join(' · ')}
        </p>
      </div>
      <div className={styles.state}>
        <Mark sign={healthSign[backend.health]}>{t(`health.${backend.health}`)}</Mark>
        <p title={words.full(backend.since)}>
          {override
            ? override.until
              ? t('override.markUntil', {
                  by: override.by ?? '–',
                  time: words.moment(override.until, now),
                })
              : t('override.mark', { by: override.by ?? '–' })
            : t('since', { time: words.moment(backend.since, now) })}
        </p>
        {(override || backend.health === 'down' || backend.health === 'degraded') && (
          <p className={styles.cause} title={backend.detail ?? undefined}>
            {override ? (override.reason ?? '') : backend.cause ? words.cause(backend.cause) : ''}
          </p>
        )}
        {backend.remarks.map(remark => (
          <p key={remark.concern} className={styles.cause} title={remark.detail}>
            {words.concern(remark.concern)}{' '}
            {t('concern.times', {
              count: remark.count,
              time: words.moment(new Date(remark.since).toISOString(), now),
            })}
          </p>
        ))}
      </div>
      <div className={styles.waiting}>
        <span className={styles.label}>{t('backends.waiting')}</span>
        {backend.depth.total > 0 ? (
          <button
            type="button"
            className={section.quiet}
            title={t('backends.show', { name: backend.name })}
            onClick={() => look(go, { view: 'waiting', backend: backend.id, destination: null, hold: null })}
          >
            <Depth depth={backend.depth} />
          </button>
        ) : (
          <Depth depth={backend.depth} />
        )}
      </div>
      <div className={styles.oldest}>
        <span className={styles.label}>{t('backends.oldest')}</span>
        {backend.oldest ? (
          <time dateTime={backend.oldest} title={words.full(backend.oldest)}>
            {words.age(backend.oldest, now)}
          </time>
        ) : (
          '–'
        )}
      </div>
      <div className={styles.rate}>
        <RateChart name={backend.name} rates={backend.rates} />
      </div>
      <div className={styles.forecast}>
        <span className={styles.label}>{t('backends.forecast')}</span>
        <Forecast backend={backend} now={now} />
      </div>
      <div className={styles.change}>
        <Menu position="bottom-end" width={240} transitionProps={{ duration: 100 }}>
          <Menu.Target>
            <button
              type="button"
              className={section.button}
              aria-label={t('override.openFor', { name: backend.name })}
            >
              {t('override.open')}
              <IconChevronDown size={15} aria-hidden="true" />
            </button>
          </Menu.Target>
          <Menu.Dropdown>
            {choices.map(to => (
              <Menu.Item key={to} onClick={() => setDialog(to)}>
                {t(`override.menu${to === 'up' ? 'Up' : to === 'down' ? 'Down' : 'Auto'}`)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </div>
      {dialog && <OverrideDialog backend={backend} to={dialog} onClose={() => setDialog(null)} />}
    </li>
  )
}

function Forecast({ backend, now }: { backend: Backend; now: number }) {
  const t = useTranslations('admin.outlook')
  const words = useWords()
  const { outlook } = backend
  if (outlook.type !== 'drains') return <span>{t(outlook.type)}</span>
  return (
    <span>
      {t('drains', { time: words.moment(outlook.at, now) })}
      <br />
      <span className={styles.soft}>{t('drainsIn', { span: words.span(Date.parse(outlook.at) - now) })}</span>
    </span>
  )
}
