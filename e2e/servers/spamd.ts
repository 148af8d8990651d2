/** A real spamd on loopback: SpamAssassin with its own rules, no network. As root it runs its children as nobody. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answers, freePort } from '../ports.ts'
import { startOrRemove } from './clamd.ts'
import { type Daemon, startDaemon } from './daemon.ts'

/** What SpamAssassin and rspamd take for spam beyond doubt, in two halves, as a file with it is. */
export const GTUBE = `XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-${'ANTI-UBE-TEST-EMAIL*C.34X'}`

export type Spamd = {
  port: number
  start(): Promise<void>
  kill(): Promise<void>
  /** It hangs, its ports open, and goes on. */
  freeze(): void
  thaw(): void
  remove(): Promise<void>
}

export async function startSpamd(): Promise<Spamd> {
  const folder = mkdtempSync(join(tmpdir(), 'spamd-'))
  const port = await freePort()
  let daemon: Daemon | undefined
  const spamd: Spamd = {
    port,
    async start() {
      if (daemon?.running()) return
      const as = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
      daemon = await startDaemon(
        '/usr/sbin/spamd',
        [
          ...['-L', '-x', '-i', '127.0.0.1', '-A', '127.0.0.1', '-p', String(port)],
          ...['-m', '2', '--min-children=1', `--helper-home-dir=${folder}`, '-s', 'stderr', ...as],
        ],
        { log: join(folder, 'log'), cwd: '/', seconds: 60, ready: () => answers(port) },
      )
    },
    async kill() {
      await daemon?.kill()
    },
    freeze: () => daemon?.freeze(),
    thaw: () => daemon?.thaw(),
    async remove() {
      await daemon?.kill()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
  await startOrRemove(spamd)
  return spamd
}
