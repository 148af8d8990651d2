'use client'
/**
 * The quarantine in the browser: three lists (the quarantine, spam in Junk folders, what waits to be scanned),
 * filtered by words and by what was found, actions on many, and one message with all that was found in a drawer.
 * Where somebody is stands in the address (place.ts).
 */
import page from '../admin-page.module.css'
import { Frame } from '../frame.tsx'
import type { Viewer } from '../header.tsx'
import { Quarantine } from './quarantine.tsx'

export function QuarantinePage({ viewer }: { viewer: Viewer }) {
  return (
    <Frame viewer={viewer} page="quarantine">
      <main className={page.main}>
        <Quarantine />
      </main>
    </Frame>
  )
}
