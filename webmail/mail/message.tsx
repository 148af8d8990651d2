'use client'
/** An opened message: what can be done with it, who wrote to whom and when, its body, its attachments. */
import {
  IconArrowLeft,
  IconCornerUpLeft,
  IconCornerUpLeftDouble,
  IconCornerUpRight,
  IconFolderSymlink,
  IconMail,
  IconMailOpened,
  IconPencil,
  IconStar,
  IconStarFilled,
  IconTrash,
} from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import { type ReactNode, useEffect, useRef } from 'react'
import type { Email, EmailRow, Id } from '../jmap/types.ts'
import { useActions } from './actions.ts'
import { Attachments } from './attachments.tsx'
import { useCompose } from './compose/start.ts'
import type { Scene } from './desk.tsx'
import { folderIcon, useFolderName } from './folder-names.ts'
import { Menu, MenuGroup, MenuItem } from './menu.tsx'
import styles from './message.module.css'
import { MessageBody } from './message-body.tsx'
import { MessageHead } from './message-head.tsx'
import { patched, useOverlay } from './pending.ts'
import { useEmail } from './queries.ts'

export default function MessagePane(props: {
  scene: Scene
  id: Id | null
  onClose: () => void
  onOpen: (id: Id) => void
  onRemove: (ids: readonly Id[]) => void
}) {
  const { scene, id } = props
  const t = useTranslations('message')
  const query = useEmail(scene.account, id)
  const overlay = useOverlay()
  if (!id) {
    return (
      <section className={styles.nothing} aria-label={t('region')}>
        <IconMailOpened size={44} stroke={1} aria-hidden />
        <p>{t('nothing')}</p>
      </section>
    )
  }
  if (query.data) {
    const email = patched(query.data, overlay.get(id))
    return <Opened {...props} email={email} />
  }
  return (
    <section className={styles.pane} aria-label={t('region')} aria-busy={query.isPending}>
      <div className={styles.toolbar}>
        <Back onClose={props.onClose} />
      </div>
      {query.isError || query.data === null ? (
        <div className={styles.gone} role="alert">
          <p>{query.isError ? t('failed') : t('gone')}</p>
          {query.isError && (
            <button type="button" className={styles.plainButton} onClick={() => void query.refetch()}>
              {t('retry')}
            </button>
          )}
        </div>
      ) : (
        <div className={styles.skeleton} aria-hidden="true">
          <span style={{ width: '60%', height: 22 }} />
          <span style={{ width: '35%' }} />
          <span style={{ width: '90%', marginTop: 24 }} />
          <span style={{ width: '84%' }} />
          <span style={{ width: '70%' }} />
        </div>
      )}
    </section>
  )
}

function Opened(props: {
  scene: Scene
  email: Email
  onClose: () => void
  onOpen: (id: Id) => void
  onRemove: (ids: readonly Id[]) => void
}) {
  const { scene, email } = props
  const t = useTranslations('message')
  const actions = useActions()
  const title = useRef<HTMLHeadingElement>(null)
  const draft = Boolean(email.keywords.$draft)
  const fresh = useRef(!email.keywords.$seen)
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each message that is opened
  useEffect(() => {
    if (fresh.current) void actions.keyword(scene.account, [email], '$seen', true)
    // On a phone the message takes the place of the list: the focus goes along.
    if (matchMedia('(max-width: 699px)').matches) title.current?.focus()
  }, [email.id])
  const html = email.htmlBody.some(part => part.type === 'text/html')
  return (
    <article className={styles.pane} aria-label={t('region')} data-html={html || undefined}>
      <Toolbar {...props} draft={draft} />
      <div className={styles.content}>
        <MessageHead scene={scene} email={email} titleRef={title} onOpen={props.onOpen} />
        <Attachments account={scene.account} parts={email.attachments} />
        <MessageBody account={scene.account} email={email} html={html} />
      </div>
    </article>
  )
}

function Back({ onClose }: { onClose: () => void }) {
  const t = useTranslations('message')
  return (
    <button type="button" className={styles.back} aria-label={t('back')} onClick={onClose}>
      <IconArrowLeft size={20} stroke={1.7} aria-hidden />
    </button>
  )
}

function Toolbar(props: {
  scene: Scene
  email: Email
  draft: boolean
  onClose: () => void
  onRemove: (ids: readonly Id[]) => void
}) {
  const { scene, email, draft } = props
  const t = useTranslations('message')
  const actions = useActions()
  const compose = useCompose()
  const starred = Boolean(email.keywords.$flagged)
  const seen = Boolean(email.keywords.$seen)
  return (
    <div className={styles.toolbar} role="toolbar" aria-label={t('actions')}>
      <Back onClose={props.onClose} />
      <div className={styles.answers}>
        {draft ? (
          <Answer label={t('editDraft')} onClick={() => compose.edit(scene.account, email)}>
            <IconPencil size={19} stroke={1.7} aria-hidden />
          </Answer>
        ) : (
          <>
            <Answer label={t('reply')} onClick={() => compose.answer(scene.account, email.id, false)}>
              <IconCornerUpLeft size={19} stroke={1.7} aria-hidden />
            </Answer>
            <Answer label={t('replyAll')} onClick={() => compose.answer(scene.account, email.id, true)}>
              <IconCornerUpLeftDouble size={19} stroke={1.7} aria-hidden />
            </Answer>
            <Answer label={t('forward')} onClick={() => compose.forward(scene.account, email.id)}>
              <IconCornerUpRight size={19} stroke={1.7} aria-hidden />
            </Answer>
          </>
        )}
      </div>
      <span className={styles.gap} />
      <div className={styles.tools}>
        <Tool
          label={seen ? t('markUnread') : t('markRead')}
          onClick={() => {
            void actions.keyword(scene.account, [email], '$seen', !seen)
            if (seen) props.onClose()
          }}
        >
          {seen ? (
            <IconMail size={19} stroke={1.7} aria-hidden />
          ) : (
            <IconMailOpened size={19} stroke={1.7} aria-hidden />
          )}
        </Tool>
        <Tool
          label={t('star')}
          pressed={starred}
          onClick={() => void actions.keyword(scene.account, [email], '$flagged', !starred)}
        >
          {starred ? (
            <IconStarFilled size={19} className={styles.starred} aria-hidden />
          ) : (
            <IconStar size={19} stroke={1.7} aria-hidden />
          )}
        </Tool>
        <Move scene={scene} email={email} onMoved={props.onClose} />
      </div>
      <Tool label={t('delete')} onClick={() => props.onRemove([email.id])}>
        <IconTrash size={19} stroke={1.7} aria-hidden />
      </Tool>
    </div>
  )
}

function Move({ scene, email, onMoved }: { scene: Scene; email: EmailRow; onMoved: () => void }) {
  const t = useTranslations('message')
  const actions = useActions()
  const name = useFolderName()
  const targets = scene.folders.filter(
    folder => !(folder.id in email.mailboxIds) && folder.role !== 'drafts' && folder.role !== 'sent',
  )
  return (
    <Menu
      label={t('move')}
      bare
      className={styles.tool}
      side="below"
      items={
        <MenuGroup label={t('moveTo')}>
          {targets.map(folder => {
            const Icon = folderIcon(folder.role)
            return (
              <MenuItem
                key={folder.id}
                icon={<Icon size={18} stroke={1.6} aria-hidden />}
                onClick={() => {
                  onMoved()
                  void actions.move(scene.account, [email], folder, name(folder))
                }}
              >
                {name(folder)}
              </MenuItem>
            )
          })}
        </MenuGroup>
      }
    >
      <IconFolderSymlink size={19} stroke={1.7} aria-hidden />
    </Menu>
  )
}

function Answer({ label, onClick, children }: { label: string; onClick: () => void; children: ReactNode }) {
  return (
    <button type="button" className={styles.answer} onClick={onClick}>
      {children}
      <span>{label}</span>
    </button>
  )
}

function Tool(props: { label: string; pressed?: boolean; onClick: () => void; children: ReactNode }) {
  return (
    <button
      type="button"
      className={styles.tool}
      aria-label={props.label}
      title={props.label}
      aria-pressed={props.pressed}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  )
}
