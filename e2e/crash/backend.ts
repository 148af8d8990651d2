/**
 * The mail server at the end of the line, which counts: every arrival of every message, and whether its bytes
 * are the ones that were sent (a checksum in its header). It never dies; it can be closed for a while, and one
 * of its recipients is often put off (450).
 */
import { createHash } from 'node:crypto'
import { SMTPServer } from 'smtp-server'
import { freePort } from '../ports.ts'

export type Arrival = { recipients: string[]; at: number; whole: boolean }
export type Backend = {
  port: number
  /** By Message-ID, without its brackets. */
  arrivals: Map<string, Arrival[]>
  open(): Promise<void>
  close(): Promise<void>
}

/** The bytes after the header, as they were sent. */
export const checksum = (body: string) => createHash('sha256').update(body, 'latin1').digest('hex')

export async function startBackend(putOff: (recipient: string) => boolean): Promise<Backend> {
  const port = await freePort()
  const arrivals: Backend['arrivals'] = new Map()
  let server: SMTPServer | undefined
  const backend: Backend = {
    port,
    arrivals,
    async open() {
      if (server) return
      const next = new SMTPServer({
        authOptional: true,
        disabledCommands: ['AUTH', 'STARTTLS'],
        disableReverseLookup: true,
        logger: false,
        closeTimeout: 200,
        onRcptTo({ address }, _session, done) {
          if (putOff(address))
            done(Object.assign(new Error('4.2.0 Greylisted, come back later'), { responseCode: 450 }))
          else done()
        },
        onData(stream, session, done) {
          const chunks: Buffer[] = []
          stream.on('data', (chunk: Buffer) => chunks.push(chunk))
          stream.on('end', () => {
            const text = Buffer.concat(chunks).toString('latin1')
            const end = text.indexOf('\r\n\r\n')
            const head = text.slice(0, end)
            const id = /^Message-ID: <([^>]+)>/im.exec(head)?.[1] ?? 'none'
            const whole = /^X-Sum: (\w+)/im.exec(head)?.[1] === checksum(text.slice(end + 4))
            const recipients = session.envelope.rcptTo.map(({ address }) => address)
            arrivals.set(id, [...(arrivals.get(id) ?? []), { recipients, at: Date.now(), whole }])
            done()
          })
        },
      })
      next.on('error', () => {})
      await new Promise<void>((resolve, reject) => {
        next.server.once('error', reject)
        next.listen(port, '127.0.0.1', resolve)
      })
      server = next
    },
    async close() {
      const last = server
      server = undefined
      if (last) await new Promise<void>(resolve => last.close(resolve))
    },
  }
  await backend.open()
  return backend
}
