/** Sends what was to go out later, when its time has come. */
import { sendDue } from '@restante/core/ingest/later.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import { type Loop, loop } from './loop.ts'
import type { Services } from './services.ts'

const sentLater = counter('sent_later_total', 'Messages that went out at a time their senders had asked for.')

const EVERY = 500

export function startLater(services: Services): Loop {
  return loop('later', EVERY, services.log, async () => {
    sentLater.inc(await sendDue(services, new Date()))
  })
}
