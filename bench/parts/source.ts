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

/** @returns when the last 250 is there */
export function sendLoad(port: number, load: Load): Promise<void> {
  const args = [
    ...['-s', load.sessions, '-m', load.messages, '-l', load.size],
    ...['-f', 'sender@outside.example', '-t', load.recipient],
    ...(load.shape === 'many' ? ['-d'] : []),
    `127.0.0.1:${port}`,
  ]
  return new Promise((resolve, reject) => {
    const child = spawn('smtp-source', args.map(String), { stdio: ['ignore', 'ignore', 'inherit'] })
    child.once('error', reject)
    child.once('exit', code => (code === 0 ? resolve() : reject(new Error(`smtp-source ended with ${code}`))))
  })
}
