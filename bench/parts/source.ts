/** Postfix's smtp-source as the load: `messages` of `size` bytes over `sessions` connections at a time. */
import { spawn } from 'node:child_process'

export type Load = {
  size: number
  sessions: number
  messages: number
  /** many: a connection is kept for the next message. */
  shape: 'many' | 'one'
  recipient: string
}

/** Longest time for one load, in ms: whoever makes it wait for ever is found out. */
const LIMIT = 1_800_000

/** @returns when the last 250 is there. @throws when it did not get on */
export function sendLoad(port: number, load: Load): Promise<void> {
  const args = [
    ...['-s', load.sessions, '-m', load.messages, '-l', load.size],
    ...['-f', 'sender@outside.example', '-t', load.recipient],
    ...(load.shape === 'many' ? ['-d'] : []),
    `127.0.0.1:${port}`,
  ]
  return new Promise((resolve, reject) => {
    const child = spawn('smtp-source', args.map(String), { stdio: ['ignore', 'ignore', 'inherit'] })
    const late = setTimeout(() => child.kill('SIGKILL'), LIMIT)
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      clearTimeout(late)
      if (code === 0) resolve()
      else reject(new Error(`smtp-source ended with ${signal ?? code}`))
    })
  })
}
