'use client'
import type { Locale } from '@restante/core/db/schema/directory.ts'
import { sentenceOf } from '@restante/core/scan/reasons.ts'
/**
 * One message being written. It docks at the edge of a wide page and is a whole sheet on a phone; the mail
 * behind it stays usable, so it is no modal dialog.
 */
import {
  IconClockHour4,
  IconMinus,
  IconPaperclip,
  IconSignature,
  IconTrash,
  IconX,
} from '@tabler/icons-react'
import { useLocale, useTranslations } from 'next-intl'
import {
  type DragEvent,
  type KeyboardEvent,
  lazy,
  Suspense,
  useCallback,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from 'react'
import type { Folder, SetError } from '../../jmap/types.ts'
import { type Draft, obstacle } from '../draft.ts'
import { Menu, MenuItem } from '../menu.tsx'
import { type Account, useIdentities } from '../queries.ts'
import { notify } from '../toasts.tsx'
import { useFormats, useNow, useViewer } from '../viewer.tsx'
import { useSaySent } from './after.ts'
import { AttachedFiles, useAttach } from './attach.tsx'
import styles from './compose.module.css'
import { speaksOfAttachment } from './forgotten.ts'
import { useKeptDraft } from './keep.ts'
import { Recipients } from './recipients.tsx'
import { htmlOf, textOfHtml, withSignature } from './rich-text.ts'
import { LaterMenu } from './send-later.tsx'
import type { When } from './sending.ts'
import { closeWindow, type Window, windows } from './start.ts'

const Editor = lazy(() => import('./editor.tsx'))

export function Compose(props: {
  window: Window
  hidden: boolean
  accounts: readonly Account[]
  folderLists: readonly (Folder[] | undefined)[]
  onMinimise: () => void
}) {
  const { window, accounts, hidden } = props
  const t = useTranslations('compose')
  const locale = useLocale() as Locale
  const formats = useFormats()
  const now = useNow()
  const titleId = useId()
  const identities = useIdentities(accounts)
  const identityOf = (one: Draft) =>
    identities.find(other => other.id === one.identityId && other.accountId === one.accountId) ??
    identities.find(other => other.accountId === one.accountId) ??
    identities[0]
  /** null: as it stands in the draft, or not known yet. */
  const [signature, setSignature] = useState<string | null>(() =>
    window.begun ? (identityOf(window.draft)?.htmlSignature ?? null) : null,
  )
  const [draft, setDraft] = useState(() =>
    window.begun ? signed(window.draft, signature ?? '') : window.draft,
  )
  const [unfinished, setUnfinished] = useState({ to: '', cc: '', bcc: '' })
  const [more, setMore] = useState({ cc: draft.cc.length > 0, bcc: draft.bcc.length > 0 })
  const [problem, setProblem] = useState<string | null>(null)
  const [sending, setSending] = useState(false)
  /** The word that speaks of an attachment, once it was asked about. */
  const [forgotten, setForgotten] = useState<string | null>(null)
  const [beginning] = useState(() => draft.html ?? htmlOf(draft.text))
  const write = useCallback(
    (html: string) => setDraft(value => ({ ...value, html, text: textOfHtml(html) })),
    [],
  )
  const { undoSend } = useViewer()
  const soon: When = undoSend > 0 ? { type: 'undoable', seconds: undoSend } : { type: 'now' }
  const saySent = useSaySent()
  const files = useRef<HTMLInputElement>(null)
  const [dropping, setDropping] = useState(false)

  const identity = identityOf(draft)
  const own = identity?.htmlSignature
  useEffect(() => {
    if (window.begun && signature === null && own !== undefined) setSignature(own)
  }, [window.begun, signature, own])
  const signatures = identity?.['restante:signatures'] ?? []
  const sender = useMemo(
    () => (identity ? { name: identity.name || null, email: identity.email } : null),
    [identity],
  )
  const account = identity?.accountId ?? draft.accountId
  const folders = props.folderLists[accounts.findIndex(one => one.id === account)] ?? NO_FOLDERS
  const keeper = useKeptDraft(draft, sender, folders, window)
  const attach = useAttach(draft.accountId, change =>
    setDraft(value => ({ ...value, attachments: change(value.attachments) })),
  )

  // The tab of a window that was put aside is called as its subject.
  useEffect(() => {
    windows.set(list => list.map(one => (one.key === window.key ? { ...one, draft } : one)))
  }, [draft, window.key])

  const refusal = (error: SetError): string => {
    if (error.suppressed?.length) {
      return t('suppressed', {
        addresses: error.suppressed.map(one => one.address).join(', '),
        count: error.suppressed.length,
      })
    }
    if (error.invalidRecipients?.length) {
      return t('invalidRecipients', {
        addresses: error.invalidRecipients.join(', '),
        count: error.invalidRecipients.length,
      })
    }
    switch (error.type) {
      case 'tooLarge':
        return t('tooLarge')
      case 'noRecipients':
        return t('no-recipient')
      case 'forbiddenFrom':
      case 'forbiddenMailFrom':
        return t('forbiddenFrom')
      case 'forbiddenToSend':
        return error.scan
          ? t('scanRefused', { why: sentenceOf(error.scan.reason, error.scan.detail, locale) })
          : t('forbiddenFrom')
      case 'tooManyRecipients':
        return t('tooManyRecipients')
      case 'rateLimit':
        return t('rateLimit')
      default:
        return t('refused')
    }
  }

  const send = async (when: When = soon) => {
    if (sending) return
    const inTheWay = obstacle(draft, Object.values(unfinished).join(''))
    if (inTheWay) {
      const bad = Object.values(unfinished).find(Boolean)
      return setProblem(bad ? t('bad-recipient', { text: bad }) : t(inTheWay, { text: '' }))
    }
    if (!identity) return setProblem(t('forbiddenFrom'))
    const word = draft.attachments.length === 0 ? speaksOfAttachment(draft.subject, draft.text) : null
    if (word && forgotten === null) {
      setForgotten(word)
      return setProblem(t('forgotten', { word }))
    }
    setProblem(null)
    setSending(true)
    const result = await keeper.send(draft, identity.id, when)
    setSending(false)
    if (result.type === 'sent') {
      closeWindow(window.key)
      saySent(draft, when, result)
    } else setProblem(result.type === 'refused' ? refusal(result.error) : t('sendFailed'))
  }
  const sendLater = (at: Date) => void send({ type: 'at', at })
  const close = async () => {
    await keeper.finish()
    closeWindow(window.key)
  }
  const discard = () => {
    void keeper.discard().catch(() => notify({ text: t('discardFailed'), tone: 'fail' }))
    closeWindow(window.key)
    notify({ text: t('discarded') })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    // What hangs over the page (the address of a link) has keys of its own.
    if (!event.currentTarget.contains(event.target as Node)) return
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      void send()
    } else if (event.key === 'Escape' && !event.defaultPrevented) {
      event.stopPropagation()
      void close()
    }
  }
  const onDrop = (event: DragEvent) => {
    event.preventDefault()
    setDropping(false)
    attach.add(event.dataTransfer.files)
  }

  return (
    // Not <dialog>: one that is not modal gives the keyboard nothing.
    <div
      role="dialog"
      aria-labelledby={titleId}
      className={styles.window}
      hidden={hidden}
      data-dropping={dropping || undefined}
      onKeyDown={onKeyDown}
      onDragOver={event => {
        if (!event.dataTransfer.types.includes('Files')) return
        event.preventDefault()
        setDropping(true)
      }}
      onDragLeave={event => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setDropping(false)
      }}
      onDrop={onDrop}
      onPaste={event => {
        if (event.clipboardData.files.length === 0) return
        event.preventDefault()
        attach.add(event.clipboardData.files)
      }}
    >
      <header className={styles.head}>
        <h2 id={titleId}>{draft.subject || t('newMessage')}</h2>
        <button type="button" className={styles.icon} aria-label={t('minimise')} onClick={props.onMinimise}>
          <IconMinus size={18} aria-hidden />
        </button>
        <button type="button" className={styles.icon} aria-label={t('close')} onClick={() => void close()}>
          <IconX size={18} aria-hidden />
        </button>
      </header>
      <div className={styles.fields}>
        {identities.length > 1 && (
          <label className={styles.field}>
            <span>{t('from')}</span>
            <select
              value={identity ? `${identity.accountId}/${identity.id}` : ''}
              onChange={event => {
                const chosen = identities.find(one => `${one.accountId}/${one.id}` === event.target.value)
                if (!chosen) return
                setDraft(value => ({ ...value, accountId: chosen.accountId, identityId: chosen.id }))
                setSignature(chosen.htmlSignature)
              }}
            >
              {identities.map(one => (
                <option key={`${one.accountId}/${one.id}`} value={`${one.accountId}/${one.id}`}>
                  {one.name ? `${one.name} <${one.email}>` : one.email}
                </option>
              ))}
            </select>
          </label>
        )}
        <Recipients
          label={t('to')}
          people={draft.to}
          autoFocus={window.focus === 'to'}
          onChange={to => setDraft(value => ({ ...value, to }))}
          onUnfinished={to => setUnfinished(value => ({ ...value, to }))}
        >
          {!more.cc && (
            <button type="button" className={styles.more} onClick={() => setMore({ ...more, cc: true })}>
              {t('cc')}
            </button>
          )}
          {!more.bcc && (
            <button type="button" className={styles.more} onClick={() => setMore({ ...more, bcc: true })}>
              {t('bcc')}
            </button>
          )}
        </Recipients>
        {more.cc && (
          <Recipients
            label={t('cc')}
            people={draft.cc}
            autoFocus={window.draft.cc.length === 0}
            onChange={cc => setDraft(value => ({ ...value, cc }))}
            onUnfinished={cc => setUnfinished(value => ({ ...value, cc }))}
          />
        )}
        {more.bcc && (
          <Recipients
            label={t('bcc')}
            people={draft.bcc}
            autoFocus={window.draft.bcc.length === 0}
            onChange={bcc => setDraft(value => ({ ...value, bcc }))}
            onUnfinished={bcc => setUnfinished(value => ({ ...value, bcc }))}
          />
        )}
        <label className={styles.field}>
          <span>{t('subject')}</span>
          <input
            type="text"
            value={draft.subject}
            maxLength={900}
            onChange={event => setDraft(value => ({ ...value, subject: event.target.value }))}
          />
        </label>
      </div>
      <Suspense fallback={<div className={styles.text} aria-busy="true" />}>
        <Editor html={beginning} signature={signature} focus={window.focus === 'text'} onChange={write} />
      </Suspense>
      <AttachedFiles files={draft.attachments} onRemove={attach.remove} />
      {problem && (
        <p className={styles.problem} role="alert">
          {problem}
        </p>
      )}
      <footer className={styles.foot}>
        <button type="button" className={styles.send} disabled={sending} onClick={() => void send()}>
          {sending ? t('sending') : forgotten ? t('sendAnyway') : t('send')}
        </button>
        <LaterMenu label={t('sendLater')} bare className={styles.icon} onChoose={sendLater}>
          <IconClockHour4 size={19} stroke={1.7} aria-hidden />
        </LaterMenu>
        <button type="button" className={styles.attach} onClick={() => files.current?.click()}>
          <IconPaperclip size={18} stroke={1.7} aria-hidden />
          <span>{t('attach')}</span>
        </button>
        <input
          ref={files}
          type="file"
          multiple
          hidden
          aria-label={t('attach')}
          onChange={event => {
            if (event.target.files) attach.add(event.target.files)
            event.target.value = ''
          }}
        />
        {signatures.length > 0 && (
          <Menu
            label={t('signature')}
            bare
            className={styles.icon}
            side="above"
            items={
              <>
                {signatures.map(one => (
                  <MenuItem
                    key={one.id}
                    checked={one.html === signature}
                    onClick={() => setSignature(one.html)}
                  >
                    {one.name}
                  </MenuItem>
                ))}
                <MenuItem checked={signature === ''} onClick={() => setSignature('')}>
                  {t('noSignature')}
                </MenuItem>
              </>
            }
          >
            <IconSignature size={19} stroke={1.7} aria-hidden />
          </Menu>
        )}
        <span className={styles.kept} role="status">
          {keeper.kept.state === 'saved' && t('kept', { time: formats.short(keeper.kept.at, now) })}
          {keeper.kept.state === 'failed' && t('keepFailed')}
        </span>
        <button
          type="button"
          className={styles.icon}
          aria-label={t('discard')}
          title={t('discard')}
          onClick={discard}
        >
          <IconTrash size={18} stroke={1.7} aria-hidden />
        </button>
      </footer>
      {dropping && <p className={styles.drop}>{t('drop')}</p>}
    </div>
  )
}

const NO_FOLDERS: Folder[] = []

/** As it begins, with the signature of its sender. */
function signed(draft: Draft, signature: string): Draft {
  if (!signature) return draft
  const html = withSignature(htmlOf(draft.text), signature)
  return { ...draft, html, text: textOfHtml(html) }
}
