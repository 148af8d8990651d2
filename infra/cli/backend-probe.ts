/**
 * A look at a backend from here, for an admin who wants to know now: connects, greets, goes to TLS as the
 * backend's URL wants it, asks for one recipient and leaves. No message is sent (RFC 5321 §4.1.1.5 RSET).
 *
 * What it sees is told and kept nowhere: the health of a backend is the worker's to judge, by its own probes.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type BackendHost, describeHost } from '@restante/core/directory/backends.ts'
import { proxyHeader } from '@restante/core/directory/proxy-protocol.ts'

export type ProbeStep = { step: string; reply: string; ok: boolean; tookMs: number }
export type ProbeResult = { host: string; ok: boolean; steps: ProbeStep[] }

/** Longest wait for one reply, in ms. */
const PATIENCE = 10_000

/** @param recipient asked for with RCPT; none is asked when absent */
export async function probeHost(
  host: BackendHost,
  greeting: string,
  recipient: string | undefined,
): Promise<ProbeResult> {
  const steps: ProbeStep[] = []
  let dialog: Dialog | undefined
  const run = async (step: string, work: () => Promise<Reply>, accept: (code: number) => boolean) => {
    const started = performance.now()
    const took = () => Math.round(performance.now() - started)
    try {
      const reply = await work()
      steps.push({ step, reply: reply.lines.join(' / '), ok: accept(reply.code), tookMs: took() })
      return accept(reply.code) ? reply : null
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      steps.push({ step, reply: message || String(code), ok: false, tookMs: took() })
      return null
    }
  }
  const good = (code: number) => code >= 200 && code < 300
  const hello = `${host.protocol === 'lmtp' ? 'LHLO' : 'EHLO'} ${greeting}`
  try {
    const opened = await run(
      'connect',
      async () => {
        dialog = await Dialog.open(host)
        return await dialog.reply()
      },
      good,
    )
    const talk = dialog as Dialog | undefined
    if (!opened || !talk) return { host: describeHost(host), ok: false, steps }
    const say = (line: string) => run(line.split(' ')[0]!, () => talk.say(line), good)
    let features = await say(hello)
    const offersTls = features?.lines.some(line => /^STARTTLS$/i.test(line)) ?? false
    if (features && host.tls === 'required' && !offersTls) {
      steps.push({ step: 'STARTTLS', reply: 'is not offered, and tls=required', ok: false, tookMs: 0 })
      return { host: describeHost(host), ok: false, steps }
    }
    if (features && offersTls && (host.tls === 'required' || host.tls === 'opportunistic')) {
      const ready = await say('STARTTLS')
      if (ready) {
        const secured = await run('TLS', () => talk.secure(host), good)
        features = secured && (await say(hello))
      }
    }
    let ok = features !== null
    const offers = (word: string) => features?.lines.some(line => line.toUpperCase().startsWith(`${word} `))
    if (host.client === 'xforward' && offers('XFORWARD')) {
      steps.push({ step: 'XFORWARD', reply: 'is offered: its log names the client', ok: true, tookMs: 0 })
    }
    if (features && host.client === 'xclient') {
      const ok = offers('XCLIENT') === true
      // Mail is delivered all the same.
      const reply = ok ? 'is offered' : 'is not offered to us: it takes all mail for ours (docs/backends.md)'
      steps.push({ step: 'XCLIENT', reply, ok, tookMs: 0 })
    }
    if (features && recipient && !host.user) {
      ok = Boolean(await say('MAIL FROM:<>')) && Boolean(await say(`RCPT TO:<${recipient}>`))
      await say('RSET')
    }
    await talk.say('QUIT').catch(() => {})
    return { host: describeHost(host), ok, steps }
  } finally {
    ;(dialog as Dialog | undefined)?.close()
  }
}

type Reply = { code: number; lines: string[] }

class Dialog {
  private socket: Socket
  private buffer = ''
  private readonly waiting: { resolve(reply: Reply): void; reject(error: Error): void }[] = []
  private failure: Error | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    this.attend(socket)
  }

  static async open(host: BackendHost): Promise<Dialog> {
    const plain = connect({ host: host.host, port: host.port })
    await arrival(plain, 'connect')
    if (host.client === 'proxy' || host.client === 'proxy2') {
      plain.write(proxyHeader(host.client, null, plain))
    }
    if (host.tls !== 'implicit') return new Dialog(plain)
    const socket = connectTls({ socket: plain, rejectUnauthorized: false, servername: name(host) })
    await arrival(socket, 'secureConnect')
    return new Dialog(socket)
  }

  async say(line: string): Promise<Reply> {
    this.socket.write(`${line}\r\n`)
    return await this.reply()
  }

  /** The certificate is not judged: whether it may be used is for the delivery to say. */
  async secure(host: BackendHost): Promise<Reply> {
    const plain = this.socket
    plain.removeAllListeners()
    const secured = connectTls({ socket: plain, rejectUnauthorized: false, servername: name(host) })
    await arrival(secured, 'secureConnect')
    this.socket = secured
    this.attend(secured)
    const { subject } = secured.getPeerCertificate()
    return { code: 200, lines: [`${secured.getProtocol()}, certificate for ${subject?.CN ?? 'nobody'}`] }
  }

  async reply(): Promise<Reply> {
    if (this.failure) throw this.failure
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.fail(new Error(`no reply in ${PATIENCE / 1000} s`)), PATIENCE)
      const done = <T>(end: (value: T) => void) => {
        return (value: T) => {
          clearTimeout(timer)
          end(value)
        }
      }
      this.waiting.push({ resolve: done(resolve), reject: done(reject) })
      this.read()
    })
  }

  close(): void {
    this.socket.destroy()
  }

  private attend(socket: Socket): void {
    socket.on('data', data => {
      this.buffer += data.toString('utf8')
      if (this.buffer.length > 65_536) this.fail(new Error('it never stops talking'))
      this.read()
    })
    socket.on('error', error => this.fail(error))
    socket.on('close', () => this.fail(new Error('it closed the connection')))
  }

  private read(): void {
    while (this.waiting.length > 0) {
      // RFC 5321 §4.2.1: all lines but the last have a hyphen after the code.
      const match = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\r?\n/.exec(this.buffer)
      if (!match) return
      this.buffer = this.buffer.slice(match[0].length)
      const lines = match[0].trim().split(/\r?\n/)
      const code = Number(lines.at(-1)?.slice(0, 3))
      this.waiting
        .shift()
        ?.resolve({ code, lines: lines.map((line, at) => (at === 0 ? line : line.slice(4))) })
    }
  }

  private fail(error: Error): void {
    this.failure ??= error
    for (const one of this.waiting.splice(0)) one.reject(this.failure)
    this.socket.destroy()
  }
}

/** SNI takes names only (RFC 6066 §3). */
const name = (host: BackendHost) => (/^[\d.]+$|:/.test(host.host) ? undefined : host.host)

function arrival(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error(`no answer in ${PATIENCE / 1000} s`)), PATIENCE)
    socket.once('error', error => {
      clearTimeout(timer)
      reject(error)
    })
    socket.once(event, () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
