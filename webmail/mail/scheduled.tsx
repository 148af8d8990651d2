'use client'
/**
 * A message that waits for its time, in Drafts: when it goes out, and what its writer can do about it until then. Loaded
 * when such a message is opened.
 */
import { IconClockHour4 } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import type { Email } from '../jmap/types.ts'
import { useSaySent } from './compose/after.ts'
import { LaterMenu } from './compose/send-later.tsx'
import { sendCalls, takeBack, type When } from './compose/sending.ts'
import { openAgain } from './compose/start.ts'
import { useConnection } from './connection.tsx'
import styles from './delivery.module.css'
import type { Scene } from './desk.tsx'
import { type Draft, reopen } from './draft.ts'
import message from './message.module.css'
import { go } from './place.ts'
import { readEmail, useAccounts, useIdentities } from './queries.ts'
import { notify } from './toasts.tsx'
import { useFormats, useNow } from './viewer.tsx'

export default function Scheduled({ scene, email, at }: { scene: Scene; email: Email; at: Date }) {
  const t = useTranslations('later')
  const formats = useFormats()
  const now = useNow()
  const act = useScheduled(scene, email)
  const [doing, setDoing] = useState(false)
  const doIt = async (work: () => Promise<void>) => {
    setDoing(true)
    await work()
    setDoing(false)
  }
  return (
    <section aria-label={t('region')}>
      <p className={message.waiting}>
        <IconClockHour4 size={17} stroke={1.8} aria-hidden />
        {t('waits', { time: formats.ahead(at, now) })}
      </p>
      <div className={styles.statusActions}>
        <LaterMenu
          label={t('change')}
          bare={false}
          className={styles.statusButton}
          onChoose={time => void doIt(() => act.again({ type: 'at', at: time }))}
        >
          {t('change')}
        </LaterMenu>
        <button
          type="button"
          className={styles.statusButton}
          disabled={doing}
          onClick={() => void doIt(() => act.again({ type: 'now' }))}
        >
          {t('now')}
        </button>
        <button
          type="button"
          className={styles.statusButton}
          disabled={doing}
          onClick={() => void doIt(act.edit)}
        >
          {t('edit')}
        </button>
      </div>
    </section>
  )
}

/**
 * A submission's time can't be changed (RFC 8621 §7): it is taken back and the draft submitted anew, dated anew. Lost in
 * between, the message is a draft again, and nothing has gone out.
 */
function useScheduled(scene: Scene, email: Email) {
  const { client } = useConnection()
  const queries = useQueryClient()
  const accounts = useAccounts()
  const identities = useIdentities(accounts)
  const saySent = useSaySent()
  const t = useTranslations('later')
  const accountId = scene.account

  const refresh = () => {
    for (const kind of ['list', 'folders', 'thread', 'email', 'submissions']) {
      void queries.invalidateQueries({ queryKey: [kind, accountId] })
    }
  }
  /** The draft, taken back; null when there is nothing to take back any more. */
  const draftAgain = async (): Promise<Draft | null> => {
    const whole = await readEmail(client, accountId, email.id, true)
    const { ids } = await client.call('EmailSubmission/query', {
      accountId,
      filter: { operator: 'AND', conditions: [{ emailIds: [email.id] }, { undoStatus: 'pending' }] },
    })
    const [id] = ids
    if (!whole || !id || (await takeBack(client, accountId, id))) {
      notify({ text: t('tooLate'), tone: 'fail' })
      return null
    }
    const from = whole.from?.[0]?.email.toLowerCase()
    const identity =
      identities.find(one => one.accountId === accountId && one.email.toLowerCase() === from) ??
      identities.find(one => one.accountId === accountId)
    return { ...reopen(whole, accountId), identityId: identity?.id ?? null }
  }
  const guarded = async (work: () => Promise<void>) => {
    try {
      await work()
    } catch {
      notify({ text: t('failed'), tone: 'fail' })
    }
    refresh()
  }
  return {
    edit: () =>
      guarded(async () => {
        const draft = await draftAgain()
        if (draft) openAgain(draft, { accountId, emailId: email.id }, true)
      }),
    again: (when: When) =>
      guarded(async () => {
        const draft = await draftAgain()
        if (!draft) return
        const identity = identities.find(one => one.id === draft.identityId && one.accountId === accountId)
        if (!identity) throw new Error('nobody to send as')
        const [emails, submissions] = await client.group(
          ...sendCalls({
            draft,
            sender: { name: identity.name || null, email: identity.email },
            identityId: identity.id,
            when,
            before: email.id,
            folders: scene.folders,
          }),
        )
        const created = emails.created?.draft
        const submission = submissions.created?.submission
        if (!created || !submission) {
          return notify({ text: t('refused'), tone: 'fail' })
        }
        // What was opened is another message now.
        go({ email: when.type === 'at' ? created.id : null }, 'replace')
        saySent(draft, when, {
          submissionId: submission.id,
          saved: { accountId, emailId: created.id },
        })
      }),
  }
}
