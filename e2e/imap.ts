/**
 * Looks into a real backend by IMAP: what is in a mailbox, in which order it came, byte for byte.
 */
import { ImapFlow } from 'imapflow'
import { DOVECOT_PASSWORD } from './servers/dovecot.ts'

export type Seen = {
  uid: number
  subject: string
  messageId: string
  /** The whole message as the server gives it out. */
  source: Buffer
}

/** @returns the messages of one folder in the order in which they arrived (by UID); none when it is empty */
export async function readMailbox(port: number, user: string, folder = 'INBOX'): Promise<Seen[]> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port,
    secure: false,
    auth: { user, pass: DOVECOT_PASSWORD },
    logger: false,
  })
  // An error after the answer (the server is being stopped) is of no interest here.
  client.on('error', () => {})
  await client.connect()
  try {
    const box = await client.mailboxOpen(folder, { readOnly: true })
    if (!box.exists) return []
    const seen: Seen[] = []
    for await (const message of client.fetch('1:*', { uid: true, envelope: true, source: true })) {
      seen.push({
        uid: message.uid,
        subject: message.envelope?.subject ?? '',
        messageId: message.envelope?.messageId ?? '',
        source: message.source ?? Buffer.alloc(0),
      })
    }
    return seen.sort((a, b) => a.uid - b.uid)
  } finally {
    await client.logout().catch(() => {})
  }
}
