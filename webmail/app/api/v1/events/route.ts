/**
 * GET /api/v1/events: the live picture as an event stream (event `picture`, data as JSON).
 *
 * A stream ends by itself after some minutes; the browser comes back and is asked anew who it is, so that a
 * role that was taken away ends the view.
 */
import { sessionHolds } from '@restante/core/access/sessions.ts'
import { adminRoute } from '../handler.ts'
import { follow } from '../live.ts'

export const dynamic = 'force-dynamic'

/** Longest life of one stream, in ms. */
const LIFE = 300_000
/** A comment line keeps proxies from closing a quiet stream. */
const HEARTBEAT = 15_000
/** How often it looks whether its session holds, in ms. */
const CHECK = 4_000

export const GET = adminRoute(async ({ request, person, scope, services }) => {
  const encoder = new TextEncoder()
  let end = () => {}
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      let ended = false
      const send = (text: string) => {
        // A reader that does not read: better none than a growing heap.
        if ((controller.desiredSize ?? 0) < -64) return end()
        if (!ended) controller.enqueue(encoder.encode(text))
      }
      const unfollow = follow(services, scope, live => {
        send(`event: picture\ndata: ${JSON.stringify(live)}\n\n`)
      })
      const heartbeat = setInterval(() => send(': still here\n\n'), HEARTBEAT)
      const life = setTimeout(() => end(), LIFE)
      const checks = setInterval(() => {
        // A database that is away ends nobody's session.
        sessionHolds(services.db, person.sessionId).then(
          holds => holds || end(),
          () => {},
        )
      }, CHECK)
      end = () => {
        if (ended) return
        ended = true
        unfollow()
        clearInterval(heartbeat)
        clearTimeout(life)
        clearInterval(checks)
        try {
          controller.close()
        } catch {
          // The browser has closed it already.
        }
      }
      request.signal.addEventListener('abort', () => end())
      if (request.signal.aborted) end()
      else send('retry: 1000\n\n')
    },
    cancel: () => end(),
  })
  return new Response(stream, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      // nginx would collect it otherwise.
      'x-accel-buffering': 'no',
    },
  })
})
