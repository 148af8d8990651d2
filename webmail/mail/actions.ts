'use client'
/**
 * What can be done to messages. Each shows at once (pending.ts), goes to the server after those before it,
 * and can be taken back for ten seconds.
 */
import { useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useMemo } from 'react'
import { MethodError } from '../jmap/client.ts'
import { SignedOut } from '../jmap/connection.ts'
import type { EmailRow, Folder, Id } from '../jmap/types.ts'
import { toSignIn, useConnection } from './connection.tsx'
import { lay, type Patch } from './pending.ts'
import { notify } from './toasts.tsx'

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
          const result = await client.call(
            'Email/set',
            destroy
              ? { accountId: account, destroy: ids }
              : {
                  accountId: account,
                  update: Object.fromEntries(ids.map(id => [id, toPatchObject(patch)])),
                },
          )
          const refused = Object.values({ ...result.notUpdated, ...result.notDestroyed })[0]
          // Gone already is as good as destroyed.
          if (refused && !(destroy && refused.type === 'notFound')) {
            throw new MethodError(refused.type, refused.description ?? undefined)
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

    async function move(account: Id, emails: readonly EmailRow[], folder: Id, said: string) {
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
      keyword: (account: Id, emails: readonly EmailRow[], name: string, on: boolean) =>
        change(
          account,
          emails.map(email => email.id),
          { keywords: { [name]: on } },
        ),
      move: (account: Id, emails: readonly EmailRow[], folder: Folder, name: string) =>
        move(account, emails, folder.id, t('moved', { count: emails.length, folder: name })),

      /** Into Trash; what lies there already goes for good, once it can no longer be undone. */
      remove(account: Id, emails: readonly EmailRow[], trash: Folder | undefined): void {
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
  }, [client, queries, t])
}
