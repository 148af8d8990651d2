'use client'
/** The reader's own menu: language, colours, keys, the admin pages for admins, and the way out. */
import { Menu, useMantineColorScheme } from '@mantine/core'
import {
  IconCheck,
  IconDeviceDesktop,
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconSelector,
  IconSettings,
  IconSun,
} from '@tabler/icons-react'
import { useLocale, useTranslations } from 'next-intl'
import { startTransition } from 'react'
import { signOut } from '../auth/sign-in.ts'
import { chooseLocale } from '../i18n/choose.ts'
import { localeNames, locales } from '../i18n/locale.ts'
import { Avatar } from './avatar.tsx'
import styles from './folders.module.css'
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
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const check = (on: boolean) => (on ? <IconCheck size={16} aria-hidden /> : null)
  return (
    <Menu position="top-start" width={264} shadow="md" radius={8} transitionProps={{ duration: 100 }}>
      <Menu.Target>
        <button type="button" className={styles.person} aria-label={t('open', { address: viewer.address })}>
          <Avatar person={{ name: viewer.name || null, email: viewer.address }} size={32} />
          <span className={styles.who}>
            {viewer.name && <span>{viewer.name}</span>}
            <span className={styles.address}>{viewer.address}</span>
          </span>
          <IconSelector size={16} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {viewer.mayAdminister && (
          <>
            <Menu.Item
              component="a"
              href="/admin"
              leftSection={<IconSettings size={18} stroke={1.6} aria-hidden />}
            >
              {t('admin')}
            </Menu.Item>
            <Menu.Divider />
          </>
        )}
        <Menu.Label>{t('language')}</Menu.Label>
        {locales.map(one => (
          <Menu.Item
            key={one}
            lang={one}
            rightSection={check(one === locale)}
            aria-current={one === locale ? 'true' : undefined}
            onClick={() => {
              const form = new FormData()
              form.set('locale', one)
              startTransition(() => chooseLocale(form))
            }}
          >
            {localeNames[one]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Label>{t('colours')}</Menu.Label>
        {SCHEMES.map(([scheme, Icon]) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon size={18} stroke={1.6} aria-hidden />}
            rightSection={check(scheme === colorScheme)}
            aria-current={scheme === colorScheme ? 'true' : undefined}
            onClick={() => setColorScheme(scheme)}
          >
            {t(scheme)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconKeyboard size={18} stroke={1.6} aria-hidden />} onClick={onHelp}>
          {t('keys')}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconLogout size={18} stroke={1.6} aria-hidden />}
          onClick={() => startTransition(() => signOut())}
        >
          {t('signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
