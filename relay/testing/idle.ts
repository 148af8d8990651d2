/**
 * Many connections that do nothing, held by a process of its own: what they cost it does not count.
 *
 * `node idle.ts PORT COUNT`: opens them, reads the greeting, says EHLO, prints `open COUNT`, and holds them
 * until its stdin ends.
 */
import { connect } from 'node:net'

const [port, count] = process.argv.slice(2).map(Number) as [number, number]
/** Opened at once. */
const BATCH = 100

function open(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' })
    let replies = 0
    socket.once('error', reject)
    socket.on('data', chunk => {
      if (!/^\d{3} [^\n]*\n$/m.test(chunk.toString())) return
      if (++replies === 1) socket.write('EHLO idle.example\r\n')
      else if (replies === 2) resolve()
    })
  })
}

for (let done = 0; done < count; done += BATCH)
  await Promise.all(Array.from({ length: Math.min(BATCH, count - done) }, open))
process.stdout.write(`open ${count}\n`)
process.stdin.resume().on('end', () => process.exit(0))
