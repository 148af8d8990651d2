/** TCP ports of this machine: which is free, and does one answer. */
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A port nobody listens on, on loopback.
 *
 * @param preferred taken when it is free: an address that stays the same spares others a reconnect
 */
export async function freePort(preferred = 0, host = '127.0.0.1'): Promise<number> {
  try {
    return await probe(preferred, host)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (!preferred || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error
    return await probe(0, host)
  }
}

function probe(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port))
    })
  })
}

/**
 * Whether a port can be listened on, waiting up to `patience` ms for one that is just being given up.
 *
 * @returns undefined when it can, else why not in a few words
 */
export async function portTaken(port: number, host: string, patience = 3_000): Promise<string | undefined> {
  const deadline = Date.now() + patience
  for (;;) {
    try {
      await probe(port, host)
      return undefined
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === 'EACCES') return 'ports below 1024 need a privilege that this user lacks'
      if (code !== 'EADDRINUSE') return `${host} can't be listened on (${code})`
      if (Date.now() > deadline) return 'another program listens there already'
      await sleep(100)
    }
  }
}
