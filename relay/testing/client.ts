/** A raw SMTP client for tests: sends exactly the bytes that it is told, in chunks of any size. */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

const PATIENCE = 10_000

export class RawClient {
  #socket: Socket
  #buffer = ''
  #waiting: (() => void)[] = []
  closed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#listen()
  }

  /** Connects without waiting for the greeting. `from`: one of loopback's addresses. */
  static async open(port: number, from = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new RawClient(socket)
  }

  /** Connects, reads the greeting, says EHLO. */
  static async hello(port: number, from = '127.0.0.1'): Promise<RawClient> {
    const client = await RawClient.open(port, from)
    await client.reply()
    await client.command('EHLO client.example')
    return client
  }

  /** The next whole reply: lines joined with \n. Rejects when the connection ends before. */
  async reply(patience = PATIENCE): Promise<string> {
    const until = Date.now() + patience
    for (;;) {
      const found = /^(?:\d{3}-[^\r\n]*\r\n)*\d{3}(?: [^\r\n]*)?\r\n/.exec(this.#buffer)?.[0]
      if (found) {
        this.#buffer = this.#buffer.slice(found.length)
        return found.trimEnd().replaceAll('\r\n', '\n')
      }
      if (this.closed) throw new Error(`connection closed, unread: ${JSON.stringify(this.#buffer)}`)
      if (Date.now() > until) throw new Error(`no reply, unread: ${JSON.stringify(this.#buffer)}`)
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, 1_000)
        this.#waiting.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  async command(line: string, patience = PATIENCE): Promise<string> {
    this.write(`${line}\r\n`)
    return this.reply(patience)
  }

  /** Writes, and waits until the kernel has taken it. */
  flush(bytes: Buffer): Promise<void> {
    return new Promise(resolve => this.#socket.write(bytes, () => resolve()))
  }

  write(bytes: string | Buffer): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes)
  }

  /** Each chunk leaves on its own. */
  async writeIn(size: number, bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; at += size) {
      await new Promise<void>(resolve => this.#socket.write(bytes.subarray(at, at + size), () => resolve()))
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  /** A whole transaction; the reply to the end of data, or the first refusal. */
  async send(from: string, to: string[], message: string | Buffer): Promise<string> {
    const refused = (reply: string) => !/^[23]/.test(reply)
    const mail = await this.command(`MAIL FROM:<${from}>`)
    if (refused(mail)) return mail
    for (const recipient of to) {
      const rcpt = await this.command(`RCPT TO:<${recipient}>`)
      if (refused(rcpt)) return rcpt
    }
    const data = await this.command('DATA')
    if (refused(data)) return data
    this.write(message)
    return this.command('\r\n.')
  }

  /** STARTTLS and the handshake. */
  async startTls(
    options: {
      minVersion?: 'TLSv1.2'
      maxVersion?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
      servername?: string
    } = {},
  ) {
    const reply = await this.command('STARTTLS')
    if (!reply.startsWith('220')) throw new Error(reply)
    this.#socket.removeAllListeners()
    const secure = connectTls({ socket: this.#socket, rejectUnauthorized: false, ...options })
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve).once('error', reject)
      secure.once('close', () => reject(new Error('closed')))
    })
    this.#socket = secure
    this.#listen()
    return secure
  }

  /** Resolves when the server has closed. */
  async gone(): Promise<string> {
    const until = Date.now() + PATIENCE
    while (!this.closed) {
      if (Date.now() > until) throw new Error('still connected')
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    return this.#buffer
  }

  /** Reads nothing until `resume`. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #listen(): void {
    this.#socket.on('data', chunk => {
      this.#buffer += chunk.toString('utf8')
      this.#wake()
    })
    this.#socket.on('error', () => {})
    this.#socket.on('end', () => this.#socket.end())
    this.#socket.on('close', () => {
      this.closed = true
      this.#wake()
    })
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}
