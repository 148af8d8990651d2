'use client'
/**
 * A message's attachments: name, kind and size, to download or to look at; pictures are shown small. Several can be
 * taken in one archive.
 */
import {
  IconEye,
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
import { lazy, Suspense, useState } from 'react'
import type { BodyPart, Id } from '../jmap/types.ts'
import styles from './attachments.module.css'
import { useConnection } from './connection.tsx'
import { previewKind } from './preview-kind.ts'
import { useFormats } from './viewer.tsx'

const Preview = lazy(() => import('./preview.tsx'))

/** What browsers show as a picture and what can't carry script. */
const PICTURE = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'])
/** Larger pictures are not fetched for a preview, in bytes. */
const PREVIEW_LIMIT = 5_000_000

export function Attachments(props: { account: Id; emailId: Id; parts: readonly BodyPart[] }) {
  const { account, parts } = props
  const t = useTranslations('attachments')
  const [preview, setPreview] = useState<BodyPart | null>(null)
  const shown = parts.filter(part => part.blobId !== null)
  if (shown.length === 0) return null
  return (
    <section className={styles.attachments} aria-label={t('region', { count: shown.length })}>
      <ul>
        {shown.map(part => (
          <Attachment
            key={part.blobId}
            account={account}
            part={part}
            onLook={previewKind(part) ? () => setPreview(part) : null}
          />
        ))}
      </ul>
      {shown.length > 1 && (
        <a
          className={styles.all}
          href={`/message/${encodeURIComponent(account)}/${encodeURIComponent(props.emailId)}/attachments`}
          download
        >
          <IconFileZip size={18} stroke={1.6} aria-hidden />
          {t('all')}
        </a>
      )}
      {preview && (
        <Suspense fallback={null}>
          <Preview account={account} part={preview} onClose={() => setPreview(null)} />
        </Suspense>
      )}
    </section>
  )
}

function Attachment({ account, part, onLook }: { account: Id; part: BodyPart; onLook: (() => void) | null }) {
  const t = useTranslations('attachments')
  const { downloadUrl } = useConnection()
  const formats = useFormats()
  const [noPicture, setNoPicture] = useState(false)
  const name = part.name || t('unnamed')
  const url = downloadUrl(account, part.blobId ?? '', name, part.type)
  const picture = PICTURE.has(part.type) && part.size <= PREVIEW_LIMIT && !noPicture
  const Icon = attachmentIcon(part.type, name)
  return (
    <li className={styles.attached}>
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
      {onLook && (
        <button
          type="button"
          className={styles.look}
          aria-label={t('look', { name })}
          title={t('look', { name })}
          onClick={onLook}
        >
          <IconEye size={19} stroke={1.6} aria-hidden />
        </button>
      )}
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
