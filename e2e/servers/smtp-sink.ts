/**
 * Postfix's smtp-sink as a backend with one fault: rejects or disconnects at a command, is slow. Throws away what it
 * takes. Its port can be given, to start it anew without the fault.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answers, freePort } from '../ports.ts'
import { startDaemon } from './daemon.ts'

export type FaultySink = { port: number; stop(): Promise<void> }

/** @param faults options of smtp-sink(1), like `-r RCPT` */
export async function startFaultySink(
  faults: string[],
  port?: number,
  host = '127.0.0.1',
): Promise<FaultySink> {
  const folder = mkdtempSync(join(tmpdir(), 'smtp-sink-'))
  const own = port ?? (await freePort())
  const asRoot = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const daemon = await startDaemon('/usr/sbin/smtp-sink', [...asRoot, ...faults, `${host}:${own}`, '100'], {
    log: join(folder, 'log'),
    // One that disconnects at once answers as well.
    ready: () => answers(own, host),
  })
  return {
    port: own,
    async stop() {
      await daemon.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
