/**
 * One question to a mail server: would you take mail for this address? EHLO, MAIL FROM:<>, RCPT, QUIT; nothing
 * is sent (the way of sender and recipient callouts).
 *
 * "No" is taken for a no only when it is about the address. A server that refuses us, our empty sender or
 * everybody has said nothing about it, and a mistake here would bounce somebody's mail.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { proxyHeader } from '@restante/core/directory/proxy-protocol.ts'
import type { AskedBackend } from '@restante/core/directory/snapshot.ts'

type Host = AskedBackend['hosts'][number]

export type Reply = { code: number; text: string }
export type QuestionResult =
  | { type: 'yes' }
  | { type: 'no'; text: string }
  /** It takes made-up addresses as well: its yes says nothing about this one. */
  | { type: 'takes-all' }
  /** `away`: there was nobody to talk to, as opposed to a server that would not say. */
  | { type: 'no-answer'; away: boolean; why: string }

export type Question = {
  address: string
  /** An address that nobody can have, to find out whether it takes all; absent: known already. */
  madeUp?: string
  /** Our name, for EHLO. */
  name: string
  /** ms for the whole conversation with one host. */
  patience: number
}

/** Asks the hosts in order until one answers. Never rejects. */
export async function ask(hosts: readonly Host[], question: Question): Promise<QuestionResult> {
  let last: QuestionResult = { type: 'no-answer', away: true, why: 'no hosts' }
  for (const host of hosts) {
    last = await askHost(host, question)
    if (last.type !== 'no-answer') return last
  }
  return last
}

async function askHost(host: Host, question: Question): Promise<QuestionResult> {
  const line = new Line(host)
  const timer = setTimeout(() => line.end(new Error('timed out')), question.patience)
  try {
    return await converse(line, host, question)
  } catch (error) {
    return { type: 'no-answer', away: true, why: (error as Error).message }
  } finally {
    clearTimeout(timer)
    line.end()
  }
}

async function converse(line: Line, host: Host, question: Question): Promise<QuestionResult> {
  const { address, madeUp, name } = question
  const hello = `${host.protocol === 'lmtp' ? 'LHLO' : 'EHLO'} ${name}`
  expectOk(await line.reply())
  let extensions = expectOk(await line.say(hello)).text
  if (host.tls === 'required' || (host.tls === 'opportunistic' && /^STARTTLS$/im.test(extensions))) {
    expectOk(await line.say('STARTTLS'))
    await line.secure(host)
    extensions = expectOk(await line.say(hello)).text
  }
  const utf8 = !isAscii(address)
  if (utf8 && !/^SMTPUTF8$/im.test(extensions)) return { type: 'no-answer', away: false, why: 'no SMTPUTF8' }
  expectOk(await line.say(`MAIL FROM:<>${utf8 ? ' SMTPUTF8' : ''}`))
  const answer = verdictOf(await line.say(`RCPT TO:<${address}>`))
  if (answer.type !== 'yes' || madeUp === undefined) return answer
  const control = verdictOf(await line.say(`RCPT TO:<${madeUp}>`))
  return control.type === 'yes' ? { type: 'takes-all' } : answer
}

/** What a reply to RCPT says about the address (RFC 5321 §4.2.3, RFC 3463 §3.2, §3.3). */
export function verdictOf({ code, text }: Reply): QuestionResult {
  if (code >= 200 && code < 300) return { type: 'yes' }
  if (code < 500) return { type: 'no-answer', away: false, why: `${code} ${text}` }
  const enhanced = /^5\.(\d{1,3}\.\d{1,3})\b/.exec(text)?.[1]
  const about =
    enhanced === undefined ? [550, 551, 553].includes(code) : /^(1\.(1|2|3|6|10)|2\.1)$/.test(enhanced)
  return about ? { type: 'no', text } : { type: 'no-answer', away: false, why: `${code} ${text}` }
}

function expectOk(reply: Reply): Reply {
  if (reply.code < 200 || reply.code > 299) throw new Error(`${reply.code} ${reply.text}`)
  return reply
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is asked
const isAscii = (text: string) => /^[\x00-\x7f]*$/.test(text)
/** Bytes of one reply. */
const LONGEST_REPLY = 65_536

/** A connection on which one says a line and gets a reply. */
class Line {
  #socket: Socket
  #text = ''
  #waiting: { resolve(reply: Reply): void; reject(error: Error): void } | undefined
  #broken: Error | undefined

  constructor(host: Host) {
    const at = { host: host.host, port: host.port }
    // Nothing that is secret is said here: whose certificate it is makes no difference (RFC 7435).
    const way = host.client === 'proxy' || host.client === 'proxy2' ? host.client : null
    const plain = host.tls === 'implicit' && !way ? null : connectTcp(at)
    // The question is ours: it is no client's.
    if (way && plain) plain.once('connect', () => plain.write(proxyHeader(way, null, plain)))
    this.#socket =
      host.tls === 'implicit'
        ? connectTls({ ...(plain ? { socket: plain } : at), rejectUnauthorized: false })
        : (plain as Socket)
    this.#listen()
  }

  say(command: string): Promise<Reply> {
    const reply = this.reply()
    this.#socket.write(`${command}\r\n`)
    return reply
  }

  reply(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#broken) return reject(this.#broken)
      this.#waiting = { resolve, reject }
      this.#take()
    })
  }

  secure(host: Host): Promise<void> {
    this.#socket.removeAllListeners()
    this.#text = ''
    const servername = isIP(host.host) ? undefined : host.host
    const socket = connectTls({ socket: this.#socket, rejectUnauthorized: false, servername })
    this.#socket = socket
    this.#listen()
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve: () => {}, reject }
      socket.once('secureConnect', resolve)
    })
  }

  end(error = new Error('ended')): void {
    this.#fail(error)
    if (this.#socket.writable) this.#socket.end('QUIT\r\n')
    this.#socket.destroySoon()
    // The goodbye may take a moment, a server that does not read it may not.
    setTimeout(() => this.#socket.destroy(), 1_000).unref()
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1')
      if (this.#text.length > LONGEST_REPLY) this.end(new Error('endless reply'))
      else this.#take()
    })
    this.#socket.on('error', error => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('connection closed')))
  }

  #take(): void {
    const whole = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\r?\n/.exec(this.#text)?.[0]
    if (!whole || !this.#waiting) return
    this.#text = this.#text.slice(whole.length)
    const lines = whole.trimEnd().split(/\r?\n/)
    const { resolve } = this.#waiting
    this.#waiting = undefined
    resolve({ code: Number(whole.slice(0, 3)), text: lines.map(line => line.slice(4)).join('\n') })
  }

  #fail(error: Error): void {
    this.#broken ??= error
    this.#waiting?.reject(this.#broken)
    this.#waiting = undefined
  }
}
