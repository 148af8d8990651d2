/** The frame of every page: language, colours, fonts. Who may see what is decided by each page, not here. */
import '@fontsource-variable/inter/wght.css'
import '../theme/tokens.css'
import '@mantine/core/styles.layer.css'
import { ColorSchemeScript } from '@mantine/core'
import type { Metadata, Viewport } from 'next'
import { headers } from 'next/headers'
import { NextIntlClientProvider } from 'next-intl'
import { getLocale, getTranslations } from 'next-intl/server'
import type { ReactNode } from 'react'
import { Look } from '../theme/look.tsx'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('common')
  return { title: t('product'), description: t('tagline'), robots: { index: false, follow: false } }
}

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f7f3ea' },
    { media: '(prefers-color-scheme: dark)', color: '#131615' },
  ],
}

export default async function RootLayout({ children }: { children: ReactNode }) {
  const nonce = (await headers()).get('x-nonce') ?? undefined
  return (
    // The colour scheme's attribute is set by the script below, before anything is painted.
    <html lang={await getLocale()} suppressHydrationWarning>
      <head>
        <ColorSchemeScript defaultColorScheme="auto" nonce={nonce} suppressHydrationWarning />
      </head>
      <body>
        <NextIntlClientProvider>
          <Look nonce={nonce}>{children}</Look>
        </NextIntlClientProvider>
      </body>
    </html>
  )
}
