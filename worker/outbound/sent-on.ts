/**
 * Mail that is sent on to the outside (core/directory/forwards.ts): its envelope's sender becomes one of our domain, so
 * that SPF holds and bounces find their way back; Delivered-To says whose mail it was, and ends it when it comes
 * round again.
 */
import { domainOf } from '@restante/core/directory/addresses.ts'
import { rewriteSender } from '@restante/core/directory/rewriting.ts'
import type { Directory } from '@restante/core/directory/snapshot.ts'
import { ourOutcome } from '@restante/core/outcome/classify.ts'
import type { Outcome } from '@restante/core/outcome/types.ts'
import type { Begun } from '@restante/core/queue/attempts.ts'
import type { Mail } from '../smtp/transaction.ts'
import { headerOf, withFields } from './content.ts'

/**
 * @param key of core/directory/rewriting.ts
 * @returns the mail as it goes out, or why it does not
 * @throws when the content can't be read
 */
export async function sentOn(
  mail: Mail,
  begun: Pick<Begun, 'message' | 'organizationId'>,
  { directory, key, now }: { directory: Directory; key: Buffer; now: Date },
): Promise<Mail | Outcome> {
  const addresses = new Set(mail.recipients.map(one => one.address))
  const of = begun.message.envelope.recipients?.find(one => one.forwarded && addresses.has(one.address))
  const ours = of?.forwarded
  if (ours === undefined) return mail
  const before = (await headerOf(mail)).matchAll(/^delivered-to:[ \t]*<?([^\s<>]+)>?[ \t]*$/gim)
  if ([...before].some(([, address]) => address?.toLowerCase() === ours.toLowerCase())) {
    const text = `it was sent on by ${ours} before (Delivered-To)`
    return { ...ourOutcome('loop', true, text), enhanced: '5.4.6' }
  }
  const ourOwn = directory.organizationOf(domainOf(mail.sender)) === begun.organizationId
  const sender = ourOwn ? mail.sender : rewriteSender(mail.sender, domainOf(ours), key, now)
  return withFields({ ...mail, sender }, Buffer.from(`Delivered-To: ${ours}\r\n`))
}
