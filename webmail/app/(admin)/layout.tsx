/** The frame of the admin pages: Mantine's components, and the words that only they need. Each page decides itself who may see it. */
import { headers } from 'next/headers'
import { NextIntlClientProvider } from 'next-intl'
import type { ReactNode } from 'react'
import { Look } from '../../theme/look.tsx'

export default async function AdminLayout({ children }: { children: ReactNode }) {
  return (
    <NextIntlClientProvider>
      <Look nonce={(await headers()).get('x-nonce') ?? undefined}>{children}</Look>
    </NextIntlClientProvider>
  )
}
