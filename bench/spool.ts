/**
 * `npm run bench spool`: synced appends a second, with encryption and without, alternating in one run, at
 * several numbers of senders who each wait for their own append; and scanning back. The bare cost of the disk
 * (write and fdatasync of the same batch, nothing else) stands beside it.
 *
 * Options: --messages N (a cell, 20000), --size BYTES (4096), --folder PATH (the temporary folder),
 * --rounds N (3; the median is shown).
 */
import { randomBytes } from 'node:crypto'
import { closeSync, fdatasync, mkdtempSync, openSync, rmSync, write } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { silentLog } from '@restante/core/observe/log.ts'
import { openSpool, openSpoolReader } from '@restante/core/spool/open.ts'

const SENDERS = [1, 10, 50]

type Figures = { perSecond: number; p50: number; p99: number; cpu: number }

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      messages: { type: 'string', default: '20000' },
      size: { type: 'string', default: '4096' },
      folder: { type: 'string', default: tmpdir() },
      rounds: { type: 'string', default: '3' },
    },
  })
  const [messages, size, rounds] = [values.messages, values.size, values.rounds].map(Number) as [
    number,
    number,
    number,
  ]
  const folder = mkdtempSync(join(values.folder, 'restante-bench-'))
  try {
    const cells = new Map<string, Figures[]>()
    const keep = (cell: string, figures: Figures) => cells.set(cell, [...(cells.get(cell) ?? []), figures])
    const scans: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      for (const senders of SENDERS) {
        // One sender waits for a sync each time: a tenth of the messages takes as long.
        const count = senders === 1 ? messages / 10 : messages
        keep(`${senders}|bare`, await bare(join(folder, 'bare'), senders, count, size))
        keep(`${senders}|off`, await appends(join(folder, 'off'), false, senders, count, size))
        keep(`${senders}|on`, await appends(join(folder, 'on'), true, senders, count, size, scans))
      }
    }
    process.stdout.write(`${size} bytes a message, ${messages} messages a cell, median of ${rounds}\n\n`)
    process.stdout.write('| senders | what | synced appends/s | p50 ms | p99 ms | CPU µs a message |\n')
    process.stdout.write('| ---: | --- | ---: | ---: | ---: | ---: |\n')
    const names = { bare: 'write + fdatasync only', off: 'spool, not encrypted', on: 'spool, encrypted' }
    for (const senders of SENDERS) {
      for (const [what, name] of Object.entries(names)) {
        const all = cells.get(`${senders}|${what}`)!
        const of = (key: keyof Figures) => median(all.map(figures => figures[key]))
        const cost = what === 'bare' ? '' : of('cpu').toFixed(0)
        process.stdout.write(
          `| ${senders} | ${name} | ${of('perSecond').toFixed(0)} | ${of('p50').toFixed(2)} | ${of('p99').toFixed(2)} | ${cost} |\n`,
        )
      }
    }
    process.stdout.write(`\nScanned back, decrypted and checked: ${median(scans).toFixed(0)} messages/s\n`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function appends(
  folder: string,
  encrypt: boolean,
  senders: number,
  count: number,
  size: number,
  scans?: number[],
): Promise<Figures> {
  const options = { url: `file:${folder}`, secretKey: randomBytes(32), log: silentLog }
  const spool = await openSpool({ ...options, encrypt, writer: 'bench' })
  const content = randomBytes(size)
  const receivedAt = new Date().toISOString()
  const figures = await measure(senders, count, number =>
    spool.append(
      {
        id: `bench-${number}`,
        kind: 'inbound',
        sender: 'marta@example.org',
        recipients: [{ address: 'nuria@example.com' }],
        receivedAt,
      },
      content,
    ),
  )
  await spool.close()
  if (scans) {
    const reader = await openSpoolReader(options)
    const start = performance.now()
    let seen = 0
    for (const { name } of await reader.segments()) for await (const _item of reader.scan(name, 0)) seen += 1
    scans.push((seen / (performance.now() - start)) * 1000)
  }
  rmSync(folder, { recursive: true, force: true })
  return figures
}

/** The same batches with nothing around them: what the disk gives. */
async function bare(path: string, senders: number, count: number, size: number): Promise<Figures> {
  const fd = openSync(path, 'w')
  const [put, sync] = [promisify(write), promisify(fdatasync)]
  const batch = randomBytes(size * senders)
  const times: number[] = []
  const start = performance.now()
  for (let position = 0; position < count * size; position += batch.length) {
    const began = performance.now()
    await put(fd, batch, 0, batch.length, position)
    await sync(fd)
    times.push(performance.now() - began)
  }
  const perSecond = (count / (performance.now() - start)) * 1000
  closeSync(fd)
  rmSync(path)
  return { perSecond, ...percentiles(times), cpu: 0 }
}

async function measure(
  senders: number,
  count: number,
  append: (number: number) => Promise<unknown>,
): Promise<Figures> {
  const times: number[] = []
  let next = 0
  const cpu = process.cpuUsage()
  const start = performance.now()
  await Promise.all(
    Array.from({ length: senders }, async () => {
      while (next < count) {
        next += 1
        const began = performance.now()
        await append(next)
        times.push(performance.now() - began)
      }
    }),
  )
  const elapsed = performance.now() - start
  const used = process.cpuUsage(cpu)
  return {
    perSecond: (count / elapsed) * 1000,
    ...percentiles(times),
    cpu: (used.user + used.system) / count,
  }
}

function percentiles(times: number[]): { p50: number; p99: number } {
  const sorted = [...times].sort((a, b) => a - b)
  return { p50: sorted[sorted.length >> 1]!, p99: sorted[Math.floor(sorted.length * 0.99)]! }
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}
