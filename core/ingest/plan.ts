/**
 * What becomes of an accepted message, as plain data: which deliveries it makes and in which mailboxes it
 * appears. Pure.
 *
 * Nothing is ever left out: an address whose domain vanished from the directory since its mail was accepted
 * makes a delivery that an admin has to decide about.
 */

import type { FolderRole } from '../db/schema/mail.ts'
import { domainOf } from '../directory/addresses.ts'
import type { LocalRoute, Route } from '../directory/snapshot.ts'
import type { Disposition, Envelope, EnvelopeRecipient } from '../spool/types.ts'

export type Router = { route(address: string): Route }

export type PlannedDelivery = {
  /** null: to the outside. */
  backendId: string | null
  organizationId: string | null
  /** The domain of its first recipient. */
  destination: string
  /** Nobody knows where it goes any more: an admin decides. */
  orphaned: boolean
  /** What the scan decided for its recipients: it waits until somebody releases it, or it has been scanned. */
  disposition?: Disposition
  recipients: EnvelopeRecipient[]
}

export type PlannedEmail = {
  mailboxId: string
  /** The sender's own. */
  copy: boolean
  role: FolderRole
  keywords: string[]
  /** Given when somebody already knows it by this id. */
  emailId?: string
  /** The recipients that led here. */
  addresses: string[]
}

export type Plan = {
  /** null when several organizations have part in it, or none. */
  organizationId: string | null
  deliveries: PlannedDelivery[]
  emails: PlannedEmail[]
}

export function planMessage(envelope: Envelope, directory: Router): Plan {
  const deliveries = new Map<string, PlannedDelivery>()
  const emails = new Map<string, PlannedEmail>()
  const organizations = new Set<string>()
  const sender = envelope.sender ? directory.route(envelope.sender) : undefined
  const senderOrganization =
    envelope.kind === 'notice'
      ? (envelope.organizationId ?? null)
      : envelope.kind === 'submission' && sender?.type === 'local'
        ? sender.organizationId
        : null
  if (senderOrganization) organizations.add(senderOrganization)

  for (const recipient of envelope.kind === 'stored' ? [] : distinct(envelope.recipients)) {
    const local = localRoute(recipient.address, directory)
    const outside = domainOf(recipient.address) || 'invalid'
    const { disposition } = recipient
    // Sent on to the outside, or on the way back: for the organization whose address it came to.
    const via = recipient.forwarded ?? recipient.returned
    const through = !local && via ? localRoute(via, directory) : null
    const orphaned = !local && !through && envelope.kind === 'inbound'
    const way = local ? `backend ${local.backendId}` : `outside ${outside} ${through ? via : ''}`
    const key = `${way} ${disposition ?? ''}`
    const delivery = deliveries.get(key) ?? {
      backendId: local?.backendId ?? null,
      organizationId: (local ?? through)?.organizationId ?? senderOrganization,
      destination: local?.domain ?? outside,
      orphaned,
      ...(disposition && { disposition }),
      recipients: [],
    }
    deliveries.set(key, delivery)
    delivery.recipients.push(recipient)
    if (!local) continue
    organizations.add(local.organizationId)
    if (envelope.backendOnly) continue
    if (disposition && disposition !== 'junk') continue
    for (const mailboxId of local.mailboxIds) {
      const email = emails.get(mailboxId) ?? {
        mailboxId,
        copy: false,
        role: disposition ?? 'inbox',
        keywords: [],
        addresses: [],
      }
      emails.set(mailboxId, email)
      // Wanted by one way in, it is not spam for this mailbox.
      if (!disposition) email.role = 'inbox'
      email.addresses.push(recipient.address)
    }
  }
  const list = [...emails.values()]
  if (envelope.copy) {
    const { mailboxId, role, keywords, emailId } = envelope.copy
    list.push({ mailboxId, copy: true, role, keywords: [...new Set(keywords)], emailId, addresses: [] })
  }
  return {
    organizationId: organizations.size === 1 ? [...organizations][0]! : null,
    deliveries: [...deliveries.values()],
    emails: list,
  }
}

/**
 * The same at a time. What is to go out later (`sendAt`) shows in its sender's mailbox alone until then; after, it is
 * planned as if it had come at that time, and the draft becomes the copy of what was sent.
 */
export function planAt(
  envelope: Envelope,
  directory: Router,
  now: Date,
): { envelope: Envelope; plan: Plan; pending: boolean } {
  if (!envelope.sendAt) return { envelope, plan: planMessage(envelope, directory), pending: false }
  if (Date.parse(envelope.sendAt) > now.getTime()) {
    const plan = planMessage({ ...envelope, recipients: [] }, directory)
    return { envelope, plan, pending: true }
  }
  const due = {
    ...envelope,
    receivedAt: envelope.sendAt,
    ...(envelope.copy && { copy: sent(envelope.copy) }),
  }
  return { envelope: due, plan: planMessage(due, directory), pending: false }
}

function sent(copy: NonNullable<Envelope['copy']>): NonNullable<Envelope['copy']> {
  if (copy.role !== 'drafts') return copy
  return { ...copy, role: 'sent', keywords: copy.keywords.filter(keyword => keyword !== '$draft') }
}

/**
 * Accepted, but its mailbox is gone since: the backend still gets it, and may know the address or refuse it,
 * which tells the sender.
 */
function localRoute(address: string, directory: Router): LocalRoute | null {
  const route = directory.route(address)
  switch (route.type) {
    case 'local':
      return route
    case 'unknown-recipient': {
      const postmaster = directory.route(`postmaster@${route.domain}`)
      return postmaster.type === 'local' ? { ...postmaster, address, mailboxIds: [] } : null
    }
    case 'unknown-domain':
      return null
    default:
      return route satisfies never
  }
}

function distinct(recipients: readonly EnvelopeRecipient[]): EnvelopeRecipient[] {
  return [...new Map(recipients.map(recipient => [recipient.address, recipient])).values()]
}
