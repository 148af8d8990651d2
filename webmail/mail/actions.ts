'use client'
/**
 * What can be done to messages. Each shows at once (pending.ts), goes to the server after those before it,
 * and can be taken back for ten seconds; what shows by itself (a star) without a word, by the key.
 */
import { useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useMemo } from 'react'
import { MethodError } from '../jmap/client.ts'
import { SignedOut } from '../jmap/connection.ts'
import type { Folder, Id, Member } from '../jmap/types.ts'
import { toSignIn, useConnection } from './connection.tsx'
import { lay, type Patch } from './pending.ts'
import { notify, undoable } from './toasts.tsx'

/** Messages in one Email/set at most (the server's maxObjectsInSet). */
const MANY = 500

/** Changes go one after the other: an undo must not overtake what it undoes. */
let line: Promise<unknown> = Promise.resolve()

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const next = line.then(work, work)
  line = next.catch(() => undefined)
  return next
}

/** Email/set's patch (RFC 8620 §5.3) for what is laid over the screen. */
export function toPatchObject(patch: Patch): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  if (patch.folder) result.mailboxIds = { [patch.folder]: true }
  for (const [keyword, on] of Object.entries(patch.keywords ?? {})) {
    // RFC 8620 §5.3: "/" and "~" of a name are escaped as in JSON pointers.
    result[`keywords/${keyword.replace(/~/g, '~0').replace(/\//g, '~1')}`] = on ? true : null
  }
  return result
}

export type Actions = ReturnType<typeof useActions>

export function useActions() {
  const { client } = useConnection()
  const queries = useQueryClient()
  const t = useTranslations('actions')
  const scan = useTranslations('scan')

  return useMemo(() => {
    const refresh = (account: Id) =>
      Promise.all(
        ['list', 'folders', 'email', 'thread'].map(kind =>
          queries.invalidateQueries({ queryKey: [kind, account] }),
        ),
      )

    /** Applies one patch to some messages; false when the server did not take it. */
    async function change(account: Id, ids: readonly Id[], patch: Patch, destroy = false): Promise<boolean> {
      const lift = lay(ids, patch)
      try {
        await inTurn(async () => {
          for (let at = 0; at < ids.length; at += MANY) {
            const part = ids.slice(at, at + MANY)
            const result = await client.call(
              'Email/set',
              destroy
                ? { accountId: account, destroy: part }
                : {
                    accountId: account,
                    update: Object.fromEntries(part.map(id => [id, toPatchObject(patch)])),
                  },
            )
            const refused = Object.values({ ...result.notUpdated, ...result.notDestroyed })[0]
            // Gone already is as good as destroyed.
            if (refused && !(destroy && refused.type === 'notFound')) {
              throw new MethodError(refused.type, refused.description ?? undefined)
            }
          }
        })
        return true
      } catch (error) {
        if (error instanceof SignedOut) toSignIn()
        notify({ text: t('failed'), tone: 'fail' })
        return false
      } finally {
        await refresh(account).catch(() => undefined)
        lift()
      }
    }

    async function move(account: Id, emails: readonly Member[], folder: Id, said: string) {
      const origin = new Map<Id, Id[]>()
      for (const email of emails) {
        const from = Object.keys(email.mailboxIds)[0]
        if (from && from !== folder) origin.set(from, [...(origin.get(from) ?? []), email.id])
      }
      notify({
        text: said,
        undo: () => {
          for (const [from, ids] of origin) void change(account, ids, { folder: from })
        },
      })
      await change(
        account,
        emails.map(email => email.id),
        { folder },
      )
    }

    return {
      refresh,
      /** Into a folder, without a word: part of something larger that is said. */
      put: (account: Id, ids: readonly Id[], folder: Id) => change(account, ids, { folder }),
      /** Without a word and without a way back: what happens by itself, as a message is opened. */
      keyword: (account: Id, emails: readonly Member[], name: string, on: boolean) =>
        change(
          account,
          emails.map(email => email.id),
          { keywords: { [name]: on } },
        ),
      /** What somebody asked for: said when it does not show by itself. */
      mark(account: Id, emails: readonly Member[], name: '$seen' | '$flagged', on: boolean): void {
        const ids = emails.filter(email => Boolean(email.keywords[name]) !== on).map(email => email.id)
        if (ids.length === 0) return
        const undo = () => void change(account, ids, { keywords: { [name]: !on } })
        const said = { $seen: on ? 'read' : 'unread', $flagged: on ? 'starred' : 'unstarred' } as const
        if (ids.length === 1 && name === '$flagged') undoable(undo)
        else notify({ text: t(said[name], { count: ids.length }), undo })
        void change(account, ids, { keywords: { [name]: on } })
      },
      move: (account: Id, emails: readonly Member[], folder: Folder, name: string) =>
        move(account, emails, folder.id, t('moved', { count: emails.length, folder: name })),

      /** Out of Junk: it is released to the mail server, and the filter learns from it. */
      notSpam: (account: Id, emails: readonly Member[], inbox: Folder) =>
        move(account, emails, inbox.id, scan('released')),
      junk: (account: Id, emails: readonly Member[], folder: Folder) =>
        move(account, emails, folder.id, scan('movedToJunk')),

      /** Into Trash; what lies there already goes for good, once it can no longer be undone. */
      remove(account: Id, emails: readonly Member[], trash: Folder | undefined): void {
        const ids = emails.map(email => email.id)
        if (trash && !emails.every(email => trash.id in email.mailboxIds)) {
          void move(account, emails, trash.id, t('deleted', { count: ids.length }))
          return
        }
        const lift = lay(ids, { folder: null })
        notify({
          text: t('destroyed', { count: ids.length }),
          undo: lift,
          onEnd: () => void change(account, ids, { folder: null }, true),
        })
      },
    }
  }, [client, queries, t, scan])
}
