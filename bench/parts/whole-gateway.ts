/**
 * The rest of a gateway behind the relays that a bench starts itself (scanned-relay.ts): they write into its spool as
 * one more writer, its worker ingests and delivers, and a sink takes it all.
 */
import { join } from 'node:path'
import { startGateway } from '@restante/e2e/gateway.ts'
import { addOrganization } from '@restante/e2e/organization.ts'
import { freePort } from '@restante/e2e/ports.ts'
import { until } from '@restante/e2e/until.ts'
import { tree } from './cpu.ts'
import { startSink } from './sink.ts'

export type WholeGateway = {
  /** Its data folder, where its spool and its secret are. */
  data: string
  /** Messages that arrived. */
  arrived(): number
  /** Waits until so many have arrived. */
  until(count: number): Promise<void>
  /** CPU seconds that all its processes have used. */
  cpu(): number
  stop(): Promise<void>
}

/** @param recipient the one person there is */
export async function startWholeGateway(folder: string, recipient: string): Promise<WholeGateway> {
  const sink = await startSink(await freePort(), join(folder, 'sink'))
  const gateway = await startGateway({ env: { LOG_LEVEL: 'warn' } }).catch(async error => {
    await sink.stop()
    throw error
  })
  const stop = async () => {
    await gateway.remove()
    await sink.stop()
  }
  const [name = '', domain = ''] = recipient.split('@')
  try {
    await addOrganization(gateway, {
      name: 'Bench',
      domain,
      backends: [`smtp://127.0.0.1:${sink.port}?tls=none`],
      people: [{ name }],
    })
  } catch (error) {
    await stop()
    throw error
  }
  return {
    data: gateway.data,
    arrived: sink.count,
    async until(count) {
      await until(`${count} messages arrived`, () => sink.count() >= count, { seconds: 120, every: 10 })
    },
    cpu() {
      const parts = ['relay', 'worker', 'webmail', 'redis', 'postgres'] as const
      const pids = new Set(parts.flatMap(part => gateway.pids(part)))
      return tree(process => process.argv.includes(gateway.data) || pids.has(process.pid)).reduce(
        (sum, process) => sum + process.seconds,
        0,
      )
    },
    stop,
  }
}
