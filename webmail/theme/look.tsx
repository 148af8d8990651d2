'use client'
/**
 * Mantine's provider with our theme; its styles carry the page's nonce. Only pages that use its components
 * stand in it: the webmail's first view does without.
 */
import '@mantine/core/styles.layer.css'
import { MantineProvider } from '@mantine/core'
import type { ReactNode } from 'react'
import { theme } from './theme.ts'

export function Look({ nonce, children }: { nonce: string | undefined; children: ReactNode }) {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={nonce ? () => nonce : undefined}>
      {children}
    </MantineProvider>
  )
}
