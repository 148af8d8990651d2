/** The doctor's look at the running processes: their health, their ports, the age of the relay's snapshot. */
import { readFile } from 'node:fs/promises'
import { createServer, connect as dial } from 'node:net'
import { join } from 'node:path'
import type { Settings } from '@restante/core/config/settings.ts'
import { type Check, failed, guarded, ok, warned } from './doctor-check.ts'
import { type PartHealth, partsOf } from './parts.ts'
import { duration } from './time.ts'

const PATIENCE = 5_000
/** The keeper reads every 30 s; ten of them missed is an outage. */
const SNAPSHOT_OLD = 300_000

export async function partChecks(settings: Settings): Promise<Check[]> {
  const parts = await partsOf(settings)
  const running = parts.some(part => part.state !== 'away')
  const checks = parts.map(part => healthCheck(part, running))
  if (running) {
    checks.push(
      await guarded('smtp', 'Look at the log of the relay.', () => greetingCheck(settings.RELAY_PORT)),
    )
  } else {
    checks.push(await portsCheck(settings))
  }
  checks.push(
    await guarded('snapshot', 'Delete it and restart the gateway.', () => snapshotCheck(settings, parts)),
  )
  return checks
}

function healthCheck(part: PartHealth, running: boolean): Check {
  switch (part.state) {
    case 'serving':
      return ok(part.name, `serves (${part.address})`)
    case 'unwell':
      return failed(part.name, part.reason, `Look at the log of the ${part.name}.`)
    case 'away':
      return running
        ? failed(
            part.name,
            `does not answer on ${part.address}`,
            'See its log; the supervisor starts it anew.',
          )
        : warned(part.name, 'is not running', 'Start the gateway: npm start')
  }
}

/** A relay that greets takes mail. */
async function greetingCheck(port: number): Promise<Check> {
  const greeting = await new Promise<string>((resolve, reject) => {
    const socket = dial({ host: '127.0.0.1', port })
    socket.setTimeout(PATIENCE, () => socket.destroy(new Error(`no greeting on port ${port} in 5 s`)))
    socket.once('data', data => {
      resolve(data.toString('latin1').split('\r\n')[0] ?? '')
      socket.end('QUIT\r\n')
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`port ${port} closed without a greeting`)))
  })
  return greeting.startsWith('220')
    ? ok('smtp', `port ${port}: ${greeting}`)
    : failed(
        'smtp',
        `port ${port}: ${greeting}`,
        'Is another program on that port? Look at the log of the relay.',
      )
}

/** Before a start: whether the ports are free. */
async function portsCheck(settings: Settings): Promise<Check> {
  const wanted = [
    ['RELAY_PORT', settings.RELAY_PORT],
    ['SUBMISSION_PORT', settings.SUBMISSION_PORT],
    ['SUBMISSIONS_PORT', settings.SUBMISSIONS_PORT],
    ['WEBMAIL_PORT', settings.WEBMAIL_PORT],
    ['METRICS_PORT', settings.METRICS_PORT],
    ['METRICS_PORT + 1', settings.METRICS_PORT + 1],
  ] as const
  for (const [name, port] of wanted) {
    const error = await occupy(port)
    if (error) {
      return failed('ports', `${name} ${port}: ${error}`, `Stop what uses port ${port}, or set another one.`)
    }
  }
  return ok(
    'ports',
    wanted
      .map(([, port]) => port)
      .join(', ')
      .concat(' are free'),
  )
}

function occupy(port: number): Promise<string | null> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen(port, () => server.close(() => resolve(null)))
  })
}

/** The relay tells how old its directory is; the file on disk changes only with its content. */
async function snapshotCheck(settings: Settings, parts: readonly PartHealth[]): Promise<Check> {
  const file = join(settings.RESTANTE_DATA, 'snapshot', 'directory.json')
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  const relay = parts.find(part => part.name === 'relay')
  if (text === null) {
    return relay?.state === 'serving'
      ? failed(
          'snapshot',
          `there is no ${file}`,
          'Without it the relay can not start while PostgreSQL is away.',
        )
      : warned('snapshot', 'there is none yet', 'The first start makes it.')
  }
  JSON.parse(text)
  if (relay?.state !== 'serving') return ok('snapshot', `in ${file}`)
  const age = Number((relay.report.directory as { ageMs?: number } | undefined)?.ageMs ?? 0)
  const detail = `confirmed ${duration(age)} ago`
  return age > SNAPSHOT_OLD
    ? warned('snapshot', detail, 'New recipients are not known to the relay: is PostgreSQL reachable?')
    : ok('snapshot', detail)
}
