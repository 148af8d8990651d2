/** Sends the example letters over real SMTP to the relay, as strangers' mail servers would. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createTransport } from 'nodemailer'
import { domain } from './cast.ts'
import type { Letter } from './letters.ts'

/** The relay learns of new addresses within a moment; so long it may answer that there is no such address, in ms. */
const LEARNING = 20_000

/** @throws Error when a letter was not accepted */
export async function post(port: number, letters: readonly Letter[]): Promise<void> {
  const transport = createTransport({
    host: '127.0.0.1',
    port,
    name: 'outside.example',
    // The demo's certificate is self-signed.
    tls: { rejectUnauthorized: false },
  })
  const deadline = Date.now() + LEARNING
  try {
    for (const letter of letters) {
      for (;;) {
        try {
          await transport.sendMail({ ...letter, envelope: envelopeOf(letter) })
          break
        } catch (error) {
          if (Date.now() > deadline) throw error
          await sleep(250)
        }
      }
    }
  } finally {
    transport.close()
  }
}

/** What a sender's mail server would say to this company's MX: recipients elsewhere go elsewhere. */
export function envelopeOf(letter: Letter): { from: string; to: string[] } {
  const addresses = (text: string) => text.match(/[^\s<>,"]+@[^\s<>,"]+/g) ?? []
  const [from = ''] = addresses(letter.from)
  const to = addresses(`${letter.to}, ${letter.cc ?? ''}`).filter(address => address.endsWith(`@${domain}`))
  return { from, to }
}
