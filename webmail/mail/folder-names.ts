'use client'
/** Folders by the name people know: those with a role in the reader's language, others as they are called. */
import {
  IconAlertOctagon,
  IconArchive,
  IconFileText,
  IconFolder,
  IconInbox,
  IconSend,
  IconTrash,
} from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import type { Folder, FolderRole } from '../jmap/types.ts'

export function useFolderName(): (folder: Pick<Folder, 'role' | 'name'>) => string {
  const t = useTranslations('folders')
  return folder => (folder.role && folder.role in icons ? t(folder.role) : folder.name)
}

const icons = {
  inbox: IconInbox,
  drafts: IconFileText,
  sent: IconSend,
  archive: IconArchive,
  junk: IconAlertOctagon,
  trash: IconTrash,
} satisfies Record<FolderRole, typeof IconInbox>

export function folderIcon(role: FolderRole | null): typeof IconInbox {
  return (role && icons[role]) || IconFolder
}
