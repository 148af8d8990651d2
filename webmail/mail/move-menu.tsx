'use client'
/** A button that offers the folders something can be moved to. */
import { IconFolderSymlink } from '@tabler/icons-react'
import { useTranslations } from 'next-intl'
import type { Folder } from '../jmap/types.ts'
import { folderIcon, useFolderName } from './folder-names.ts'
import { Menu, MenuGroup, MenuItem } from './menu.tsx'

export function MoveMenu(props: {
  folders: readonly Folder[]
  /** Where it lies already. */
  except: (folder: Folder) => boolean
  className: string | undefined
  /** By which the key finds it. */
  id?: string
  onMove: (folder: Folder, name: string) => void
}) {
  const t = useTranslations('message')
  const name = useFolderName()
  const targets = props.folders.filter(
    folder => !props.except(folder) && folder.role !== 'drafts' && folder.role !== 'sent',
  )
  return (
    <Menu
      label={t('move')}
      bare
      {...(props.id && { id: props.id })}
      className={props.className}
      side="below"
      items={
        <MenuGroup label={t('moveTo')}>
          {targets.map(folder => {
            const Icon = folderIcon(folder.role)
            return (
              <MenuItem
                key={folder.id}
                icon={<Icon size={18} stroke={1.6} aria-hidden />}
                onClick={() => props.onMove(folder, name(folder))}
              >
                {name(folder)}
              </MenuItem>
            )
          })}
        </MenuGroup>
      }
    >
      <IconFolderSymlink size={19} stroke={1.7} aria-hidden />
    </Menu>
  )
}
