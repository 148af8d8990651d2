'use client'
/** Files on their way into a message: chosen, dropped or pasted, sent up at once, with how far they are. */
import { IconX } from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import { useEffect, useRef } from 'react'
import type { Id } from '../../jmap/types.ts'
import { attachmentIcon } from '../attachments.tsx'
import { useConnection } from '../connection.tsx'
import type { Attached } from '../draft.ts'
import { useFormats } from '../viewer.tsx'
import styles from './compose.module.css'

type Change = (files: Attached[]) => Attached[]
let counter = 0

/** @param apply applies a change to the draft's files */
export function useAttach(account: Id, apply: (change: Change) => void) {
  const connection = useConnection()
  const running = useRef(new Map<string, AbortController>())
  useEffect(() => {
    const uploads = running.current
    return () => {
      for (const upload of uploads.values()) upload.abort()
    }
  }, [])

  const update = (key: string, change: Partial<Attached>) =>
    apply(files => files.map(file => (file.key === key ? { ...file, ...change } : file)))

  return {
    add(files: Iterable<File>) {
      for (const file of files) {
        const key = `file-${++counter}`
        const type = file.type || 'application/octet-stream'
        const name = file.name || 'attachment'
        const abort = new AbortController()
        running.current.set(key, abort)
        apply(list => [
          ...list,
          { key, name, type, size: file.size, blobId: null, progress: 0, failed: false },
        ])
        connection
          .upload(account, file, progress => update(key, { progress }), abort.signal)
          .then(
            upload => update(key, { blobId: upload.blobId, progress: 1 }),
            () => update(key, { failed: true }),
          )
          .finally(() => running.current.delete(key))
      }
    },
    remove(key: string) {
      running.current.get(key)?.abort()
      apply(files => files.filter(file => file.key !== key))
    },
  }
}

export function AttachedFiles(props: { files: readonly Attached[]; onRemove: (key: string) => void }) {
  const t = useTranslations('compose')
  const formats = useFormats()
  if (props.files.length === 0) return null
  return (
    <ul className={styles.files} aria-label={t('attachments')}>
      {props.files.map(file => {
        const Icon = attachmentIcon(file.type, file.name)
        return (
          <li key={file.key} data-failed={file.failed || undefined}>
            <Icon size={18} stroke={1.5} aria-hidden />
            <span className={styles.fileName}>{file.name || t('unnamed')}</span>
            <span className={styles.fileSize}>
              {file.failed ? t('uploadFailed') : formats.size(file.size)}
            </span>
            {file.blobId === null && !file.failed && (
              <progress value={file.progress} max={1} aria-label={t('uploadingFile', { name: file.name })} />
            )}
            <button
              type="button"
              aria-label={t('removeFile', { name: file.name })}
              onClick={() => props.onRemove(file.key)}
            >
              <IconX size={15} aria-hidden />
            </button>
          </li>
        )
      })}
    </ul>
  )
}
