/**
 * A real clamd on loopback with a signature database of two lines, made by hand: the official one is hundreds
 * of megabytes and comes from the Internet. It knows EICAR's test file and one word of our own. Runs as root or
 * as an ordinary user.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answers, freePort } from '../ports.ts'
import { type Daemon, startDaemon } from './daemon.ts'

/** EICAR's test file, in two halves: a file that holds it whole is taken for it by every scanner. */
export const EICAR = `X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-${'ANTIVIRUS-TEST-FILE!$H+H*'}`

export type Clamd = {
  port: number
  socket: string
  start(): Promise<void>
  stop(): Promise<void>
  kill(): Promise<void>
  /** Stops and goes on (SIGSTOP, SIGCONT): it hangs, its port open. */
  freeze(): void
  thaw(): void
  remove(): Promise<void>
}

export async function startClamd(options: { streamMaxLength?: string } = {}): Promise<Clamd> {
  const folder = mkdtempSync(join(tmpdir(), 'clamd-'))
  const port = await freePort()
  const socket = join(folder, 'socket')
  mkdirSync(join(folder, 'db'))
  const hex = Buffer.from(EICAR).toString('hex')
  writeFileSync(join(folder, 'db/local.ndb'), `Eicar-Test-Signature:0:*:${hex}\n`)
  writeFileSync(
    join(folder, 'clamd.conf'),
    `Foreground yes
DatabaseDirectory ${folder}/db
TCPSocket ${port}
TCPAddr 127.0.0.1
LocalSocket ${socket}
LogFile ${folder}/clamd.log
TemporaryDirectory ${folder}
MaxThreads 4
StreamMaxLength ${options.streamMaxLength ?? '60M'}
SelfCheck 0
`,
  )
  let daemon: Daemon | undefined
  const clamd: Clamd = {
    port,
    socket,
    async start() {
      if (daemon?.running()) return
      rmSync(socket, { force: true })
      daemon = await startDaemon('/usr/sbin/clamd', ['-c', join(folder, 'clamd.conf')], {
        log: join(folder, 'out'),
        ready: () => answers(port),
      })
    },
    async stop() {
      await daemon?.stop()
    },
    async kill() {
      await daemon?.kill()
    },
    freeze() {
      daemon?.freeze()
    },
    thaw() {
      daemon?.thaw()
    },
    async remove() {
      await daemon?.kill()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
  await startOrRemove(clamd)
  return clamd
}

/** A server that does not start leaves nothing. */
export async function startOrRemove(server: { start(): Promise<void>; remove(): Promise<void> }) {
  try {
    await server.start()
  } catch (error) {
    await server.remove()
    throw error
  }
}
