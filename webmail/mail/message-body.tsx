'use client'
/**
 * What a message says. Plain text is shown as text; HTML comes as a document of its own, already made safe by
 * the server, in a frame without scripts, forms or an origin. Nothing from outside is fetched until asked.
 */
import { linkWarning } from '@restante/core/mail/links.ts'
import { IconAlertTriangle, IconPhotoOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useMemo, useState } from 'react'
import type { Email, Id } from '../jmap/types.ts'
import { HtmlFrame } from './html-frame.tsx'
import pane from './message.module.css'
import styles from './message-body.module.css'
import { paragraphs } from './plain-text.ts'

export function MessageBody({ account, email, html }: { account: Id; email: Email; html: boolean }) {
  return html ? <HtmlBody account={account} email={email} /> : <PlainBody email={email} />
}

function HtmlBody({ account, email }: { account: Id; email: Email }) {
  const t = useTranslations('message')
  const [pictures, setPictures] = useState(false)
  const address = `/message/${encodeURIComponent(account)}/${encodeURIComponent(email.id)}/body`
  const { data } = useQuery({
    queryKey: ['body-info', account, email.id],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const response = await fetch(`${address}?info=1`, { headers: { accept: 'application/json' } })
      if (!response.ok) throw new Error(`HTTP ${response.status}`)
      return (await response.json()) as { blocked: number; hasHtml: boolean }
    },
  })
  return (
    <>
      {data && data.blocked > 0 && !pictures && (
        <div className={styles.blocked}>
          <IconPhotoOff size={19} stroke={1.6} aria-hidden />
          <span>{t('picturesHidden')}</span>
          <button type="button" className={pane.plainButton} onClick={() => setPictures(true)}>
            {t('showPictures')}
          </button>
        </div>
      )}
      <HtmlFrame address={address} remote={pictures} />
    </>
  )
}

function PlainBody({ email }: { email: Email }) {
  const t = useTranslations('message')
  const text = email.textBody
    .filter(part => part.type.startsWith('text/'))
    .map(part => (part.partId ? (email.bodyValues[part.partId]?.value ?? '') : ''))
    .join('\n')
  const cut = Object.values(email.bodyValues).some(value => value.isTruncated)
  const blocks = useMemo(() => paragraphs(text), [text])
  if (!text.trim()) return <p className={pane.note}>{t('noText')}</p>
  return (
    <div className={styles.plain}>
      {blocks.map((block, index) =>
        block.quoted ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: a text does not change
          <details key={index} className={styles.quoted} open={block.short}>
            <summary>{t('quoted')}</summary>
            <p dir="auto">
              <Pieces pieces={block.pieces} />
            </p>
          </details>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: a text does not change
          <p key={index} dir="auto">
            <Pieces pieces={block.pieces} />
          </p>
        ),
      )}
      {cut && <p className={pane.note}>{t('cut')}</p>}
    </div>
  )
}

function Pieces({ pieces }: { pieces: readonly (string | { href: string; text: string })[] }) {
  return pieces.map((piece, index) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: a text does not change
    typeof piece === 'string' ? piece : <Link key={index} {...piece} />,
  )
}

/** An address in a text; with where it leads beside it when it is written to be taken for another. */
function Link({ href, text }: { href: string; text: string }) {
  const t = useTranslations('message')
  const warning = linkWarning(href, text)
  return (
    <>
      <a href={href} title={href} target="_blank" rel="noopener noreferrer nofollow">
        {text}
      </a>
      {warning && (
        <span className={styles.leads}>
          <IconAlertTriangle size={14} stroke={1.8} aria-hidden />
          {t('leadsTo', { host: warning.host })}
        </span>
      )}
    </>
  )
}
