/**
 * Postfix's smtp-sink as the place where everything ends, with its running count of messages. It writes that count
 * at every step of every session, so into a file, of which only the end is read and only when it is asked for: read
 * as it came, the bench was the busiest process of the measurement.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

export type Sink = { port: number; count(): number; stop(): Promise<void> }

/** Bytes that hold at least one whole "sess=1 quit=0 mesg=3" and its carriage return. */
const END = 200

/** @param file for its output */
export async function startSink(port: number, file: string, host = '127.0.0.1'): Promise<Sink> {
  const asRoot = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const output = openSync(file, 'w+')
  const child: ChildProcess = spawn('smtp-sink', [...asRoot, '-c', `${host}:${port}`, '1000'], {
    stdio: ['ignore', output, 'inherit'],
  })
  const end = Buffer.alloc(END)
  return {
    port,
    count() {
      const from = Math.max(0, fstatSync(output).size - END)
      const text = end.toString('latin1', 0, readSync(output, end, 0, END, from))
      return Number([...text.matchAll(/mesg=(\d+)\r/g)].at(-1)?.[1] ?? 0)
    },
    async stop() {
      const ended = new Promise(resolve => child.once('exit', resolve))
      child.kill()
      await ended
      closeSync(output)
    },
  }
}
