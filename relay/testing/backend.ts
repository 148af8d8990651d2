/** A mail server for tests that answers RCPT as it is told, and counts who was asked about. */
import { createServer, type Server, type Socket } from 'node:net'

export type TestBackend = {
  port: number
  /** Addresses of RCPT commands, in order. */
  asked: string[]
  /** The reply to RCPT. */
  answer: (address: string) => string
  /** What it says to MAIL. */
  mail: string
  start(): Promise<void>
  stop(): Promise<void>
}

export async function testBackend(answer: TestBackend['answer']): Promise<TestBackend> {
  const sockets = new Set<Socket>()
  let server: Server | undefined
  const serve = (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    socket.write('220 backend.test ESMTP\r\n')
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString()
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end)
        text = text.slice(end + 2)
        const address = /^RCPT TO:<(.*)>/i.exec(line)?.[1]
        if (address !== undefined) {
          backend.asked.push(address)
          socket.write(`${backend.answer(address)}\r\n`)
        } else if (/^EHLO/i.test(line)) socket.write('250-backend.test\r\n250 SMTPUTF8\r\n')
        else if (/^MAIL/i.test(line)) socket.write(`${backend.mail}\r\n`)
        else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n')
        else socket.write('250 ok\r\n')
      }
    })
  }
  const backend: TestBackend = {
    port: 0,
    asked: [],
    answer,
    mail: '250 ok',
    async start() {
      server = createServer(serve)
      await new Promise<void>(resolve => server?.listen(backend.port, '127.0.0.1', resolve))
      backend.port = (server.address() as { port: number }).port
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => (server ? server.close(resolve) : resolve(undefined)))
      server = undefined
    },
  }
  await backend.start()
  return backend
}
