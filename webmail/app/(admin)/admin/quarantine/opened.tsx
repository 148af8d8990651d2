'use client'
/** One message that is held, in a drawer: who to whom, what was found, and what can be done with it. */
import { Drawer } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { call } from '../api.ts'
import { Found } from '../found.tsx'
import section from '../section.module.css'
import story from '../story.module.css'
import { useWords } from '../words.ts'
import type { Act } from './ask.tsx'
import type { Item } from './quarantine.tsx'

export function Opened({
  id,
  onClose,
  onAct,
}: {
  id: string
  onClose: () => void
  onAct: (action: Act, item: Item) => void
}) {
  const t = useTranslations('admin.quarantine')
  const all = useTranslations('admin')
  const words = useWords()
  const { data, error } = useQuery({
    queryKey: ['quarantine', 'one', id],
    queryFn: () => call<Item>(`quarantine/${encodeURIComponent(id)}`),
  })
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={600}
      title={data?.subject || t('one')}
      classNames={{ title: story.title, content: story.content, header: story.header }}
      closeButtonProps={{ 'aria-label': all('close') }}
      lockScroll={false}
      overlayProps={{ backgroundOpacity: 0.25 }}
      transitionProps={{ duration: 120 }}
    >
      {error ? (
        <p role="alert">{t('gone')}</p>
      ) : data ? (
        <div className={story.story}>
          <p className={story.now}>
            <span>{t(`holds.${data.hold}`)}</span>
          </p>
          <div className={story.actions}>
            <button type="button" className={section.button} onClick={() => onAct('release', data)}>
              {t('release')}
            </button>
            {data.sender && (
              <button type="button" className={section.button} onClick={() => onAct('allow', data)}>
                {t('allow')}
              </button>
            )}
            <a className={section.button} href={`/api/v1/quarantine/${data.id}/message`} download>
              {t('download')}
            </a>
            <button
              type="button"
              className={`${section.button} ${section.danger}`}
              onClick={() => onAct('delete', data)}
            >
              {t('delete')}
            </button>
          </div>
          <p className={story.soft}>{t('downloadNote')}</p>
          <dl className={story.facts}>
            <div>
              <dt>{all('story.from')}</dt>
              <dd>{data.sender || all('list.nobody')}</dd>
            </div>
            <div>
              <dt>{all('story.recipients')}</dt>
              <dd>
                {data.recipients.join(', ')}
                {data.recipientCount > data.recipients.length &&
                  ` ${all('list.more', { count: data.recipientCount - data.recipients.length })}`}
              </dd>
            </div>
            <div>
              <dt>{all('story.came')}</dt>
              <dd>
                <time dateTime={data.receivedAt}>{words.full(data.receivedAt)}</time>
              </dd>
            </div>
            <div>
              <dt>{all('story.size')}</dt>
              <dd>{words.size(data.size)}</dd>
            </div>
          </dl>
          <h3>{all('found.title')}</h3>
          <Found scan={data.scan} />
        </div>
      ) : (
        <div className={story.skeleton} aria-hidden="true" />
      )}
    </Drawer>
  )
}
