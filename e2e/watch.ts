/**
 * What tests ask the gateway again and again: how its backends are, what waits.
 */
import type { Gateway } from './gateway.ts'
import { until } from './until.ts'

type Depth = { queued: number; moving: number; deferred: number; held: number; total: number }
export type QueueView = {
  backends: {
    id: string
    name: string
    health: string
    cause: string | null
    depth: Depth
    override: { to: string } | null
  }[]
  totals: { depth: Depth }
}
export type DeliveryView = {
  id: string
  state: string
  holdReason: string | null
  subject: string
  recipients: string[]
  outcome: { category: string } | null
}

/** `restante queue`. */
export const queueOf = (gateway: Gateway) => gateway.cli<QueueView>(['queue'])

/** Open deliveries with their state, oldest first; of `states` when given. */
export async function deliveriesOf(gateway: Gateway, states?: string): Promise<DeliveryView[]> {
  const page = await gateway.cli<{ items: DeliveryView[] }>([
    'delivery',
    'list',
    '--limit',
    '500',
    ...(states ? ['--state', states] : []),
  ])
  return page.items
}

/** Waits until the only backend's health is one of these. */
export async function untilHealth(gateway: Gateway, wanted: string[], seconds = 60): Promise<string> {
  return until(
    `the backend is ${wanted.join(' or ')}`,
    async () => {
      const health = (await queueOf(gateway)).backends[0]?.health ?? ''
      return wanted.includes(health) && health
    },
    { seconds, every: 500 },
  )
}

/** Waits until nothing is queued, deferred or held. */
export async function untilEmpty(gateway: Gateway, seconds = 60): Promise<void> {
  await until(
    'nothing waits any more',
    async () => {
      const { totals } = await queueOf(gateway)
      return totals.depth.total === 0 || Promise.reject(new Error(JSON.stringify(totals.depth)))
    },
    { seconds, every: 500 },
  )
}

/** Waits until the relay takes mail for this address: its directory has been read anew. */
export async function untilKnown(gateway: Gateway, address: string): Promise<void> {
  const { SmtpClient } = await import('./smtp.ts')
  await until(`the relay knows ${address}`, async () => {
    const client = await SmtpClient.open(gateway.ports.relay)
    try {
      await client.command('MAIL FROM:<probe@outside.example>')
      return (await client.command(`RCPT TO:<${address}>`)).code === 250
    } finally {
      client.quit()
    }
  })
}

/** For the message of a failed test: what the gateway says of itself, and the end of its log. */
export async function report(gateway: Gateway, lines = 60): Promise<void> {
  const shown: string[] = []
  for (const args of [
    ['queue'],
    ['delivery', 'list', '--limit', '10'],
    ['backend', 'status'],
    ['spool', 'status'],
  ]) {
    const { stdout, stderr } = await gateway.run(args)
    shown.push(`restante ${args.join(' ')}\n${stdout}${stderr}`)
  }
  console.error(`${gateway.log(lines)}\n${shown.join('\n')}`)
}

/**
 * How many places a message arrived before or behind its own, at most.
 *
 * Held mail for one address is handed over in order. A backend that queues what it took, as Postfix does, may
 * write what came close together in another.
 */
export function overtaken(arrived: readonly string[], promised: readonly string[]): number {
  return Math.max(0, ...promised.map((one, place) => Math.abs(arrived.indexOf(one) - place)))
}

/** How far apart that may be. */
export const WINDOW = 3
