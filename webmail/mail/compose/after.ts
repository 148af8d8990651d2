'use client'
/** What is said when a message was handed over, and the way back while it has not gone out. */
import { useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useCallback } from 'react'
import type { Id } from '../../jmap/types.ts'
import { useConnection } from '../connection.tsx'
import type { Draft } from '../draft.ts'
import { notify, UNDO_TIME } from '../toasts.tsx'
import { useFormats } from '../viewer.tsx'
import type { Saved } from './keep.ts'
import { takeBack, type When } from './sending.ts'
import { openAgain } from './start.ts'

/** Says that it is sent; undone, the draft opens as it was. */
export function useSaySent() {
  const { client } = useConnection()
  const queries = useQueryClient()
  const formats = useFormats()
  const t = useTranslations('compose')
  const later = useTranslations('later')

  return useCallback(
    (draft: Draft, when: When, sent: { submissionId: Id; saved: NonNullable<Saved> }) => {
      const { accountId, about } = draft
      const refresh = () => {
        for (const kind of ['list', 'folders', 'thread', 'email']) {
          void queries.invalidateQueries({ queryKey: [kind, accountId] })
        }
      }
      const undo = async () => {
        try {
          if (await takeBack(client, accountId, sent.submissionId)) {
            return notify({ text: later('tooLate'), tone: 'fail' })
          }
          if (about && !about.marked) {
            await client.call('Email/set', {
              accountId,
              update: { [about.emailId]: { [`keywords/${about.keyword}`]: null } },
            })
          }
        } catch {
          return notify({ text: later('failed'), tone: 'fail' })
        }
        refresh()
        openAgain(draft, sent.saved, when.type === 'at')
      }
      if (when.type === 'now') return notify({ text: t('sent') })
      notify({
        text:
          when.type === 'at' ? later('goesOut', { time: formats.ahead(when.at, new Date()) }) : later('sent'),
        undo: () => void undo(),
        until: when.type === 'at' ? UNDO_TIME : when.seconds * 1_000,
      })
    },
    [client, queries, formats, t, later],
  )
}
