/**
 * What lies between a server and who asks it: passes on what comes, or takes it all and says nothing, or says what no
 * server says. And small servers that do nothing else.
 */
import { randomBytes } from 'node:crypto'
import { connect, createServer, type Server, type Socket } from 'node:net'

export type Way = {
  port: number
  /** hang: takes all and says nothing; garbage: says what no engine says. */
  mode: 'pass' | 'hang' | 'garbage'
  /** Ends the connections that there are. */
  cut(): void
  close(): Promise<void>
}

/** What lies between the relay and its engine. */
export async function openWay(target: number): Promise<Way> {
  const sockets = new Set<Socket>()
  const hold = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }
  // Half a connection's end is not the end of the other half.
  const server = createServer({ allowHalfOpen: true }, socket => {
    hold(socket)
    if (way.mode !== 'pass') {
      socket.resume()
      if (way.mode === 'garbage')
        socket.end(Buffer.concat([Buffer.from('HTTP/1.1 200 '), randomBytes(2_000)]))
      return
    }
    const other = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true })
    hold(other)
    socket.pipe(other).pipe(socket)
    other.on('close', () => socket.destroy())
    socket.on('close', () => other.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const way: Way = {
    port: (server.address() as { port: number }).port,
    mode: 'pass',
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      way.cut()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return way
}

export type Small = { port: number; connections: ReadonlySet<unknown>; close(): Promise<void> }

/** Takes connections and what is sent, and says nothing. */
export const hangingServer = (): Promise<Small> => small(socket => socket.resume())

/** Says always the same, and closes. */
export const sayingServer = (text: string): Promise<Small> => small(socket => socket.resume().end(text))

async function small(serve: (socket: Socket) => void): Promise<Small> {
  const connections = new Set<Socket>()
  const server: Server = createServer(socket => {
    connections.add(socket)
    socket.on('error', () => {}).on('close', () => connections.delete(socket))
    serve(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    connections,
    async close() {
      for (const socket of connections) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
