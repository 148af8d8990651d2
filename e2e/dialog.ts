/**
 * Dialog files: one case of SMTP each, replayed against any server.
 *
 * `#` a remark, `C: text` a line from the client (CRLF is added), `R: text` raw bytes with the escapes \r \n
 * \0 and {N} for N letters, `S: 250` a reply with its code, `S: closed` the end of the connection. Lines of
 * the client that stand together leave in one packet.
 */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'

export type Step = { send: Buffer /** The last of the lines sent. */; said: string; expect: string[] }

export function readDialog(file: string): Step[] {
  const steps: Step[] = []
  let step: Step = { send: Buffer.alloc(0), said: 'the greeting', expect: [] }
  for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    const [, kind, text = ''] = /^([CRS]): ?(.*)$/.exec(line) ?? []
    if (kind === undefined) {
      if (line !== '' && !line.startsWith('#')) throw new Error(`${file}:${index + 1}: not C:, R: or S:`)
      continue
    }
    if (kind === 'S') {
      step.expect.push(text)
      continue
    }
    if (step.expect.length > 0) {
      steps.push(step)
      step = { send: Buffer.alloc(0), said: '', expect: [] }
    }
    const bytes = kind === 'C' ? `${text}\r\n` : unescaped(text)
    step.send = Buffer.concat([step.send, Buffer.from(bytes)])
    step.said = text
  }
  return [...steps, step]
}

function unescaped(text: string): string {
  return text
    .replace(/\{(\d+)\}/g, (_, count: string) => 'x'.repeat(Number(count)))
    .replace(/\\([rn0])/g, (_, letter: string) => ({ r: '\r', n: '\n', 0: '\0' })[letter] ?? '')
}

/** What a server said to each step: codes, or `closed`. A server that closes early says `closed` to the rest. */
export async function replay(port: number, steps: readonly Step[]): Promise<string[][]> {
  const line = new Replies(connect({ port, host: '127.0.0.1' }))
  const said: string[][] = []
  try {
    for (const step of steps) {
      if (step.send.length > 0) line.socket.write(step.send)
      const codes: string[] = []
      for (const _ of step.expect) codes.push(await line.next())
      said.push(codes)
    }
    return said
  } finally {
    line.socket.destroy()
  }
}

/** ms for one reply: Postfix slows clients that make errors down, a second each. */
const PATIENCE = 20_000

class Replies {
  readonly socket: Socket
  #text = ''
  #closed = false
  #wake = () => {}

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', chunk => {
      this.#text += chunk.toString('latin1')
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
  }

  async next(): Promise<string> {
    const deadline = Date.now() + PATIENCE
    for (;;) {
      const whole = /^(?:\d{3}-[^\n]*\n)*(\d{3})(?: [^\n]*)?\r?\n/.exec(this.#text)
      if (whole) {
        this.#text = this.#text.slice(whole[0].length)
        return whole[1] ?? ''
      }
      if (this.#closed) return 'closed'
      if (Date.now() > deadline) return 'silence'
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, 1_000)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
}
