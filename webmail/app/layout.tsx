/** The frame of every page: language, colours, fonts. Who may see what is decided by each page, not here. */
import '@fontsource-variable/inter/wght.css'
import '../theme/tokens.css'
import type { Metadata, Viewport } from 'next'
import { headers } from 'next/headers'
import { NextIntlClientProvider } from 'next-intl'
import { getLocale, getMessages, getTranslations } from 'next-intl/server'
import type { ReactNode } from 'react'
import { withoutAdmin } from '../i18n/catalogue.ts'
import { schemeScript } from '../theme/scheme-script.ts'

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
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: a constant of ours, with the page's nonce */}
        <script nonce={nonce} dangerouslySetInnerHTML={{ __html: schemeScript }} suppressHydrationWarning />
      </head>
      <body>
        <NextIntlClientProvider messages={withoutAdmin(await getMessages())}>
          {children}
        </NextIntlClientProvider>
      </body>
    </html>
  )
}
