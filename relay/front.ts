/**
 * What every SMTP port of ours has in common: who is refused at the door and in which words, the look at all
 * connections once a second, listening, and an end that lets running transactions finish.
 */
import type { Admission } from './clients/clients.ts'
import type { RelayConnection, Surroundings } from './connection.ts'
import type { RelayServer } from './listener.ts'
import type { Refusals } from './refusals.ts'
import { type Reply, replies } from './replies.ts'
import type { watchRoom } from './room.ts'
import type { Certificates } from './tls.ts'

export type Relay = {
  /** Resolves with the port. */
  listen(port: number, host: string): Promise<number>
  readonly connections: number
  /** Whether it accepts connections. */
  readonly listening: boolean
  /** Takes other certificates; connections that are open keep theirs. */
  useCertificates(certificates: Certificates): void
  /** Lets running transactions end, for at most `patience` ms. */
  close(patience?: number): Promise<void>
}

/** What is behind a port besides its server. */
export type Front = {
  server: RelayServer
  surroundings: Surroundings
  watch: ReturnType<typeof watchRoom>
  refusals: Refusals
  /** Once a second. */
  onSweep?: () => void
}

/** ms between looks at all connections. */
const SWEEP = 1_000

export const ADMISSION_REPLIES: Readonly<Record<Exclude<Admission, 'welcome'>, Reply>> = {
  'too-many-from-address': replies.tooManyFromYou,
  'too-many-from-network': replies.tooManyFromNetwork,
  'too-fast': replies.tooFast,
  'too-many-unknown': replies.tooManyUnknownBefore,
}

export function openFront({ server, surroundings, watch, refusals, onSweep }: Front): Relay {
  const connections = () => [...server.connections] as RelayConnection[]
  const sweep = setInterval(() => {
    onSweep?.()
    for (const connection of server.connections as Set<RelayConnection>) {
      const reply = connection.overdue()
      if (reply) connection.end(reply)
    }
  }, SWEEP)
  sweep.unref()

  return {
    async listen(port, host) {
      await watch.look()
      return await new Promise((resolve, reject) => {
        server.server.once('error', reject)
        server.listen(port, host, () => {
          server.server.off('error', reject)
          resolve((server.server.address() as { port: number }).port)
        })
      })
    },
    get connections() {
      return server.connections.size
    },
    get listening() {
      return server.server.listening
    },
    useCertificates({ main, byName }) {
      server.updateSecureContext({ ...main, sniOptions: Object.fromEntries(byName) })
    },
    async close(patience = 8_000) {
      surroundings.draining = true
      const gone = new Promise<void>(resolve => server.server.close(() => resolve()))
      for (const connection of connections()) if (!connection.busy) connection.end(replies.shuttingDown)
      let timer: NodeJS.Timeout | undefined
      await Promise.race([gone, new Promise(resolve => (timer = setTimeout(resolve, patience)))])
      clearTimeout(timer)
      clearInterval(sweep)
      refusals.close()
      watch.close()
      for (const connection of connections()) {
        connection.end(replies.shuttingDown)
        connection._socket.destroy()
      }
    },
  }
}
