'use client'
/** The ways a new message begins; each opens a window. */
import { useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useMemo } from 'react'
import type { Email, Id } from '../../jmap/types.ts'
import { useConnection } from '../connection.tsx'
import type { Draft, Words } from '../draft.ts'
import { displayName } from '../people.ts'
import { readEmail, useAccounts, useIdentities } from '../queries.ts'
import { createStore } from '../store.ts'
import { notify } from '../toasts.tsx'
import { useFormats } from '../viewer.tsx'
import { newCopyKey, takeCopies } from './crash.ts'
import type { Saved } from './keep.ts'

export type Window = {
  key: string
  draft: Draft
  /** The draft as it is kept on the server, if it is. */
  saved: Saved
  /** Came back from a page that was lost: the server has less of it. */
  unsaved: boolean
  /** Begun now: its signature is still to be placed. */
  begun: boolean
  /** Where the writer begins. */
  focus: 'to' | 'text'
  /** What had the focus before; it gets it back. */
  opener: Element | null
}

/** Comes with the window: not part of the first view. */
const drafts = () => import('../draft.ts')

export const windows = createStore<readonly Window[]>([])

function open(draft: Draft, focus: Window['focus'], saved: Saved = null, unsaved = false): void {
  const opener = document.activeElement
  const begun = saved === null && !unsaved
  windows.set(list => [...list, { key: newCopyKey(), draft, saved, unsaved, begun, focus, opener }])
}

/** Opens a draft again that was taken back; `unsaved`: it is kept anew at once. */
export function openAgain(draft: Draft, saved: Saved, unsaved: boolean): void {
  open(draft, 'text', saved, unsaved)
}

/** Opens what a lost page left behind. @returns how many */
export async function openCopies(person: string): Promise<number> {
  const copies = await takeCopies(person, Date.now())
  for (const copy of copies) open(copy.draft, 'text', copy.saved, true)
  return copies.length
}

export function closeWindow(key: string): void {
  const window = windows.get().find(one => one.key === key)
  windows.set(list => list.filter(one => one.key !== key))
  requestAnimationFrame(() => {
    const opener = window?.opener
    if (opener instanceof HTMLElement && opener.isConnected && opener !== document.body) opener.focus()
    else document.getElementById('messages')?.querySelector<HTMLElement>('ul')?.focus()
  })
}

export function useCompose() {
  const { client } = useConnection()
  const queries = useQueryClient()
  const accounts = useAccounts()
  const identities = useIdentities(accounts)
  const formats = useFormats()
  const t = useTranslations('compose')

  return useMemo(() => {
    const read = async (account: Id, id: Id, html = false): Promise<Email | null> => {
      try {
        return await queries.fetchQuery({
          queryKey: [html ? 'email-html' : 'email', account, id],
          queryFn: () => readEmail(client, account, id, html),
        })
      } catch {
        notify({ text: t('cannotOpen'), tone: 'fail' })
        return null
      }
    }
    const words = (email: Email): Words => {
      const at = formats.full(new Date(email.sentAt ?? email.receivedAt))
      const name = (email.from ?? []).map(displayName).join(', ')
      return {
        attribution: t('attribution', { at, name }),
        forwardedTitle: t('forwardedTitle'),
        from: t('from'),
        date: t('date'),
        subject: t('subject'),
        to: t('to'),
        at,
      }
    }
    return {
      async fresh(account: Id | undefined) {
        if (account) open((await drafts()).emptyDraft(account), 'to')
      },
      async answer(account: Id, id: Id, everybody: boolean) {
        const email = await read(account, id)
        if (!email) return
        const mine = identities.filter(one => one.accountId === account)
        const own = new Set(mine.map(one => one.email.toLowerCase()))
        const { answer } = await drafts()
        const draft = answer(email, account, own, everybody, words(email))
        // It is answered from the address that it was written to.
        const addressed = [...(email.to ?? []), ...(email.cc ?? [])].map(one => one.email.toLowerCase())
        const identity = mine.find(one => addressed.includes(one.email.toLowerCase()))
        open({ ...draft, identityId: identity?.id ?? null }, 'text')
      },
      async forward(account: Id, id: Id) {
        const email = await read(account, id)
        if (email) open((await drafts()).forward(email, account, words(email)), 'to')
      },
      async edit(account: Id, id: Id) {
        const there = windows.get().some(one => one.saved?.emailId === id)
        // Its HTML as well: what was formatted stays so.
        const email = there ? null : await read(account, id, true)
        if (!email) return
        const { reopen } = await drafts()
        open(reopen(email, account), 'text', { accountId: account, emailId: email.id })
      },
    }
  }, [client, queries, identities, formats, t])
}
