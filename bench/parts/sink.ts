/** Postfix's smtp-sink as the place where everything ends, with its running count of messages. */
import { type ChildProcess, spawn } from 'node:child_process'

export type Sink = { port: number; count(): number; stop(): Promise<void> }

export async function startSink(port: number): Promise<Sink> {
  const asRoot = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child: ChildProcess = spawn('smtp-sink', [...asRoot, '-c', `127.0.0.1:${port}`, '1000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let messages = 0
  let rest = ''
  // The counters are rewritten in place: "sess=1 quit=0 mesg=3", ended by a carriage return.
  child.stdout?.on('data', (chunk: Buffer) => {
    rest = (rest + chunk.toString('latin1')).slice(-200)
    const last = [...rest.matchAll(/mesg=(\d+)\r/g)].at(-1)
    if (last) messages = Number(last[1])
  })
  return {
    port,
    count: () => messages,
    async stop() {
      const ended = new Promise(resolve => child.once('exit', resolve))
      child.kill()
      await ended
    },
  }
}
