/**
 * A plain SMTP client that sends exactly the bytes it is given (RFC 5321), and a load generator that keeps
 * count of what was promised.
 *
 * nodemailer mends what it sends (line ends, encodings); here nothing but the dot is stuffed, so that what
 * comes out at the other end can be compared byte for byte.
 */
import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'

export type Reply = { code: number; text: string }

export class SmtpClient {
  readonly socket: Socket
  #buffer = ''
  #lines: string[] = []
  #waiting: { resolve(reply: Reply): void; reject(error: Error): void } | undefined
  #dead: Error | undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.setTimeout(60_000, () => socket.destroy(new Error('the SMTP server is silent')))
    socket.on('data', (chunk: string) => this.#take(chunk))
    socket.on('error', error => this.#end(error))
    socket.on('close', () => this.#end(new Error('the SMTP server closed the connection')))
  }

  /** Connects, reads the greeting and says EHLO. */
  static async open(port: number, helo = 'client.example.org'): Promise<SmtpClient> {
    const client = new SmtpClient(connect({ port, host: '127.0.0.1' }))
    const greeting = await client.reply()
    if (greeting.code !== 220) throw new Error(`greeting: ${greeting.code} ${greeting.text}`)
    await client.command(`EHLO ${helo}`)
    return client
  }

  async command(line: string): Promise<Reply> {
    const answer = this.reply()
    this.socket.write(`${line}\r\n`)
    return answer
  }

  reply(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#dead) return reject(this.#dead)
      this.#waiting = { resolve, reject }
      this.#take('')
    })
  }

  /** One message. @returns the reply to the end of data, or the first refusal (also of a recipient) */
  async send(from: string, to: string[], content: Buffer | string): Promise<Reply> {
    const mail = await this.command(`MAIL FROM:<${from}>`)
    if (mail.code !== 250) return this.#refused(mail)
    for (const address of to) {
      const recipient = await this.command(`RCPT TO:<${address}>`)
      if (recipient.code !== 250) return this.#refused(recipient)
    }
    const data = await this.command('DATA')
    if (data.code !== 354) return this.#refused(data)
    const answer = this.reply()
    this.socket.write(stuff(Buffer.from(content as string)))
    return answer
  }

  quit(): void {
    this.socket.removeAllListeners('timeout')
    this.socket.end('QUIT\r\n')
    this.socket.setTimeout(1_000, () => this.socket.destroy())
  }

  async #refused(reply: Reply): Promise<Reply> {
    await this.command('RSET').catch(() => {})
    return reply
  }

  #take(chunk: string): void {
    this.#buffer += chunk
    for (let end = this.#buffer.indexOf('\r\n'); end >= 0; end = this.#buffer.indexOf('\r\n')) {
      this.#lines.push(this.#buffer.slice(0, end))
      this.#buffer = this.#buffer.slice(end + 2)
    }
    const last = this.#lines.findIndex(line => /^\d{3}(?: |$)/.test(line))
    if (last < 0 || !this.#waiting) return
    const lines = this.#lines.splice(0, last + 1)
    const { resolve } = this.#waiting
    this.#waiting = undefined
    resolve({ code: Number(lines.at(-1)?.slice(0, 3)), text: lines.map(line => line.slice(4)).join('\n') })
  }

  #end(error: Error): void {
    this.#dead ??= error
    this.#waiting?.reject(this.#dead)
    this.#waiting = undefined
  }
}

/** RFC 5321 §4.5.2: a dot at the begin of a line is doubled; the end of data is added. */
export function stuff(content: Buffer): Buffer {
  const text = content.toString('latin1')
  const stuffed = (text.startsWith('.') ? `.${text}` : text).replace(/\r\n\./g, '\r\n..')
  return Buffer.from(`${stuffed}${stuffed.endsWith('\r\n') ? '' : '\r\n'}.\r\n`, 'latin1')
}

/** Sends one message over a connection of its own. */
export async function sendMail(
  port: number,
  mail: { from: string; to: string | string[]; content: Buffer | string },
): Promise<Reply> {
  const client = await SmtpClient.open(port)
  try {
    return await client.send(mail.from, [mail.to].flat(), mail.content)
  } finally {
    client.quit()
  }
}

/** A plain message with a Message-ID of its own. */
export function plainMessage(mail: {
  from: string
  to: string
  subject: string
  text?: string
  headers?: string[]
}): { id: string; content: string } {
  const id = `<${randomUUID()}@test.example.org>`
  const lines = [
    `From: ${mail.from}`,
    `To: ${mail.to}`,
    `Subject: ${mail.subject}`,
    `Message-ID: ${id}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    ...(mail.headers ?? []),
    '',
    mail.text ?? `This is ${mail.subject}.`,
  ]
  return { id, content: `${lines.join('\r\n')}\r\n` }
}

export type Load = {
  /** Message-IDs that got 250: the promise. */
  accepted: Map<string, number>
  /** The connection was lost after the last dot: may be there, need not. */
  unknown: Set<string>
  /** Refusals other than by a lost connection, by reply. */
  refused: Map<string, number>
  stop(): Promise<void>
}

/** Sends messages over `connections` connections, again and again, until stopped; reconnects when one is lost. */
export function startLoad(options: {
  port: number
  from: string
  to: string[]
  connections: number
  /** Pause between two messages of one connection, in ms: keeps the count bounded. */
  pause: number
}): Load {
  const load: Load = {
    accepted: new Map(),
    unknown: new Set(),
    refused: new Map(),
    async stop() {
      running = false
      await Promise.all(workers)
    },
  }
  let running = true
  let count = 0
  const breath = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
  const workers = Array.from({ length: options.connections }, async () => {
    let client: SmtpClient | undefined
    while (running) {
      const number = count++
      const to = options.to[number % options.to.length]!
      const { id, content } = plainMessage({ from: options.from, to, subject: `load ${number}` })
      let sent = false
      try {
        client ??= await SmtpClient.open(options.port)
        sent = true
        const reply = await client.send(options.from, [to], content)
        if (reply.code === 250) load.accepted.set(id, Date.now())
        else load.refused.set(`${reply.code}`, (load.refused.get(`${reply.code}`) ?? 0) + 1)
      } catch {
        if (sent) load.unknown.add(id)
        client?.socket.destroy()
        client = undefined
        await breath(100)
      }
      await breath(options.pause)
    }
    client?.quit()
  })
  return load
}
