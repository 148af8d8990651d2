/** A cable between a client and a server on loopback that a test can pull, and plug in again. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type Cable = {
  /** The same address by way of the cable. */
  url: string
  pull(): void
  plug(): void
  close(): Promise<void>
}

export async function cable(target: string): Promise<Cable> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let plugged = true
  const server = createServer(socket => {
    if (!plugged) return void socket.destroy()
    const behind = connect(Number(port), hostname)
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  const hangUp = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: url.href,
    pull() {
      plugged = false
      hangUp()
    },
    plug() {
      plugged = true
    },
    async close() {
      hangUp()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
