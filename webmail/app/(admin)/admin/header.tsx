'use client'
/** The bar above the admin pages: whose they are, the others, and the way back to the mail. */
import { IconArrowLeft } from '@tabler/icons-react'
import Link from 'next/link'
import { useTranslations } from 'next-intl'
import { Mark as Brand } from '../../../theme/mark.tsx'
import styles from './admin-page.module.css'

/** `organization` is null for an operator, who sees all. */
export type Viewer = { name: string; address: string; organization: string | null }

const PAGES = [
  { name: 'flow', href: '/admin', title: 'title' },
  { name: 'outgoing', href: '/admin/outgoing', title: 'outgoing.title' },
  { name: 'quarantine', href: '/admin/quarantine', title: 'quarantine.title' },
  { name: 'scanning', href: '/admin/scanning', title: 'scanning.title' },
  { name: 'plans', href: '/admin/plans', title: 'plans.title' },
  { name: 'telling', href: '/admin/telling', title: 'telling.title' },
  { name: 'people', href: '/admin/people', title: 'people.title' },
  { name: 'domains', href: '/admin/domains', title: 'domains.title' },
] as const

export type PageName = (typeof PAGES)[number]['name']

/** Not a <header>: dialogs bring one of their own, and a page may have one banner. */
export function Header({ viewer, here }: { viewer: Viewer; here: PageName }) {
  const t = useTranslations('admin')
  return (
    <nav className={styles.header} aria-label={t('title')}>
      <div className={styles.bar}>
        <span className={styles.brand}>
          <Brand size={26} />
          <span>Restante</span>
        </span>
        <span className={styles.whose}>{viewer.organization ?? t('allOrganizations')}</span>
        <span className={styles.pages}>
          {PAGES.map(({ name, href, title }) => (
            <Link key={name} href={href} aria-current={name === here ? 'page' : undefined}>
              {t(title)}
            </Link>
          ))}
        </span>
        <span className={styles.who} title={viewer.address}>
          {viewer.name || viewer.address}
        </span>
        <Link className={styles.toMail} href="/">
          <IconArrowLeft size={17} aria-hidden="true" />
          {t('toMail')}
        </Link>
      </div>
    </nav>
  )
}
