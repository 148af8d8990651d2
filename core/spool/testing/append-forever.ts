/**
 * A process that appends until it is killed: `node append-forever.ts FOLDER KEY SEED`. It prints an id (and
 * the content's seed and length) only when the append has resolved: what it printed was acknowledged.
 */
import { writeSync } from 'node:fs'
import { silentLog } from '../../observe/log.ts'
import { openSpool } from '../open.ts'
import { content, envelope, seeded } from './messages.ts'

const [folder, key, seed] = process.argv.slice(2) as [string, string, string]
const random = seeded(Number(seed))
const spool = await openSpool({
  url: `file:${folder}`,
  secretKey: Buffer.from(key, 'hex'),
  encrypt: true,
  writer: 'relay',
  log: silentLog,
  segmentSize: 200_000,
})
async function session(name: number): Promise<never> {
  for (let number = 0; ; number += 1) {
    const id = `${seed}-${name}-${number}`
    const length = random() < 0.03 ? 1_100_000 : Math.floor(random() * 8000)
    await spool.append(envelope(id), content(length, number + 1))
    writeSync(1, `${id} ${number + 1} ${length}\n`)
  }
}
await Promise.all(Array.from({ length: 8 }, (_, name) => session(name)))
