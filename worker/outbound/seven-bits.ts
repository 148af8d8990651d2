/**
 * Mail to the outside goes in seven bits where it can (core/mail/seven-bit.ts): before it is signed, so that no server
 * on the way breaks the signature by doing the same. Only what was announced as 8BITMIME is looked at.
 */
import { sevenBit } from '@restante/core/mail/seven-bit.ts'
import type { Mail } from '../smtp/transaction.ts'
import { wholeOf, withBytes } from './content.ts'

/** Larger ones go as they came, in bytes: all of it is in memory meanwhile. */
const LARGEST = 4 * 1024 * 1024

/** @throws when the content can't be read */
export async function inSevenBits(mail: Mail): Promise<Mail> {
  if (mail.envelope.body !== '8BITMIME' || mail.size > LARGEST) return mail
  const changed = sevenBit(await wholeOf(mail))
  return changed ? { ...withBytes(mail, changed), envelope: { ...mail.envelope, body: undefined } } : mail
}
