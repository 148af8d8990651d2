/**
 * Free loopback ports for servers that can't be told to listen on 0.
 *
 * They are drawn from below the range that the kernel gives to outgoing connections, so that a port that is
 * free now is still free when its server starts, and again when it is started anew after a stop.
 */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const LOWEST = 11_000
const HIGHEST = 32_000

/** @returns `count` neighbouring ports that nobody listens on (the worker's health port is the relay's + 1). */
export async function freePorts(count: number): Promise<number[]> {
  for (;;) {
    const first = randomInt(LOWEST, HIGHEST - count)
    const ports = Array.from({ length: count }, (_, n) => first + n)
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return ports
  }
}

export async function freePort(): Promise<number> {
  return (await freePorts(1))[0]!
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** @returns when something accepts a connection there, or false. */
export async function answers(port: number, host = '127.0.0.1'): Promise<boolean> {
  const { connect } = await import('node:net')
  return new Promise(resolve => {
    const socket = connect({ port, host })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
