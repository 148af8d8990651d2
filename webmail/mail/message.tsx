'use client'
/**
 * An opened conversation: what can be done with it, and its messages, oldest first. Those that were read are one
 * line until they are wanted; the one that was opened, what is unread and the newest are shown whole.
 */
import {
  IconArchive,
  IconArrowLeft,
  IconBan,
  IconCornerUpLeft,
  IconCornerUpLeftDouble,
  IconCornerUpRight,
  IconMail,
  IconMailOpened,
  IconPencil,
  IconTrash,
} from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { EmailRow, Id } from '../jmap/types.ts'
import type { Bulk } from './bulk.ts'
import { useCompose } from './compose/start.ts'
import type { Scene } from './desk.tsx'
import styles from './message.module.css'
import { MessageCard } from './message-card.tsx'
import { MoveMenu } from './move-menu.tsx'
import { patched, useOverlay } from './pending.ts'
import { useEmail, useThread } from './queries.ts'

export type Turn = { toReader: (how: 'reply' | 'replyAll' | 'forward') => void; step: (by: 1 | -1) => void }

export default function MessagePane(props: {
  scene: Scene
  id: Id | null
  bulk: Bulk
  onClose: () => void
  onRemove: (ids: readonly Id[]) => void
  /** Where the keys find what is open. */
  turn: { current: Turn | null }
}) {
  const { scene, id } = props
  const t = useTranslations('message')
  const query = useEmail(scene.account, id)
  const overlay = useOverlay()
  if (!id) {
    props.turn.current = null
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
  // Nothing is open yet that an answer could be meant for.
  props.turn.current = null
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
  email: EmailRow
  bulk: Bulk
  onClose: () => void
  onRemove: (ids: readonly Id[]) => void
  turn: { current: Turn | null }
}) {
  const { scene, email } = props
  const t = useTranslations('message')
  const compose = useCompose()
  const title = useRef<HTMLHeadingElement>(null)
  const thread = useConversation(scene, email)
  const [toggled, setToggled] = useState<ReadonlyMap<Id, boolean>>(new Map())
  const [chosen, setChosen] = useState<Id | null>(null)
  // As they were when the conversation was opened: reading must not fold a message away.
  const fresh = useRef(new Set<Id>())
  for (const one of thread) if (!one.keywords.$seen) fresh.current.add(one.id)
  const newest = thread.at(-1)?.id
  const isOpen = (id: Id) => toggled.get(id) ?? (id === email.id || id === newest || fresh.current.has(id))
  const toggle = (id: Id, open: boolean) => {
    setToggled(new Map(toggled).set(id, open))
    if (open) setChosen(id)
  }
  const current =
    thread.find(one => one.id === chosen) ?? thread.findLast(one => !one.keywords.$draft) ?? email

  props.turn.current = {
    toReader: how => {
      if (how === 'forward') void compose.forward(scene.account, current.id)
      else void compose.answer(scene.account, current.id, how === 'replyAll')
    },
    step: by => {
      const target = thread[thread.findIndex(one => one.id === current.id) + by]
      if (!target) return
      toggle(target.id, true)
      document.getElementById(`message-${target.id}`)?.focus()
    },
  }
  useEffect(() => {
    // On a phone the message takes the place of the list: the focus goes along.
    if (matchMedia('(max-width: 699px)').matches) title.current?.focus()
  }, [])
  const several = thread.length > 1
  // What was opened may stand below others.
  useEffect(() => {
    if (several) document.getElementById(`message-${email.id}`)?.scrollIntoView({ block: 'start' })
  }, [several, email.id])
  return (
    <article className={styles.pane} aria-label={t('region')}>
      <Toolbar {...props} current={current} />
      <div className={styles.content}>
        <h2 className={styles.subject} ref={title} tabIndex={-1} dir="auto">
          {email.subject?.trim() || t('noSubject')}
        </h2>
        {several && <p className={styles.note}>{t('conversation', { count: thread.length })}</p>}
        {thread.map(one => (
          <MessageCard
            key={one.id}
            scene={scene}
            row={one}
            open={!several || isOpen(one.id)}
            alone={!several}
            onToggle={open => toggle(one.id, open)}
            onClose={props.onClose}
            onRemove={props.onRemove}
          />
        ))}
      </div>
    </article>
  )
}

/** The messages of a conversation, oldest first; without those in Trash and Junk, unless one of them was opened. */
function useConversation(scene: Scene, email: EmailRow): EmailRow[] {
  const { data } = useThread(scene.account, email.threadId)
  const overlay = useOverlay()
  const aside = scene.folders.filter(one => one.role === 'trash' || one.role === 'junk').map(one => one.id)
  const found = (data ?? [])
    .map(one => patched(one, overlay.get(one.id)))
    .filter(one => one.id === email.id || !aside.some(folder => folder in one.mailboxIds))
    .filter(one => Object.keys(one.mailboxIds).length > 0)
  return found.some(one => one.id === email.id) ? found : [email]
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
  email: EmailRow
  /** The message that an answer answers. */
  current: EmailRow
  bulk: Bulk
  onClose: () => void
  turn: { current: Turn | null }
}) {
  const { scene, bulk, current } = props
  const t = useTranslations('message')
  const scan = useTranslations('scan')
  const select = useTranslations('select')
  const compose = useCompose()
  const turn = (how: 'reply' | 'replyAll' | 'forward') => () => props.turn.current?.toReader(how)
  return (
    <div className={styles.toolbar} role="toolbar" aria-label={t('actions')}>
      <Back onClose={props.onClose} />
      <div className={styles.answers}>
        {current['restante:sendAt'] ? null : current.keywords.$draft ? (
          <Answer label={t('editDraft')} onClick={() => void compose.edit(scene.account, current.id)}>
            <IconPencil size={19} stroke={1.7} aria-hidden />
          </Answer>
        ) : (
          <>
            <Answer label={t('reply')} onClick={turn('reply')}>
              <IconCornerUpLeft size={19} stroke={1.7} aria-hidden />
            </Answer>
            <Answer label={t('replyAll')} onClick={turn('replyAll')}>
              <IconCornerUpLeftDouble size={19} stroke={1.7} aria-hidden />
            </Answer>
            <Answer label={t('forward')} onClick={turn('forward')}>
              <IconCornerUpRight size={19} stroke={1.7} aria-hidden />
            </Answer>
          </>
        )}
      </div>
      <span className={styles.gap} />
      <div className={styles.tools}>
        <Tool
          label={bulk.anyUnread ? t('markRead') : t('markUnread')}
          onClick={() => {
            bulk.mark('$seen', bulk.anyUnread)
            if (!bulk.anyUnread) props.onClose()
          }}
        >
          {bulk.anyUnread ? (
            <IconMailOpened size={19} stroke={1.7} aria-hidden />
          ) : (
            <IconMail size={19} stroke={1.7} aria-hidden />
          )}
        </Tool>
        {bulk.archive && (
          <Tool label={select('archive')} onClick={bulk.archive}>
            <IconArchive size={19} stroke={1.7} aria-hidden />
          </Tool>
        )}
        {bulk.junk && (
          <Tool label={scan('isSpam')} onClick={bulk.junk}>
            <IconBan size={19} stroke={1.7} aria-hidden />
          </Tool>
        )}
        <MoveMenu
          folders={scene.folders}
          except={folder => folder.id in props.email.mailboxIds}
          className={styles.tool}
          id="move-opened"
          onMove={bulk.move}
        />
      </div>
      <Tool label={t('delete')} onClick={bulk.remove}>
        <IconTrash size={19} stroke={1.7} aria-hidden />
      </Tool>
    </div>
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

function Tool(props: { label: string; onClick: () => void; children: ReactNode }) {
  return (
    <button
      type="button"
      className={styles.tool}
      aria-label={props.label}
      title={props.label}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  )
}
