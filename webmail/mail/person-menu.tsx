'use client'
/** The reader's own menu: language, colours, keys, the admin pages for admins, and the way out. */
import {
  IconBellRinging,
  IconDeviceDesktop,
  IconDeviceMobile,
  IconFilter,
  IconKeyboard,
  IconLock,
  IconLogout,
  IconMoon,
  IconPencil,
  IconSelector,
  IconServer2,
  IconSettings,
  IconSun,
} from '@tabler/icons-react'
import { useLocale, useTranslations } from 'next-intl'
import { startTransition } from 'react'
import { signOut } from '../auth/sign-in.ts'
import { chooseLocale } from '../i18n/choose.ts'
import { localeNames, locales } from '../i18n/locale.ts'
import { useScheme } from '../theme/scheme.ts'
import { Avatar } from './avatar.tsx'
import styles from './folders.module.css'
import { Menu, MenuGroup, MenuItem } from './menu.tsx'
import { useViewer } from './viewer.tsx'

const SCHEMES = [
  ['light', IconSun],
  ['dark', IconMoon],
  ['auto', IconDeviceDesktop],
] as const

export function PersonMenu({ onHelp }: { onHelp: () => void }) {
  const t = useTranslations('personMenu')
  const viewer = useViewer()
  const locale = useLocale()
  const [chosen, setScheme] = useScheme()
  return (
    <Menu
      label={t('title')}
      className={styles.person}
      side="above"
      items={
        <>
          {viewer.mayAdminister && (
            <MenuItem href="/admin" icon={<IconSettings size={18} stroke={1.6} aria-hidden />}>
              {t('admin')}
            </MenuItem>
          )}
          <MenuItem href="/setup" icon={<IconDeviceMobile size={18} stroke={1.6} aria-hidden />}>
            {t('setup')}
          </MenuItem>
          <MenuItem href="/contact" icon={<IconBellRinging size={18} stroke={1.6} aria-hidden />}>
            {t('contact')}
          </MenuItem>
          <MenuItem href="/writing" icon={<IconPencil size={18} stroke={1.6} aria-hidden />}>
            {t('writing')}
          </MenuItem>
          <MenuItem href="/filter" icon={<IconFilter size={18} stroke={1.6} aria-hidden />}>
            {t('filter')}
          </MenuItem>
          <MenuItem href="/own-server" icon={<IconServer2 size={18} stroke={1.6} aria-hidden />}>
            {t('ownServer')}
          </MenuItem>
          <MenuItem href="/account/security" icon={<IconLock size={18} stroke={1.6} aria-hidden />}>
            {t('security')}
          </MenuItem>
          <MenuGroup label={t('language')}>
            {locales.map(one => (
              <MenuItem key={one} lang={one} checked={one === locale} onClick={() => choose(one)}>
                {localeNames[one]}
              </MenuItem>
            ))}
          </MenuGroup>
          <MenuGroup label={t('colours')}>
            {SCHEMES.map(([scheme, Icon]) => (
              <MenuItem
                key={scheme}
                icon={<Icon size={18} stroke={1.6} aria-hidden />}
                checked={scheme === chosen}
                onClick={() => setScheme(scheme)}
              >
                {t(scheme)}
              </MenuItem>
            ))}
          </MenuGroup>
          <MenuItem icon={<IconKeyboard size={18} stroke={1.6} aria-hidden />} onClick={onHelp}>
            {t('keys')}
          </MenuItem>
          <MenuItem
            icon={<IconLogout size={18} stroke={1.6} aria-hidden />}
            onClick={() => startTransition(() => signOut())}
          >
            {t('signOut')}
          </MenuItem>
        </>
      }
    >
      <Avatar person={{ name: viewer.name || null, email: viewer.address }} size={32} />
      <span className={styles.who}>
        {viewer.name && <span>{viewer.name}</span>}
        <span className={styles.address}>{viewer.address}</span>
      </span>
      <span className="unseen">{t('title')}</span>
      <IconSelector size={16} aria-hidden />
    </Menu>
  )
}

function choose(locale: string): void {
  const form = new FormData()
  form.set('locale', locale)
  startTransition(() => chooseLocale(form))
}
