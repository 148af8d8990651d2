/** Numbered messages: a quick sender of them, and a server that notes when each arrived. */

import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export type Arrivals = {
  port: number
  /** Subjects with the time (ms since the epoch) in the order in which they came. */
  arrived: { subject: string; at: number }[]
  stop(): Promise<void>
}

/**
 * Takes everything; keeps nothing but the subject.
 * @param takes ms between a content and its reply, as a server needs to write it
 */
export async function startArrivals(takes = 0): Promise<Arrivals> {
  const arrived: Arrivals['arrived'] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.setNoDelay(true)
    let buffer = ''
    let inData = false
    let told = Promise.resolve()
    /** In order, also when a reply has to wait. */
    const tell = (text: string, after: number) => {
      if (takes === 0) return socket.write(text)
      told = told.then(() => wait(after)).then(() => void socket.write(text))
      return true
    }
    socket.write('220 bench ready\r\n')
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      buffer += chunk
      let answers = ''
      let taken = false
      for (;;) {
        if (inData) {
          const end = buffer.indexOf('\r\n.\r\n')
          if (end < 0) break
          const subject = /^Subject: (.*)$/m.exec(buffer.slice(0, 4_000))?.[1]?.trim() ?? ''
          arrived.push({ subject, at: Date.now() })
          buffer = buffer.slice(end + 5)
          inData = false
          taken = true
          answers += '250 2.0.0 taken\r\n'
          continue
        }
        const end = buffer.indexOf('\r\n')
        if (end < 0) break
        const verb = buffer.slice(0, 4).toUpperCase()
        buffer = buffer.slice(end + 2)
        inData = verb === 'DATA'
        answers +=
          verb === 'EHLO'
            ? '250-bench\r\n250-PIPELINING\r\n250 8BITMIME\r\n'
            : verb === 'DATA'
              ? '354 go on\r\n'
              : verb === 'QUIT'
                ? '221 bye\r\n'
                : '250 2.0.0 ok\r\n'
      }
      if (answers) tell(answers, taken ? takes : 0)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    arrived,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** Sends messages over one connection, the next when the one before has its 250. */
export async function sendNumbered(
  port: number,
  messages: Iterable<{ to: string; subject: string }>,
  size: number,
): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  socket.setEncoding('latin1')
  let text = ''
  let wake = () => {}
  let broken: Error | null = null
  socket.on('data', (chunk: string) => {
    text += chunk
    wake()
  })
  socket.on('error', error => {
    broken = error
    wake()
  })
  const reply = async (code: string) => {
    for (;;) {
      const line = /^(\d{3})([ -]).*\r\n/.exec(text)
      if (line) {
        text = text.slice(line[0].length)
        if (line[1] !== code) throw new Error(`answered ${line[0].trim()}`)
        if (line[2] === ' ') return
        continue
      }
      if (broken) throw broken
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }
  await reply('220')
  socket.write('EHLO bench.example\r\n')
  await reply('250')
  const body = 'x'
    .repeat(70)
    .concat('\r\n')
    .repeat(Math.ceil(size / 72))
  for (const { to, subject } of messages) {
    socket.write(`MAIL FROM:<sender@outside.example>\r\nRCPT TO:<${to}>\r\nDATA\r\n`)
    await reply('250')
    await reply('250')
    await reply('354')
    socket.write(`From: sender@outside.example\r\nTo: ${to}\r\nSubject: ${subject}\r\n\r\n${body}\r\n.\r\n`)
    await reply('250')
  }
  socket.end('QUIT\r\n')
}
