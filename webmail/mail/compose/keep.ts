'use client'
/**
 * A draft is kept on the server as it is written. A message's content can't be changed in JMAP (RFC 8621
 * §4.6), so each time the new one is made and the one before destroyed, in one request: there is always
 * exactly one. Saving and sending go one after the other.
 */
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { call } from '../../jmap/client.ts'
import type { EmailAddress, Folder, Id, SetError } from '../../jmap/types.ts'
import { useConnection } from '../connection.tsx'
import { type Draft, isEmpty, toEmail } from '../draft.ts'
import { useViewer } from '../viewer.tsx'
import { dropCopy, holdCopy, keepCopy } from './crash.ts'
import { sendCalls, type When } from './sending.ts'

/** How long the writer must pause, in ms. */
const PAUSE = 1_500

export type Kept = { state: 'fresh' | 'saving' | 'failed' } | { state: 'saved'; at: Date }
export type Saved = { accountId: Id; emailId: Id } | null
export type SendResult =
  | { type: 'sent'; submissionId: Id; saved: NonNullable<Saved> }
  | { type: 'refused'; error: SetError }
  | { type: 'failed' }

export function useKeptDraft(
  draft: Draft,
  sender: EmailAddress | null,
  folders: readonly Folder[],
  window: { key: string; saved: Saved; unsaved: boolean },
) {
  const { key } = window
  const { address: person } = useViewer()
  const { client } = useConnection()
  const queries = useQueryClient()
  const [kept, setKept] = useState<Kept>({ state: 'fresh' })
  const saved = useRef<Saved>(window.saved)
  const line = useRef<Promise<unknown>>(Promise.resolve())
  const last = useRef<Draft | null>(window.unsaved ? null : draft)
  const ended = useRef(false)
  const drafts = folders.find(folder => folder.role === 'drafts')?.id

  const inTurn = useCallback(<T>(work: () => Promise<T>): Promise<T> => {
    const next = line.current.then(work, work)
    line.current = next.catch(() => undefined)
    return next
  }, [])

  const refresh = useCallback(
    (account: Id) => {
      for (const kind of ['list', 'folders', 'thread']) {
        void queries.invalidateQueries({ queryKey: [kind, account] })
      }
    },
    [queries],
  )

  /** Email/set that puts `email` in the place of what was saved before. */
  const replacing = useCallback((email: Record<string, unknown>, accountId: Id) => {
    const before = saved.current
    const here = before?.accountId === accountId ? [before.emailId] : []
    return call('Email/set', {
      accountId,
      create: { draft: email },
      ...(here.length > 0 && { destroy: here }),
    })
  }, [])

  const forgetElsewhere = useCallback(
    async (accountId: Id) => {
      const before = saved.current
      if (!before || before.accountId === accountId) return
      await client.call('Email/set', { accountId: before.accountId, destroy: [before.emailId] })
      refresh(before.accountId)
    },
    [client, refresh],
  )

  const save = useCallback(
    (value: Draft) =>
      inTurn(async () => {
        if (ended.current || !sender || !drafts) return
        setKept({ state: 'saving' })
        try {
          const [result] = await client.group(replacing(toEmail(value, sender, drafts), value.accountId))
          const created = result.created?.draft
          if (!created) throw new Error(result.notCreated?.draft?.type)
          await forgetElsewhere(value.accountId)
          saved.current = { accountId: value.accountId, emailId: created.id }
          if (last.current === value) dropCopy(key)
          setKept({ state: 'saved', at: new Date() })
          refresh(value.accountId)
        } catch {
          setKept({ state: 'failed' })
        }
      }),
    [client, drafts, forgetElsewhere, inTurn, key, refresh, replacing, sender],
  )

  useEffect(() => {
    if (draft === last.current || isEmpty(draft)) return
    keepCopy(key, { person, at: Date.now(), draft, saved: saved.current })
    const timer = setTimeout(() => {
      last.current = draft
      void save(draft)
    }, PAUSE)
    return () => clearTimeout(timer)
  }, [draft, save, key, person])
  useEffect(() => holdCopy(key), [key])

  /** Keeps what was written last, when the window goes. */
  const finish = useCallback(async () => {
    if (draft !== last.current && !isEmpty(draft)) {
      last.current = draft
      await save(draft)
    }
    ended.current = true
  }, [draft, save])

  const discard = useCallback(
    () =>
      inTurn(async () => {
        ended.current = true
        dropCopy(key)
        const before = saved.current
        if (!before) return
        saved.current = null
        await client.call('Email/set', { accountId: before.accountId, destroy: [before.emailId] })
        refresh(before.accountId)
      }),
    [client, inTurn, refresh, key],
  )

  /** Hands the message over. When it is refused it stays a draft. */
  const send = useCallback(
    (value: Draft, identityId: Id, when: When): Promise<SendResult> =>
      inTurn(async (): Promise<SendResult> => {
        if (!sender || !drafts) return { type: 'failed' }
        last.current = value
        const { accountId, about } = value
        try {
          const before = saved.current
          const [emails, submissions] = await client.group(
            ...sendCalls({
              draft: value,
              sender,
              identityId,
              when,
              before: before?.accountId === accountId ? before.emailId : null,
              folders,
            }),
          )
          const created = emails.created?.draft
          if (created) {
            await forgetElsewhere(accountId).catch(() => undefined)
            saved.current = { accountId, emailId: created.id }
          }
          const error = emails.notCreated?.draft ?? submissions.notCreated?.submission
          const submission = submissions.created?.submission
          if (error) return { type: 'refused', error }
          if (!created || !submission) return { type: 'failed' }
          ended.current = true
          dropCopy(key)
          if (about) {
            void client
              .call('Email/set', {
                accountId,
                update: { [about.emailId]: { [`keywords/${about.keyword}`]: true } },
              })
              .then(
                () => refresh(accountId),
                () => undefined,
              )
          }
          refresh(accountId)
          void queries.invalidateQueries({ queryKey: ['submissions', accountId] })
          return {
            type: 'sent',
            submissionId: submission.id,
            saved: { accountId, emailId: created.id },
          }
        } catch {
          return { type: 'failed' }
        }
      }),
    [client, drafts, folders, forgetElsewhere, inTurn, key, queries, refresh, sender],
  )

  return { kept, finish, discard, send }
}
