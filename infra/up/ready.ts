/** Whether the parts of a gateway serve: each answers GET /healthz. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from '@restante/core/config/settings.ts'

export type Part = { name: string; url: string }

/** Where each part is asked. */
export function healthUrls(settings: Settings): Part[] {
  const at = (listening: string | undefined, port: number) => {
    // What listens everywhere is asked here.
    const host = !listening || listening === '0.0.0.0' || listening === '::' ? '127.0.0.1' : listening
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}/healthz`
  }
  return [
    { name: 'relay', url: at(settings.METRICS_HOST, settings.METRICS_PORT) },
    { name: 'worker', url: at(settings.METRICS_HOST, settings.METRICS_PORT + 1) },
    { name: 'webmail', url: at(settings.WEBMAIL_HOST, settings.WEBMAIL_PORT) },
  ]
}

/** @returns undefined when it serves, else why not */
async function ask(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3_000) })
    if (response.ok) return undefined
    const text = await response.text()
    return `${response.status} ${text.slice(0, 200)}`
  } catch {
    return 'no answer'
  }
}

/**
 * Waits until every part serves.
 *
 * @param limit in ms
 * @param stop ends the waiting early
 * @returns the parts that did not, with the last reason; empty when all do
 */
export async function waitReady(
  parts: readonly Part[],
  limit: number,
  stop: () => boolean = () => false,
): Promise<{ name: string; reason: string }[]> {
  const deadline = Date.now() + limit
  for (;;) {
    const answers = await Promise.all(parts.map(async part => ({ ...part, reason: await ask(part.url) })))
    const missing = answers.flatMap(({ name, reason }) => (reason === undefined ? [] : [{ name, reason }]))
    if (missing.length === 0 || Date.now() > deadline || stop()) return missing
    await sleep(150)
  }
}
