/**
 * Who must not get a notice: RFC 5321 §4.5.5 (the null sender), RFC 3461 §4.1 (NOTIFY), RFC 3834 §2 and
 * practice (mail that no person wrote). A notice to a machine is noise at best and a loop at worst. Pure.
 */

export type Header = { name: string; value: string }

/** Local parts that are machines (RFC 3834 §2; RFC 2142 names some more). */
const MACHINE =
  /^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|owner-.*|.*-(?:request|owner|bounces?)|bounces?[-+=].*|listserv|majordomo)$/i

/** @returns why there is to be no notice, or null */
export function whyNoNotice(sender: string, headers: readonly Header[]): string | null {
  if (sender === '') return 'null sender'
  const local = sender.slice(0, sender.lastIndexOf('@'))
  if (MACHINE.test(local)) return 'the sender is a machine'
  const value = (name: string) =>
    headers
      .find(h => h.name.toLowerCase() === name)
      ?.value.trim()
      .toLowerCase()
  const automatic = value('auto-submitted')
  if (automatic !== undefined && !automatic.startsWith('no')) return 'Auto-Submitted'
  if (/^(?:bulk|junk|list)\b/.test(value('precedence') ?? '')) return 'Precedence'
  if (headers.some(h => /^list-(?:id|help|unsubscribe|subscribe|post|owner|archive)$/i.test(h.name))) {
    return 'mailing list'
  }
  if (/\b(?:all|dr|autoreply)\b/.test(value('x-auto-response-suppress') ?? ''))
    return 'X-Auto-Response-Suppress'
  if (value('x-loop') !== undefined) return 'X-Loop'
  return null
}

/** Whether the sender wants to hear of a failure for this recipient. No NOTIFY means yes. */
export const wantsFailure = (notify: string | null): boolean => wants(notify, 'FAILURE')
/** The same for a delay. */
export const wantsDelay = (notify: string | null): boolean => wants(notify, 'DELAY')

function wants(notify: string | null, what: string): boolean {
  if (!notify) return true
  return notify
    .toUpperCase()
    .split(',')
    .some(word => word.trim() === what)
}
