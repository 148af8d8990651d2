/** Push (RFC 8620 §7.3). */
import { jmapRoute } from '../../../server/jmap.ts'
import { eventStream } from '../../../server/jmap-events.ts'

export const dynamic = 'force-dynamic'

export const GET = jmapRoute(async call => eventStream(call))
