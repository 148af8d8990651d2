/**
 * A small real SMTP server of the demo: the company's mail server, and the rest of the world.
 *
 * It can be stopped and started; stopped, its port refuses connections and those that are open break, as when
 * a machine is switched off. What it accepts it keeps as one .eml file each, synced before its 250.
 */
import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'

export type Received = { at: string; from: string; to: string[]; subject: string }

export type MailServerOptions = {
  name: string
  port: number
  folder: string
  /** Whether it has a mailbox for this address (lower case). */
  accepts: (address: string) => boolean
  onReceived: (received: Received) => void
}

export class MailServer {
  readonly port: number
  readonly received: Received[] = []
  readonly #options: MailServerOptions
  #server: SMTPServer | undefined
  #count = 0

  constructor(options: MailServerOptions) {
    this.#options = options
    this.port = options.port
  }

  get running(): boolean {
    return this.#server !== undefined
  }

  /** @throws Error when its port is taken */
  async start(): Promise<void> {
    if (this.#server) return
    await mkdir(this.#options.folder, { recursive: true })
    this.#count = (await readdir(this.#options.folder)).length
    const server = new SMTPServer({
      name: this.#options.name,
      banner: 'example mail server',
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      // No longer than the stop below takes.
      closeTimeout: 200,
      onRcptTo: (address, _session, done) => {
        const known = this.#options.accepts(address.address.toLowerCase())
        done(known ? null : Object.assign(new Error('5.1.1 no such mailbox here'), { responseCode: 550 }))
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = []
        stream.on('data', chunk => chunks.push(chunk))
        stream.on('error', done)
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope
          const from = mailFrom ? mailFrom.address : ''
          this.#keep(
            Buffer.concat(chunks),
            from,
            rcptTo.map(recipient => recipient.address),
          ).then(() => done(), done)
        })
      },
    })
    server.on('error', () => {})
    await new Promise<void>((resolve, reject) => {
      server.server.once('error', reject)
      server.listen(this.port, '127.0.0.1', () => resolve())
    })
    this.#server = server
  }

  async stop(): Promise<void> {
    const server = this.#server
    if (!server) return
    this.#server = undefined
    await new Promise<void>(resolve => server.close(() => resolve()))
  }

  async #keep(content: Buffer, from: string, to: string[]): Promise<void> {
    const number = ++this.#count
    const name = `${String(number).padStart(4, '0')}.eml`
    let file: FileHandle | undefined
    try {
      file = await open(join(this.#options.folder, name), 'w', 0o600)
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file?.close()
    }
    const received = { at: new Date().toISOString(), from, to, subject: subjectOf(content) }
    this.received.push(received)
    this.#options.onReceived(received)
  }
}

/** The subject as a person reads it: unfolded, encoded words decoded (RFC 2047). */
export function subjectOf(content: Buffer): string {
  const end = content.indexOf('\r\n\r\n')
  const headers = content.subarray(0, end === -1 ? content.length : end).toString('utf8')
  const raw = /^subject:[ \t]*((?:.*(?:\r\n[ \t].*)*))/im.exec(headers)?.[1] ?? ''
  return raw
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .replaceAll(/(=\?[^?]+\?[bq]\?[^?]*\?=)\s+(?==\?)/gi, '$1')
    .replaceAll(/=\?([^?]+)\?([bq])\?([^?]*)\?=/gi, (_, charset: string, kind: string, text: string) => {
      const bytes =
        kind.toLowerCase() === 'b'
          ? Buffer.from(text, 'base64')
          : Buffer.from(
              text
                .replaceAll('_', ' ')
                .replaceAll(/=([0-9a-f]{2})/gi, (__, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
              'latin1',
            )
      return new TextDecoder(charset).decode(bytes)
    })
    .trim()
}
