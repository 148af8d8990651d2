/**
 * Somebody else's mail server: takes mail over SMTP (or LMTP) and keeps every byte of it in memory.
 *
 * Stands for the outside world behind a smarthost, and for a backend that must show exactly what arrived.
 * What it kept counts only after its 250 went out, as on a real server; `refuse` gives single recipients
 * an answer of their own.
 */
import { SMTPServer } from 'smtp-server'
import { freePort } from '../ports.ts'

export type Kept = { from: string; to: string[]; content: Buffer; at: number; secure: boolean }

export type Sink = {
  port: number
  kept: Kept[]
  /** Messages whose envelope or header names this subject. */
  withSubject(subject: string): Kept[]
  /** From now on this recipient is answered so, e.g. `550 5.1.1 nobody here`; null takes it back. */
  refuse(address: string, reply: string | null): void
  start(): Promise<void>
  stop(): Promise<void>
}

export async function startSink(
  options: { lmtp?: boolean; port?: number; host?: string } = {},
): Promise<Sink> {
  const port = options.port ?? (await freePort())
  const kept: Kept[] = []
  const refusals = new Map<string, string>()
  let server: SMTPServer | undefined

  const sink: Sink = {
    port,
    kept,
    withSubject: subject => kept.filter(({ content }) => headerOf(content, 'Subject') === subject),
    refuse(address, reply) {
      if (reply === null) refusals.delete(address)
      else refusals.set(address, reply)
    },
    async start() {
      if (server) return
      const next = new SMTPServer({
        lmtp: options.lmtp ?? false,
        authOptional: true,
        disabledCommands: ['AUTH'],
        disableReverseLookup: true,
        logger: false,
        closeTimeout: 200,
        onRcptTo(address, _session, callback) {
          const reply = refusals.get(address.address)
          if (!reply) return callback()
          const code = Number(reply.slice(0, 3))
          callback(Object.assign(new Error(reply.slice(4)), { responseCode: code }))
        },
        onData(stream, session, callback) {
          const chunks: Buffer[] = []
          stream.on('data', (chunk: Buffer) => chunks.push(chunk))
          stream.on('end', () => {
            const from = session.envelope.mailFrom
            kept.push({
              from: from ? from.address : '',
              to: session.envelope.rcptTo.map(({ address }) => address),
              content: Buffer.concat(chunks),
              at: Date.now(),
              secure: session.secure,
            })
            callback()
          })
        },
      })
      // A peer that goes away in the middle is everyday business.
      next.on('error', () => {})
      await new Promise<void>((resolve, reject) => {
        next.server.once('error', reject)
        next.listen(port, options.host ?? '127.0.0.1', resolve)
      })
      server = next
    },
    async stop() {
      const last = server
      server = undefined
      if (last) await new Promise<void>(resolve => last.close(resolve))
    },
  }
  await sink.start()
  return sink
}

/** The first header field of that name, unfolded; empty when there is none. */
export function headerOf(content: Buffer, name: string): string {
  const text = content.toString('latin1')
  const end = text.search(/\r?\n\r?\n/)
  const head = (end < 0 ? text : text.slice(0, end)).replace(/\r?\n[ \t]+/g, ' ')
  const wanted = `${name.toLowerCase()}:`
  const line = head.split(/\r?\n/).find(l => l.toLowerCase().startsWith(wanted))
  return line ? line.slice(wanted.length).trim() : ''
}
