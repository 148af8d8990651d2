/** Whether relay, worker and webmail serve, by asking their /healthz. */
import type { Settings } from '@restante/core/config/settings.ts'

export type PartHealth = { name: 'relay' | 'worker' | 'webmail'; address: string } & (
  | { state: 'serving'; report: Record<string, unknown> }
  | { state: 'unwell'; reason: string; report: Record<string, unknown> }
  | { state: 'away' }
)

const PATIENCE = 3_000

export async function partsOf(
  settings: Pick<Settings, 'METRICS_HOST' | 'METRICS_PORT' | 'WEBMAIL_PORT'>,
): Promise<PartHealth[]> {
  const host = reachable(settings.METRICS_HOST)
  return await Promise.all([
    ask('relay', `http://${host}:${settings.METRICS_PORT}/healthz`),
    ask('worker', `http://${host}:${settings.METRICS_PORT + 1}/healthz`),
    ask('webmail', `http://127.0.0.1:${settings.WEBMAIL_PORT}/healthz`),
  ])
}

async function ask(name: PartHealth['name'], address: string): Promise<PartHealth> {
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE) })
    const report = (await answer.json().catch(() => ({}))) as Record<string, unknown>
    if (answer.ok) return { name, address, state: 'serving', report }
    return {
      name,
      address,
      state: 'unwell',
      reason: String(report.reason ?? `answers ${answer.status}`),
      report,
    }
  } catch {
    return { name, address, state: 'away' }
  }
}

/** An address to listen on is not always one to dial. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
