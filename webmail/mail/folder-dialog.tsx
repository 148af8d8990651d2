'use client'
/** Making a folder, giving it another name, deleting it: one question at a time. */
import { useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { type FormEvent, useEffect, useId, useRef, useState } from 'react'
import type { Folder, FolderRole, Id, Member } from '../jmap/types.ts'
import { useActions } from './actions.ts'
import { useConnection } from './connection.tsx'
import styles from './help.module.css'
import { readAll } from './list-query.ts'
import { go, parsePlace } from './place.ts'
import { notify } from './toasts.tsx'

export type FolderQuestion =
  | { kind: 'new'; account: Id }
  | { kind: 'rename' | 'delete'; account: Id; folder: Folder }

export default function FolderDialog(props: {
  question: FolderQuestion
  folders: readonly Folder[]
  onClose: () => void
}) {
  const { question } = props
  const t = useTranslations('folders')
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  const [name, setName] = useState(question.kind === 'rename' ? question.folder.name : '')
  const [problem, setProblem] = useState<string | null>(null)
  const [doing, setDoing] = useState(false)
  const answer = useAnswer(props.folders)
  useEffect(() => dialog.current?.showModal(), [])
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (question.kind !== 'delete' && !name.trim()) return setProblem(t('needsName'))
    setDoing(true)
    const refused = await answer(question, name.trim())
    setDoing(false)
    if (refused) setProblem(refused)
    else dialog.current?.close()
  }
  return (
    <dialog ref={dialog} className={styles.dialog} onClose={props.onClose} aria-labelledby={titleId}>
      <form onSubmit={event => void submit(event)}>
        <h2 id={titleId}>
          {question.kind === 'new' ? t('new') : t(`${question.kind}Title`, { name: question.folder.name })}
        </h2>
        {question.kind === 'delete' ? (
          <p>{t('deleteText', { count: question.folder.totalEmails })}</p>
        ) : (
          <label className={styles.field}>
            <span>{t('name')}</span>
            <input
              type="text"
              value={name}
              maxLength={100}
              aria-invalid={problem !== null}
              onChange={event => {
                setName(event.target.value)
                setProblem(null)
              }}
            />
          </label>
        )}
        {problem && (
          <p role="alert" className={styles.problem}>
            {problem}
          </p>
        )}
        <div className={styles.buttons}>
          <button type="button" className={styles.close} onClick={() => dialog.current?.close()}>
            {t('cancel')}
          </button>
          <button type="submit" className={styles.primary} disabled={doing}>
            {t(question.kind === 'new' ? 'make' : question.kind)}
          </button>
        </div>
      </form>
    </dialog>
  )
}

/** Carries out what was decided; the words to say when it was refused. */
function useAnswer(folders: readonly Folder[]) {
  const { client } = useConnection()
  const queries = useQueryClient()
  const actions = useActions()
  const t = useTranslations('folders')

  return async (question: FolderQuestion, name: string): Promise<string | null> => {
    const { account } = question
    const set = async (change: Record<string, unknown>) => {
      const result = await client.call('Mailbox/set', { accountId: account, ...change })
      await queries.invalidateQueries({ queryKey: ['folders', account] })
      const refused = { ...result.notCreated, ...result.notUpdated, ...result.notDestroyed }
      return { refused: Object.values(refused)[0], created: result.created }
    }
    const words = (refused: { properties?: string[] } | undefined) =>
      refused && (refused.properties?.includes('name') ? t('nameTaken') : t('failed'))
    try {
      switch (question.kind) {
        case 'new': {
          const made = await set({ create: { new: { name } } })
          return words(made.refused) ?? null
        }
        case 'rename':
          return words((await set({ update: { [question.folder.id]: { name } } })).refused) ?? null
        case 'delete': {
          const { folder } = question
          if (parsePlace(location.search).folder === folder.id) go({ folder: null, email: null })
          const emails: Member[] = []
          await readAll(client, account, { inMailbox: folder.id }, part => {
            emails.push(...part)
          })
          const trash = folders.find(one => one.role === ('trash' satisfies FolderRole))
          const ids = emails.map(email => email.id)
          if (trash && ids.length > 0 && !(await actions.put(account, ids, trash.id))) return t('failed')
          const gone = await set({ destroy: [folder.id] })
          if (gone.refused) return t('failed')
          notify({
            text: t('deleted', { name: folder.name }),
            undo: async () => {
              const { name, parentId } = folder
              const made = await set({ create: { again: { name, parentId } } })
              const again = made.created?.again?.id
              if (again && ids.length > 0) await actions.put(account, ids, again)
            },
          })
          return null
        }
      }
    } catch {
      return t('failed')
    }
  }
}
