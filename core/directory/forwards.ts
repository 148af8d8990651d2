/**
 * Mailboxes whose mail goes to addresses outside besides: a person who left, a group with members elsewhere.
 *
 * What a message is sent on to stands in its envelope from its first moment, as its recipients do: whoever is added
 * later gets no mail of before, not even when all rows are made anew from the spool.
 */
import type { Executor } from '../db/connection.ts'
import type { Envelope, EnvelopeRecipient } from '../spool/types.ts'
import { DirectoryError } from './errors.ts'
import { findMailbox, requireAddress } from './mailboxes.ts'
import type { Directory } from './snapshot.ts'
import { change } from './transaction.ts'

/** Addresses of one mailbox at most: a message that becomes many is a newsletter. */
const MOST = 100

/**
 * Adds those that a message is sent on to. What the scan decided for a recipient counts for whom it is sent on to,
 * and so do their wishes about notices (RFC 3461 §5.2.7).
 */
export function withForwards(envelope: Envelope, directory: Directory): Envelope {
  if (!directory.forwards || envelope.backendOnly) return envelope
  if (envelope.kind !== 'inbound' && envelope.kind !== 'submission') return envelope
  const known = new Set(envelope.recipients.map(one => one.address.toLowerCase()))
  const added: EnvelopeRecipient[] = []
  for (const recipient of envelope.recipients) {
    if (recipient.forwarded || recipient.returned) continue
    const { unverified: _, ...wishes } = recipient
    for (const address of directory.forwardsOf(recipient.address)) {
      if (known.has(address)) continue
      known.add(address)
      added.push({ ...wishes, address, forwarded: recipient.address })
    }
  }
  return added.length === 0 ? envelope : { ...envelope, recipients: [...envelope.recipients, ...added] }
}

/**
 * @param addresses outside; all that the mailbox has from now on
 * @throws DirectoryError `bad-address`, `unknown-mailbox`, `forward-inside`, `too-many-forwards`
 */
export async function setForwards(
  db: Executor,
  mailbox: string,
  addresses: readonly string[],
): Promise<{ organizationId: string; address: string; forwards: string[] }> {
  return await change(db, async tx => {
    const found = await findMailbox(tx, mailbox)
    const wanted = addresses.map(text => requireAddress(text))
    const forwards = [...new Set(wanted.map(one => one.address))].sort()
    if (forwards.length > MOST)
      throw new DirectoryError(
        'too-many-forwards',
        `${found.address} can be sent on to ${MOST} addresses at most`,
      )
    const [ours] =
      wanted.length === 0
        ? []
        : await tx
            .selectFrom('domain')
            .select('name')
            .where(
              'name',
              'in',
              wanted.map(one => one.domain),
            )
            .execute()
    if (ours)
      throw new DirectoryError(
        'forward-inside',
        `${ours.name} is served here: give its mailbox an alias instead (mailbox add --alias)`,
      )
    await tx.deleteFrom('forward').where('mailbox_id', '=', found.id).execute()
    if (forwards.length > 0) {
      const rows = forwards.map(address => ({ mailbox_id: found.id, address }))
      await tx.insertInto('forward').values(rows).execute()
    }
    return { organizationId: found.organizationId, address: found.address, forwards }
  })
}
