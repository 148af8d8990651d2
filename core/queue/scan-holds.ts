/**
 * Deliveries that the scan holds back: spam in a Junk folder, an organization's quarantine, mail that has not
 * been scanned. They don't wait for a server: they count in no queue, no backend's return sets them free, and
 * an action on "all that waits" never reaches them. What sets them free stands in core/ingest (junk.ts, dispose.ts).
 *
 * Pure: pages use it too. The same rule in SQL stands in flow.ts.
 */
import type { HoldReason, ScanHold } from '../db/schema/delivery.ts'

export const SCAN_HOLDS = ['spam', 'quarantine', 'scan'] as const satisfies readonly ScanHold[]

export const isScanHold = (reason: HoldReason | null): reason is ScanHold =>
  reason !== null && (SCAN_HOLDS as readonly string[]).includes(reason)
