'use client'
/** What is wanted of a message now and then: answer this one, print it, see how it came. */
import {
  IconCode,
  IconCornerUpLeft,
  IconCornerUpLeftDouble,
  IconCornerUpRight,
  IconDots,
  IconDownload,
  IconListDetails,
  IconMail,
  IconPrinter,
  IconTrash,
} from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import type { Email, Id } from '../jmap/types.ts'
import { useActions } from './actions.ts'
import { useCompose } from './compose/start.ts'
import { useConnection } from './connection.tsx'
import { Menu, MenuItem } from './menu.tsx'
import styles from './message.module.css'

const ICON = { size: 18, stroke: 1.6, 'aria-hidden': true } as const

export function MessageMenu(props: {
  account: Id
  email: Email
  headers: boolean
  onHeaders: () => void
  onRemove: (ids: readonly Id[]) => void
}) {
  const { account, email } = props
  const t = useTranslations('message')
  const compose = useCompose()
  const actions = useActions()
  const { downloadUrl } = useConnection()
  const name = `${email.subject?.trim() || 'message'}.eml`
  return (
    <Menu
      label={t('more_actions')}
      bare
      className={styles.tool}
      side="below"
      items={
        <>
          <MenuItem
            icon={<IconCornerUpLeft {...ICON} />}
            onClick={() => void compose.answer(account, email.id, false)}
          >
            {t('reply')}
          </MenuItem>
          <MenuItem
            icon={<IconCornerUpLeftDouble {...ICON} />}
            onClick={() => void compose.answer(account, email.id, true)}
          >
            {t('replyAll')}
          </MenuItem>
          <MenuItem
            icon={<IconCornerUpRight {...ICON} />}
            onClick={() => void compose.forward(account, email.id)}
          >
            {t('forward')}
          </MenuItem>
          <MenuItem icon={<IconPrinter {...ICON} />} onClick={() => printOnly(email.id)}>
            {t('print')}
          </MenuItem>
          <MenuItem icon={<IconListDetails {...ICON} />} onClick={props.onHeaders}>
            {props.headers ? t('hideHeaders') : t('showHeaders')}
          </MenuItem>
          <MenuItem
            icon={<IconCode {...ICON} />}
            href={`${downloadUrl(account, email.blobId, name, 'text/plain')}&inline=1`}
            newPage
          >
            {t('source')}
          </MenuItem>
          <MenuItem
            icon={<IconDownload {...ICON} />}
            href={downloadUrl(account, email.blobId, name, 'message/rfc822')}
          >
            {t('save')}
          </MenuItem>
          <MenuItem
            icon={<IconMail {...ICON} />}
            onClick={() => actions.mark(account, [email], '$seen', false)}
          >
            {t('markUnread')}
          </MenuItem>
          <MenuItem icon={<IconTrash {...ICON} />} onClick={() => props.onRemove([email.id])}>
            {t('deleteThis')}
          </MenuItem>
        </>
      }
    >
      <IconDots size={19} stroke={1.7} aria-hidden />
    </Menu>
  )
}

/** Prints one message of the page: the style sheet leaves out the rest. */
function printOnly(id: Id): void {
  const card = document.getElementById(`message-${id}`)
  card?.setAttribute('data-print', '')
  document.documentElement.dataset.printing = card ? 'one' : 'all'
  window.print()
  card?.removeAttribute('data-print')
  delete document.documentElement.dataset.printing
}
