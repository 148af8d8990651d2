'use client'
/** An attachment, looked at. It comes from our own server as what cannot run: never sniffed, never HTML. */
import { IconDownload, IconX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'next-intl'
import { useEffect, useRef } from 'react'
import type { BodyPart, Id } from '../jmap/types.ts'
import { useConnection } from './connection.tsx'
import styles from './preview.module.css'
import { previewKind } from './preview-kind.ts'

export default function Preview(props: { account: Id; part: BodyPart; onClose: () => void }) {
  const { account, part } = props
  const t = useTranslations('attachments')
  const dialog = useRef<HTMLDialogElement>(null)
  const { downloadUrl } = useConnection()
  const name = part.name || t('unnamed')
  const url = downloadUrl(account, part.blobId ?? '', name, part.type)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} className={styles.dialog} aria-label={name} onClose={props.onClose}>
      <header className={styles.head}>
        <h2 dir="auto">{name}</h2>
        <a href={url} download={name} className={styles.tool} aria-label={t('save', { name })}>
          <IconDownload size={20} stroke={1.7} aria-hidden />
        </a>
        <button
          type="button"
          className={styles.tool}
          aria-label={t('close')}
          onClick={() => dialog.current?.close()}
        >
          <IconX size={20} stroke={1.7} aria-hidden />
        </button>
      </header>
      <div className={styles.content}>
        <Content part={part} url={url} name={name} />
      </div>
    </dialog>
  )
}

function Content({ part, url, name }: { part: BodyPart; url: string; name: string }) {
  switch (previewKind(part)) {
    case 'picture':
      // biome-ignore lint/performance/noImgElement: comes from our own server with the session's cookie
      return <img src={url} alt={name} />
    case 'pdf':
      return <iframe src={`${url}&inline=1`} title={name} />
    case 'audio':
      // biome-ignore lint/a11y/useMediaCaption: somebody sent it as it is
      return <audio src={url} controls aria-label={name} />
    case 'video':
      // biome-ignore lint/a11y/useMediaCaption: somebody sent it as it is
      return <video src={url} controls aria-label={name} />
    default:
      return <Text url={url} name={name} />
  }
}

function Text({ url, name }: { url: string; name: string }) {
  const t = useTranslations('message')
  const { data, isError } = useQuery({
    queryKey: ['attachment-text', url],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const response = await fetch(url)
      if (!response.ok) throw new Error(`HTTP ${response.status}`)
      return decode(await response.arrayBuffer())
    },
  })
  if (isError) return <p role="alert">{t('failed')}</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={styles.text} tabIndex={0} aria-label={name} aria-busy={data === undefined}>
      <pre dir="auto">{data ?? ''}</pre>
    </section>
  )
}

/** UTF-8, or what Windows wrote before it: a text file does not say. */
function decode(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}
