'use client'
/** A message's attachments: name, kind and size, to download; pictures are shown small. */
import {
  IconFile,
  IconFileMusic,
  IconFileSpreadsheet,
  IconFileText,
  IconFileTypePdf,
  IconFileZip,
  IconMail,
  IconMovie,
  IconPhoto,
} from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import type { BodyPart, Id } from '../jmap/types.ts'
import { useConnection } from './connection.tsx'
import styles from './message.module.css'
import { useFormats } from './viewer.tsx'

/** What browsers show as a picture and what can't carry script. */
const PICTURE = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'])
/** Larger pictures are not fetched for a preview, in bytes. */
const PREVIEW_LIMIT = 5_000_000

export function Attachments({ account, parts }: { account: Id; parts: readonly BodyPart[] }) {
  const t = useTranslations('attachments')
  const shown = parts.filter(part => part.blobId !== null)
  if (shown.length === 0) return null
  return (
    <section className={styles.attachments} aria-label={t('region', { count: shown.length })}>
      <ul>
        {shown.map(part => (
          <Attachment key={part.blobId} account={account} part={part} />
        ))}
      </ul>
    </section>
  )
}

function Attachment({ account, part }: { account: Id; part: BodyPart }) {
  const t = useTranslations('attachments')
  const { downloadUrl } = useConnection()
  const formats = useFormats()
  const [noPicture, setNoPicture] = useState(false)
  const name = part.name || t('unnamed')
  const url = downloadUrl(account, part.blobId ?? '', name, part.type)
  const picture = PICTURE.has(part.type) && part.size <= PREVIEW_LIMIT && !noPicture
  const Icon = attachmentIcon(part.type, name)
  return (
    <li>
      <a
        className={styles.attachment}
        href={url}
        download={name}
        aria-label={t('download', { name, size: formats.size(part.size) })}
      >
        {picture ? (
          // biome-ignore lint/performance/noImgElement: comes from our own server with the session's cookie
          <img src={url} alt="" loading="lazy" onError={() => setNoPicture(true)} />
        ) : (
          <Icon size={24} stroke={1.4} aria-hidden />
        )}
        <span className={styles.file}>
          <span className={styles.fileName} dir="auto">
            {name}
          </span>
          <span className={styles.fileSize}>{formats.size(part.size)}</span>
        </span>
      </a>
    </li>
  )
}

export function attachmentIcon(type: string, name: string): typeof IconFile {
  if (type.startsWith('image/')) return IconPhoto
  if (type.startsWith('video/')) return IconMovie
  if (type.startsWith('audio/')) return IconFileMusic
  if (type === 'application/pdf' || /\.pdf$/i.test(name)) return IconFileTypePdf
  if (type === 'message/rfc822') return IconMail
  if (/sheet|excel|csv/.test(type) || /\.(xlsx?|ods|csv)$/i.test(name)) return IconFileSpreadsheet
  if (/zip|compressed|tar|7z|rar/.test(type)) return IconFileZip
  if (type.startsWith('text/') || /word|document/.test(type)) return IconFileText
  return IconFile
}
