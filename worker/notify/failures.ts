/** Tells senders that their mail failed for good. */
import { counter } from '@restante/core/observe/metrics.ts'
import { wantsFailure } from './automatic.ts'
import { type About, type NoticeServices, spoolNotice, type Told } from './notice.ts'

export type Failure = Told
export type Failed = About

const notices = counter('notices_total', 'Notices to senders, by action and by what became of them.', [
  'action',
  'result',
])

/** @throws when the spool can't be written: the failure must not be settled without its notice */
export async function notifyFailures(
  services: NoticeServices,
  failed: Failed,
  failures: readonly Failure[],
  now: Date,
): Promise<void> {
  const told = failures.filter(failure => wantsFailure(failure.notify))
  const result = told.length === 0 ? 'unwanted' : await spoolNotice(services, 'failed', failed, told, now)
  countNotice('failed', result)
}

export function countNotice(
  action: 'failed' | 'delayed',
  result: 'spooled' | 'automatic' | 'unwanted' | 'known' | 'limited',
): void {
  notices.inc({ action, result })
}
