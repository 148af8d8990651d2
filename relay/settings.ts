/** The relay's limits as the settings ask for them, within what the system allows. */
import { readFileSync } from 'node:fs'
import type { Settings } from '@restante/core/config/settings.ts'
import { DEFAULT_LIMITS, type RelayLimits } from './limits.ts'

/** File descriptors that are not connections: the spool, the databases, Node's own. */
const OTHER_FILES = 200

export function limitsOf(settings: Settings, mostFiles: number): RelayLimits {
  return {
    ...DEFAULT_LIMITS,
    messageSize: settings.MAX_MESSAGE_SIZE,
    connections: Math.max(10, Math.min(settings.RELAY_CONNECTIONS, mostFiles - OTHER_FILES)),
    connectionsPerAddress: settings.RELAY_CONNECTIONS_PER_CLIENT,
    rates: {
      connections: settings.RELAY_RATE_CONNECTIONS,
      messages: settings.RELAY_RATE_MESSAGES,
      recipient: settings.RELAY_RATE_RECIPIENT,
      domain: settings.RELAY_RATE_DOMAIN,
      bounces: settings.RELAY_RATE_BOUNCES,
      unknown: settings.RELAY_RATE_UNKNOWN,
    },
    data: settings.RELAY_TRANSACTION_TIME * 1_000,
    greetingDelay: settings.RELAY_GREETING_DELAY,
  }
}

/** Files that this process may have open. Node raises its soft limit to the hard one by itself. */
export function openFilesLimit(): number {
  try {
    const limit = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return limit ? Number(limit) : Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
