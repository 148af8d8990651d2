/**
 * Metrics and health of one process: a Prometheus registry, and the small HTTP server that shows `/metrics`
 * and `/healthz`. Metrics are declared where they are counted, through `counter`, `gauge` and `histogram`.
 */
import { createServer, type Server } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export const registry = new Registry()

/** A module that is evaluated twice in one process (a bundler's copies, a hot reload) counts on in the same metric. */
function once<M>(name: string, make: (name: string) => M): M {
  const full = `restante_${name}`
  return (registry.getSingleMetric(full) as M | undefined) ?? make(full)
}
export function counter<L extends string = never>(name: string, help: string, labelNames: L[] = []) {
  return once(name, full => new Counter<L>({ name: full, help, labelNames, registers: [registry] }))
}
export function gauge<L extends string = never>(name: string, help: string, labelNames: L[] = []) {
  return once(name, full => new Gauge<L>({ name: full, help, labelNames, registers: [registry] }))
}
export function histogram<L extends string = never>(
  name: string,
  help: string,
  buckets: number[],
  labelNames: L[] = [],
) {
  return once(
    name,
    full => new Histogram<L>({ name: full, help, labelNames, buckets, registers: [registry] }),
  )
}

/** What `/healthz` answers: `ok` decides between 200 and 503; the rest is shown as it is. */
export type Health = { ok: boolean; reason?: string } & Record<string, unknown>

/** Node's own metrics can be registered once a process. */
let defaultsCollected = false

/** Serves `/metrics` and `/healthz` until the returned server is closed. */
export async function serveMetrics(
  at: { host: string; port: number },
  health: () => Health | Promise<Health>,
): Promise<Server> {
  if (!defaultsCollected) collectDefaultMetrics({ register: registry, prefix: 'restante_' })
  defaultsCollected = true
  const server = createServer(async (request, response) => {
    try {
      if (request.url === '/metrics') {
        response.setHeader('content-type', registry.contentType)
        response.end(await registry.metrics())
      } else if (request.url === '/healthz') {
        const state = await health()
        response.statusCode = state.ok ? 200 : 503
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify(state))
      } else {
        response.statusCode = 404
        response.end()
      }
    } catch (error) {
      response.statusCode = 503
      response.end(JSON.stringify({ ok: false, reason: String(error) }))
    }
  })
  server.requestTimeout = 10_000
  server.headersTimeout = 5_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(at.port, at.host, resolve)
  })
  server.unref()
  return server
}
