/**
 * A mail server on loopback that does as it is told: answers each command by a script, may hang up, hang or
 * talk nonsense at any point, and keeps what it accepted, byte for byte. For faults that a well-made server
 * does not have.
 */

import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'

/** What to do instead of the ordinary answer. A string is sent as it is (CRLF is added). */
export type Answer = string | 'drop' | 'hang' | undefined

export type Session = { number: number; sender: string; recipients: string[] }

export type Script = {
  lmtp?: boolean
  /** EHLO keywords. */
  extensions?: string[]
  greeting?: () => Answer
  /** For each command line; undefined: the ordinary answer. */
  command?: (line: string, session: Session) => Answer
  /** After the final dot; with LMTP called for each accepted recipient. */
  final?: (recipient: string, session: Session, content: Buffer) => Answer
}

export type Received = { sender: string; recipients: string[]; content: Buffer; at: number }

export type Scripted = {
  port: number
  /** Replace it to change the behaviour of what follows. */
  script: Script
  received: Received[]
  commands: string[]
  /** Connections so far. */
  sessions: number
  /** Hangs up on everybody, and goes on listening. */
  hangUp(): void
  /** Stops listening and hangs up. */
  stop(): Promise<void>
  /** Listens again on the same port. */
  start(): Promise<void>
}

export async function scriptedServer(script: Script = {}): Promise<Scripted> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    serve(socket, self)
  })
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => resolve())
    })
  await listen(0)
  const self: Scripted = {
    port: (server.address() as AddressInfo).port,
    script,
    received: [],
    commands: [],
    sessions: 0,
    hangUp() {
      for (const socket of sockets) socket.destroy()
    },
    async stop() {
      if (!server.listening) return
      const closed = new Promise(resolve => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
    start: () => listen(self.port),
  }
  return self
}

function serve(socket: Socket, server: Scripted): void {
  const session: Session = { number: ++server.sessions, sender: '', recipients: [] }
  let pending = Buffer.alloc(0)
  let content: Buffer[] | null = null
  let ended = false

  /** @returns false when nothing more may be said */
  function say(answer: Answer, ordinary: string): boolean {
    if (answer === 'drop') {
      ended = true
      socket.destroy()
      return false
    }
    if (answer === 'hang') {
      ended = true
      return false
    }
    socket.write(`${answer ?? ordinary}\r\n`)
    return true
  }

  function accepted(answer: Answer): boolean {
    return answer === undefined || answer.startsWith('2')
  }

  function finish(): void {
    const bytes = unstuff(Buffer.concat(content ?? []))
    content = null
    const targets = server.script.lmtp ? [...session.recipients] : ['']
    const good: string[] = []
    for (const recipient of targets) {
      const answer = server.script.final?.(recipient, session, bytes)
      if (accepted(answer)) good.push(...(server.script.lmtp ? [recipient] : session.recipients))
      if (!say(answer, '250 2.0.0 taken')) break
    }
    if (good.length > 0) {
      server.received.push({ sender: session.sender, recipients: good, content: bytes, at: Date.now() })
    }
    session.recipients = []
  }

  function line(text: string): void {
    server.commands.push(text)
    const verb = text.split(/[ :]/)[0]?.toUpperCase() ?? ''
    const answer = server.script.command?.(text, session)
    switch (verb) {
      case 'EHLO':
      case 'LHLO': {
        const lines = ['scripted.test', ...(server.script.extensions ?? ['8BITMIME', 'PIPELINING'])]
        say(answer, lines.map((l, i) => `250${i === lines.length - 1 ? ' ' : '-'}${l}`).join('\r\n'))
        break
      }
      case 'MAIL':
        if (accepted(answer)) {
          session.sender = /<(.*?)>/.exec(text)?.[1] ?? ''
          session.recipients = []
        }
        say(answer, '250 2.1.0 ok')
        break
      case 'RCPT':
        if (accepted(answer)) session.recipients.push(/<(.*?)>/.exec(text)?.[1] ?? '')
        say(answer, '250 2.1.5 ok')
        break
      case 'DATA':
        if (session.recipients.length === 0) say(answer, '503 5.5.1 no recipients')
        else if (say(answer, '354 go on') && (answer === undefined || answer.startsWith('3'))) content = []
        break
      case 'RSET':
        session.recipients = []
        say(answer, '250 2.0.0 ok')
        break
      case 'QUIT':
        if (say(answer, '221 2.0.0 bye')) socket.end()
        break
      default:
        say(answer, '502 5.5.1 what?')
    }
  }

  say(server.script.greeting?.(), '220 scripted.test ready')
  socket.on('data', chunk => {
    pending = Buffer.concat([pending, chunk])
    for (;;) {
      if (ended) return
      if (content) {
        // The end is a dot on a line of its own; the line before it belongs to the content.
        const buffered = Buffer.concat([...content, pending])
        const empty = buffered.subarray(0, 3).toString('latin1') === '.\r\n'
        const end = empty ? -2 : buffered.indexOf('\r\n.\r\n')
        if (end === -1) {
          content = [buffered]
          pending = Buffer.alloc(0)
          return
        }
        const length = end + 2
        content = [buffered.subarray(0, length)]
        pending = buffered.subarray(length + 3)
        finish()
        continue
      }
      const at = pending.indexOf('\r\n')
      if (at < 0) return
      const text = pending.subarray(0, at).toString('utf8')
      pending = pending.subarray(at + 2)
      line(text)
    }
  })
}

/** RFC 5321 §4.5.2 */
function unstuff(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(/(^|\r\n)\./g, '$1'), 'latin1')
}
